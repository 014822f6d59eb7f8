import { defined } from '../../shared/core/defined.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { recipientKey } from '../../shared/core/ids/entity-ref.ts';
import { printRunId } from '../../shared/core/ids/run-id.ts';
import type { JsonValue } from '../../shared/core/json/values.ts';
import type { ActionContext } from '../../shared/core/runs/action-context.ts';
import { endingOf, type WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import type { Directory } from '../../shared/ports/directory.ts';
import type { HeldTrigger, HeldTriggerKey, WorkflowHolds } from '../../shared/ports/workflow-holds.ts';
import type { CancellationMark, RunState, RunsPage, WorkflowRuns } from '../../shared/ports/workflow-runs.ts';
import type { OpenTarget, RunRequest, TargetAnswer } from '../../shared/ports/workflow-target.ts';
import { liveConfiguration } from './build.ts';
import { makeFakeLimiter } from './fake-run-limits.ts';
import { makeFakeAudiences, makeFakeDirectory, makeFakeSubscriptions } from './fakes-directory.ts';

/*
 * In-memory ports of workflow-trigger. Each behaves as its real adapter: both run the same suite in test/contracts.
 */

export { makeFakeAudiences, makeFakeDirectory, makeFakeSubscriptions } from './fakes-directory.ts';

export type FakeRuns = WorkflowRuns & { runs: Map<string, WorkflowRun>; marks: CancellationMark[]; writes: number };

export function makeFakeRuns(): FakeRuns {
  const runs = new Map<string, WorkflowRun>();
  // Which handed-off runs a target can still take back.
  const cancellable = new Set<string>();
  const stateOf = (run: WorkflowRun | undefined): RunState | undefined =>
    run && {
      status: run.status,
      origin: run.origin,
      ...defined({ error: endingOf(run).error }),
      ...(run.subscription && { subscribedTo: recipientKey(run.subscription.object) }),
      ...(run.batch !== undefined && { batch: run.batch }),
    };
  const isUnfinished = (run: WorkflowRun) =>
    run.status === 'pending' || run.status === 'held' || cancellable.has(printRunId(run.key));
  const page = (all: WorkflowRun[], { limit, after = '' }: RunsPage) => {
    const ordered = all.toSorted((a, b) => (printRunId(a.key) < printRunId(b.key) ? -1 : 1));
    const rest = ordered.filter(({ key }) => printRunId(key) > after);
    const entries = structuredClone(rest.slice(0, limit));
    const last = entries.at(-1);
    return { entries, ...(rest.length > limit && last && { next: printRunId(last.key) }) };
  };
  return {
    runs,
    marks: [],
    writes: 0,
    async statesOf(keys) {
      return keys.map((key) => stateOf(runs.get(printRunId(key))));
    },
    async createIfAbsent(run) {
      this.writes++;
      const existing = runs.get(printRunId(run.key));
      if (existing === undefined) runs.set(printRunId(run.key), structuredClone(run));
      return stateOf(existing);
    },
    async writeEach(all) {
      this.writes += all.length;
      for (const run of all) runs.set(printRunId(run.key), structuredClone(run));
    },
    async end(key, runEnd) {
      this.writes++;
      const run = runs.get(printRunId(key));
      if (run?.status !== 'pending' && run?.status !== 'held' && run?.status !== 'failed') return false;
      const { targetReference: _reference, error: _error, ...rest } = run as Extract<WorkflowRun, { status: 'failed' }>;
      const { isCancellable, ...end } = { isCancellable: false, ...runEnd };
      runs.set(printRunId(key), { ...rest, ...end } as WorkflowRun);
      if (isCancellable) cancellable.add(printRunId(key));
      return true;
    },
    async hold(key, updatedAtMs) {
      this.writes++;
      const run = runs.get(printRunId(key));
      if (run?.status !== 'pending' && run?.status !== 'failed') return false;
      const { error: _error, ...rest } = run as Extract<WorkflowRun, { status: 'failed' }>;
      runs.set(printRunId(key), { ...rest, status: 'held', updatedAtMs });
      return true;
    },
    async unhold(key, updatedAtMs) {
      this.writes++;
      const run = runs.get(printRunId(key));
      if (run?.status === 'held') runs.set(printRunId(key), { ...run, status: 'pending', updatedAtMs });
    },
    async unfinishedOf(workflow, cancellationKey, wanted) {
      const all = [...runs.values()].filter(
        (run) => run.workflow === workflow && run.cancellationKey === cancellationKey && isUnfinished(run),
      );
      return page(all, wanted);
    },
    async unfinishedOfRecipient(recipient, wanted) {
      const all = [...runs.values()].filter(
        (run) => recipientKey(run.key.recipient) === recipient && isUnfinished(run),
      );
      return page(all, wanted);
    },
    async cancel(key, { from, reason, updatedAtMs }) {
      this.writes++;
      const run = runs.get(printRunId(key));
      if (run?.status !== from) return false;
      runs.set(printRunId(key), { ...run, status: 'cancelled', cancelReason: reason, updatedAtMs });
      cancellable.delete(printRunId(key));
      return true;
    },
    async close(key) {
      this.writes++;
      cancellable.delete(printRunId(key));
    },
    async markCancelled(marks) {
      this.writes += marks.length;
      for (const mark of marks) {
        const same = this.marks.find(
          (one) =>
            one.workflow === mark.workflow &&
            one.cancellationKey === mark.cancellationKey &&
            one.recipient === mark.recipient,
        );
        const isLater = (one: CancellationMark) =>
          mark.beforeMs > one.beforeMs ||
          (mark.beforeMs === one.beforeMs && (mark.beforeId ?? '') > (one.beforeId ?? ''));
        if (same && isLater(same)) Object.assign(same, mark);
        if (same) continue;
        this.marks.push({ ...mark });
      }
    },
    async cancellationsOf(workflow, cancellationKey) {
      return this.marks.filter((mark) => mark.workflow === workflow && mark.cancellationKey === cancellationKey);
    },
  };
}

export type FakeHolds = WorkflowHolds & {
  /** By workflow: since when its hold is on. */
  on: Map<string, string>;
  triggers: Map<string, HeldTrigger & { notedAtMs: number }>;
};

export function makeFakeHolds(): FakeHolds {
  const nameOf = ({ workflow, execution, action }: HeldTriggerKey) => [workflow, execution, action].join(' ');
  return {
    on: new Map(),
    triggers: new Map(),
    async note(trigger, nowMs) {
      if (this.on.get(trigger.workflow) !== trigger.since) return false;
      this.triggers.set(nameOf(trigger), { ...trigger, notedAtMs: nowMs });
      return true;
    },
    async noteCancelled(trigger, runs, isOver) {
      const found = this.triggers.get(nameOf(trigger));
      if (isOver) this.triggers.delete(nameOf(trigger));
      else if (found) found.runs -= runs;
    },
  };
}

/** A target that answers as the test says, and remembers what it was asked. */
export function makeFakeTarget(
  answerTo: (request: RunRequest) => TargetAnswer | Promise<TargetAnswer> = () => ({ kind: 'accepted' }),
) {
  const requests: RunRequest[] = [];
  const target = {
    recordsOnly: false,
    timeoutMs: 5000,
    async start(request: RunRequest) {
      requests.push(request);
      return answerTo(request);
    },
  };
  return { target, requests };
}

/** `log` targets record; every other type is `target`. */
export function openFakeTarget(target: ReturnType<OpenTarget>): OpenTarget {
  return (_workflow, { type }) =>
    type === 'log' ? { recordsOnly: true, timeoutMs: 0, start: async () => ({ kind: 'accepted' }) } : target;
}

export const contextNowMs = Date.parse('2026-11-21T03:00:00Z');

/** What an action runs with: workflow `log-it` records, workflow `call-it` calls `target`. */
export function makeActionContext(
  change: Partial<ActionContext> = {},
  answerTo?: (request: RunRequest) => TargetAnswer | Promise<TargetAnswer>,
) {
  const directory = makeFakeDirectory();
  const subscriptions = makeFakeSubscriptions();
  const audiences = makeFakeAudiences();
  const runs = makeFakeRuns();
  const holds = makeFakeHolds();
  const { target, requests } = makeFakeTarget(answerTo);
  const counts: string[] = [];
  const context: ActionContext = {
    id: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
    mapping: 'mapping-1',
    execution: '01KAJ6VY008M25RXK0Q4T9B7C0',
    origin: '01KAJ6VY008M25RXK0Q4T9B7C0',
    event: {
      id: '01KAJ6VY008M25RXK0Q4T9B7C0',
      source: 'rudderstack',
      eventType: 'track/order_completed',
      occurredAtMs: contextNowMs - 1000,
      receivedAtMs: contextNowMs,
    },
    environment: 'development',
    configuration: liveConfiguration({
      workflows: {
        'log-it': { name: 'Log it', target: { development: { type: 'log' } } },
        'call-it': { name: 'Call it', target: { development: { type: 'http', url: 'https://target.example/' } } },
        elsewhere: { name: 'Elsewhere', target: { production: { type: 'log' } } },
      },
    }),
    directory,
    subscriptions,
    audiences,
    runs,
    holds,
    limiter: makeFakeLimiter(),
    openTarget: openFakeTarget(target),
    attempt: 1,
    // Long enough ago that no unknown recipient is waited for any more.
    firstAttemptAtMs: 0,
    batchWritten: async () => undefined,
    noteCancelled: () => undefined,
    again: false,
    isLastAttempt: false,
    retentionDays: 30,
    deadlineMs: contextNowMs + 50_000,
    nowMs: () => contextNowMs,
    count: (name) => void counts.push(name),
    ...change,
  };
  return {
    context,
    directory,
    subscriptions,
    audiences,
    runs,
    holds,
    requests,
    counts,
    runsOf: () => [...runs.runs.values()],
  };
}

/** A directory that knows these users. */
export async function identify(
  directory: Directory,
  ...users: { id: string; [name: string]: JsonValue }[]
): Promise<void> {
  const writes = users.map(({ id, ...attributes }) => ({
    ref: { kind: 'user' as const, id },
    attributes,
    sourceTimeMs: contextNowMs - 5000,
  }));
  await upsertEntities(writes, directory, contextNowMs - 5000);
}
