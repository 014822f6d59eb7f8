import type { CancellationMark, RunState } from '../../ports/workflow-runs.ts';
import type { TargetAnswer, Unavailable, WorkflowTarget } from '../../ports/workflow-target.ts';
import { type Entity, publicView } from '../directory/entity.ts';
import { recipientKey } from '../ids/entity-ref.ts';
import { isEventBefore } from '../ids/event-id.ts';
import { printRunId, runMessageId } from '../ids/run-id.ts';
import { inParallel } from '../in-parallel.ts';
import type { JsonObject } from '../json/values.ts';
import { continues, type Pending, runShare } from '../logs/pending.ts';
import { clip } from '../text.ts';
import type { ActionContext } from './action-context.ts';
import { takeBack } from './cancel-runs.ts';
import { assignBatches, batchMessageId } from './run-batches.ts';
import { runMessage } from './run-message.ts';
import type { CancelReason, PendingRun, WorkflowRun } from './workflow-run.ts';

export type PlannedRun = {
  recipient: Entity;
  run: PendingRun;
  /** The object whose subscriber the recipient is, when that is how the run came about. */
  subscribedTo?: Entity;
};

export type RunsContext = ActionContext & {
  actor?: Entity;
  tenant?: Entity;
  settings?: JsonObject;
  /** True while a delay runs: runs are written and nobody is called. */
  isHeld?: boolean;
};

/** How one run stands after this attempt. */
type Standing =
  | { kind: 'handed_off' }
  | { kind: 'cancelled' }
  | { kind: 'refused'; detail: string }
  | Unavailable
  /** Written, and not due yet. */
  | { kind: 'held' }
  /** Came about along another path, and is seen to there. */
  | { kind: 'elsewhere' }
  /** Not begun: time was short, or the target has shown that it is down. */
  | { kind: 'remaining' };

export type RunsTally = {
  handedOff: number;
  cancelled: number;
  refused: number;
  held: number;
  /** Why one of the refused was. */
  refusal?: string;
  /** How many are still to be handed off, of how many. */
  open: number;
  all: number;
  /** Why, where any are. */
  pending?: Pending;
};

const runsAtOnce = 16;
// A first attempt that takes longer is likely to hang; it must not hold up other events. Retries have the full time.
const firstAttemptTimeoutMs = 3000;
// Too short to be worth a call.
const callMsMin = 500;

/**
 * Writes and hands off one run per recipient, each at most once however often this is called:
 *
 * ```
 * no run yet ─▶ written `pending` ─▶ target called ─▶ `handed_off` | `failed`
 *                    ▲                    │ dies, or answers "later"
 *                    └── called again with the same id ◀──┘
 * ```
 *
 * A run that exists in a later state is left alone, but for one that failed for another origin: a replay asks again. One
 * whose delay runs (`isHeld`) is only written. Where there is nobody to call, the run is one write, and many go
 * in one BatchWriteItem: unconditionally, because each is known not to be there (nothing was tried before, or its state
 * was just read), a twin would write the same, and nothing comes after `handed_off` there.
 *
 * Runs with a cancellation key are written before it is asked whether they have been cancelled, and a cancellation is
 * noted before runs are looked for, so that of the two one always sees the other. docs/protocols/retries.md.
 * @throws RetryableError when the table is throttled or away
 */
export async function startRuns(
  planned: PlannedRun[],
  target: WorkflowTarget,
  context: RunsContext,
): Promise<RunsTally> {
  const { runs, isHeld = false } = context;
  const known = context.again ? await runs.statesOf(planned.map(({ run }) => run.key)) : [];
  const [first] = planned;
  const marks = async () =>
    first?.run.cancellationKey ? runs.cancellationsOf(first.run.workflow, first.run.cancellationKey) : [];
  const standings =
    target.recordsOnly && !isHeld
      ? await record(planned, known, await marks(), context)
      : await writeAndCall(planned, known, { target, isHeld, marks }, context);
  return tallyOf(standings);
}

/** Runs that nobody is called for. */
async function record(
  planned: PlannedRun[],
  known: (RunState | undefined)[],
  marks: CancellationMark[],
  context: RunsContext,
): Promise<Standing[]> {
  const { runs } = context;
  const fresh: WorkflowRun[] = [];
  const existing: WorkflowRun[] = [];
  const standings = planned.map(({ run }, i): Standing => {
    const state = known[i];
    const settled = state && settledStanding(state, run);
    if (settled) return settled;
    if (isMarked(run, marks, context)) {
      fresh.push({ ...run, status: 'cancelled', cancelReason: 'workflows_cancel' });
      return { kind: 'cancelled' };
    }
    if (state) existing.push(run);
    else fresh.push({ ...run, status: 'handed_off', attempts: 1 });
    context.count('RunsStarted');
    return { kind: 'handed_off' };
  });
  if (fresh.length > 0) await runs.writeEach(fresh);
  await inParallel(existing, runsAtOnce, async (run) => {
    await end(run, context, { status: 'handed_off' });
  });
  return standings;
}

type Calling = { target: WorkflowTarget; isHeld: boolean; marks(): Promise<CancellationMark[]> };
type Open = { item: PlannedRun; position: number; batch?: string };

async function writeAndCall(
  planned: PlannedRun[],
  known: (RunState | undefined)[],
  { target, isHeld, marks }: Calling,
  context: RunsContext,
): Promise<Standing[]> {
  const { runs, nowMs } = context;
  const standings: Standing[] = planned.map(() => ({ kind: 'remaining' }));
  const ids = planned.map(({ run }) => printRunId(run.key));
  const batches = target.startMany ? assignBatches(ids, target.batchMax ?? 1) : [];
  const open: Open[] = [];
  await inParallel(planned, runsAtOnce, async ({ run }, position) => {
    if (context.deadlineMs - nowMs() < callMsMin) return;
    const batch = batches[position];
    const state = known[position] ?? (await runs.createIfAbsent({ ...run, ...(batch && { batch }) }));
    const settled = state && settledStanding(state, run);
    if (settled) standings[position] = settled;
    else {
      // One that was written for another kind of target has no batch; it goes in one of its own.
      const own = state === undefined ? batch : (state.batch ?? batchMessageId([ids[position] ?? '']));
      open.push({ item: planned[position] as PlannedRun, position, ...(batch && own && { batch: own }) });
    }
  });
  const cancelled = await marks();
  const callable: Open[] = [];
  for (const one of open) {
    const { run } = one.item;
    if (isMarked(run, cancelled, context)) {
      await runs.cancel(run.key, { from: 'pending', reason: 'workflows_cancel', updatedAtMs: nowMs() });
      standings[one.position] = { kind: 'cancelled' };
    } else if (isHeld) standings[one.position] = { kind: 'held' };
    else callable.push(one);
  }
  await callEach(callable, target, context, (position, standing) => {
    standings[position] = standing;
  });
  return standings;
}

/** Calls the target for what is open, until it shows that it is down or time is short. */
async function callEach(
  open: Open[],
  target: WorkflowTarget,
  context: RunsContext,
  settle: (position: number, standing: Standing) => void,
): Promise<void> {
  const tally = { unavailable: 0, answered: 0 };
  const inOrder = open.toSorted((a, b) => a.position - b.position);
  const calls = target.startMany
    ? [...Map.groupBy(inOrder, ({ batch }) => batch).values()]
    : inOrder.map((one) => [one]);
  await inParallel(calls, runsAtOnce, async (together) => {
    const callMs = context.deadlineMs - context.nowMs();
    if (callMs < callMsMin || isDown(tally)) return;
    const answers = await call(together, target, context, callMs);
    await inParallel(together, runsAtOnce, async ({ item, position }, i) => {
      const answer = answers[i] ?? {
        kind: 'unavailable',
        reason: 'target_unavailable',
        detail: 'the target gave no answer for this run',
      };
      tally[answer.kind === 'unavailable' ? 'unavailable' : 'answered']++;
      settle(position, await conclude(item.run, answer, target, context));
    });
  });
}

/** A target that mostly fails is not called for every one of a thousand recipients; they wait for the retry. */
function isDown({ unavailable, answered }: { unavailable: number; answered: number }): boolean {
  return unavailable >= 8 && unavailable > answered;
}

async function call(
  together: Open[],
  target: WorkflowTarget,
  context: RunsContext,
  callMs: number,
): Promise<TargetAnswer[]> {
  context.count('TargetCalls');
  const timeoutMs = Math.min(
    callMs,
    target.timeoutMs,
    context.again ? Number.POSITIVE_INFINITY : firstAttemptTimeoutMs,
  );
  const requests = together.map(({ item: { run, recipient, subscribedTo } }) => ({
    messageId: runMessageId(printRunId(run.key)),
    message: runMessage(run, {
      ...context,
      recipient,
      ...(subscribedTo && { subscribedTo: publicView(subscribedTo) }),
    }),
    timeoutMs,
  }));
  const batch = together[0]?.batch;
  if (target.startMany && batch !== undefined) return target.startMany(requests, { messageId: batch, timeoutMs });
  return Promise.all(requests.map((request) => target.start(request)));
}

async function conclude(
  run: WorkflowRun,
  answer: TargetAnswer,
  target: WorkflowTarget,
  context: RunsContext,
): Promise<Standing> {
  if (answer.kind === 'accepted') {
    const ended = await end(run, context, {
      status: 'handed_off',
      ...reference(answer),
      ...(target.cancel && run.cancellationKey && { isCancellable: true }),
    });
    context.count('RunsStarted');
    // Cancelled while its target was taking it: then the target has to hear of it.
    const [state] = ended ? [] : await context.runs.statesOf([run.key]);
    if (state?.status !== 'cancelled') return { kind: 'handed_off' };
    const cancelled = await takeBack(run, 'workflows_cancel', context);
    return cancelled.kind === 'unavailable' ? cancelled : { kind: 'cancelled' };
  }
  context.count('TargetFailures');
  if (answer.kind === 'refused') {
    await end(run, context, { status: 'failed', error: clip(answer.detail), ...reference(answer) });
  } else if (context.isLastAttempt) {
    await end(run, context, {
      status: 'failed',
      error: clip(`given up after ${context.attempt} attempts: ${answer.detail}`),
    });
  }
  return answer;
}

function settledStanding(state: RunState, run: WorkflowRun): Standing | undefined {
  if (state.subscribedTo !== (run.subscription && recipientKey(run.subscription.object))) return { kind: 'elsewhere' };
  const { status, origin, error } = state;
  if (status === 'handed_off' || status === 'cancelled') return { kind: status };
  if (status === 'failed' && origin === run.origin) return { kind: 'refused', detail: error ?? 'refused earlier' };
  return undefined;
}

/** Whether an event that came after the one that asked for this run has cancelled it. */
function isMarked(run: WorkflowRun, marks: CancellationMark[], { event }: RunsContext): boolean {
  return marks.some(
    ({ recipient, beforeMs, beforeId }) =>
      (event.receivedAtMs < beforeMs || (beforeId !== undefined && isEventBefore(event.id, beforeId))) &&
      (recipient === undefined || recipient === recipientKey(run.key.recipient)),
  );
}

type Ending =
  | { status: 'handed_off'; targetReference?: JsonObject; isCancellable?: boolean }
  | { status: 'failed'; targetReference?: JsonObject; error: string };

function end(run: WorkflowRun, context: RunsContext, ending: Ending): Promise<boolean> {
  return context.runs.end(run.key, {
    ...ending,
    origin: run.origin,
    attempts: context.attempt,
    updatedAtMs: context.nowMs(),
  });
}

function reference({ reference }: { reference?: JsonObject }) {
  return reference === undefined ? {} : { targetReference: reference };
}

/** Ends what was written and waits, because its workflow is switched off. */
export async function endPending(
  planned: PlannedRun[],
  reason: CancelReason,
  { runs, nowMs }: RunsContext,
): Promise<RunsTally> {
  const states = await runs.statesOf(planned.map(({ run }) => run.key));
  const standings: Standing[] = planned.map(() => ({ kind: 'elsewhere' }));
  await inParallel(planned, runsAtOnce, async ({ run }, i) => {
    const state = states[i];
    if (state === undefined) return;
    const settled = settledStanding(state, run);
    if (settled) standings[i] = settled;
    else if (await runs.cancel(run.key, { from: state.status, reason, updatedAtMs: nowMs() })) {
      standings[i] = { kind: 'cancelled' };
    }
  });
  return tallyOf(standings);
}

function tallyOf(standings: Standing[]): RunsTally {
  const of = <Kind extends Standing['kind']>(kind: Kind) =>
    standings.filter((standing): standing is Extract<Standing, { kind: Kind }> => standing.kind === kind);
  const refused = of('refused');
  const unavailable = of('unavailable');
  const open = unavailable.length + of('remaining').length;
  const all = standings.length;
  return {
    handedOff: of('handed_off').length,
    cancelled: of('cancelled').length,
    refused: refused.length,
    held: of('held').length,
    ...(refused[0] && { refusal: refused[0].detail }),
    open,
    all,
    ...(open > 0 && { pending: pendingOf(unavailable, { open, all }) }),
  };
}

/** What the open runs wait for: their target if it is in trouble, for as long as it asked at most; else more time. */
function pendingOf(unavailable: Unavailable[], { open, all }: { open: number; all: number }): Pending {
  // A call says more than a breaker's answer.
  const trouble = unavailable.find(({ isUntried }) => !isUntried) ?? unavailable[0];
  if (trouble === undefined) {
    return continues(runShare(open, all, 'are left for the next attempt: time was short'));
  }
  const { kind: _unavailable, detail, ...pending } = trouble;
  const asked = unavailable.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
  return {
    ...pending,
    detail: runShare(open, all, `wait: ${detail}`),
    ...(asked.length > 0 && { retryAfterSeconds: Math.max(...asked) }),
  };
}
