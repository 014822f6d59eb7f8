import { runItemKey } from '../../adapters/dynamodb-workflow-runs.ts';
import type { FieldError } from '../../core/errors.ts';
import { type EntityRef, recipientKey } from '../../core/ids/entity-ref.ts';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { RunReads } from '../runs/run-reads.ts';
import { errorCount, type PublicStatus, publicStatus } from '../runs/run-status.ts';
import { pageOfRecipient } from '../runs/runs.ts';
import { type FoundRun, type RunsFound, type RunsPlace, runsByTime, runsPlaceFrom } from '../runs/runs-by-time.ts';
import { type FilledPage, readPage, type WantedPage } from './read-page.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

/** Absent members ask for runs of any kind. */
export type RunsAsked = {
  workflow?: string | undefined;
  statuses?: readonly PublicStatus[] | undefined;
  tenant?: string | undefined;
  hasErrors?: boolean | undefined;
  /** When the event or request that started them was received. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
};

type Ports = Pick<RequestPorts, 'configuration' | 'subscriptions' | 'nowMs'> & { runReads: RunReads };

/** One recipient's runs, newest first: one Query, which may have to pass over others. */
export function listRunsOf(
  recipient: EntityRef,
  asked: RunsAsked,
  page: WantedPage,
  request: ApiRequest,
  { runReads, nowMs }: Ports,
): Promise<FilledPage<WorkflowRun>> {
  const range = { sinceMs: asked.sinceMs ?? 0, untilMs: asked.untilMs ?? lastMomentMs };
  return readPage(
    page,
    async (wanted) => {
      const { entries, next } = await pageOfRecipient(runReads.runs, recipientKey(recipient), range, wanted);
      const matching = entries.filter((run) => matches(run, asked, nowMs()));
      return { entries: matching, ...(next !== undefined && { next }) };
    },
    ({ key }) => runItemKey(key).sk,
    () => nowMs() > request.deadlineMs,
  );
}

// The last moment of which event ids can be made.
const lastMomentMs = 2 ** 48 - 1;

export type ListedRuns = { kind: 'listed'; page: FilledPage<WorkflowRun> } | { kind: 'refused'; errors: FieldError[] };

/** A page reads at most so many rows of the action log: some thousand read units. */
const rowsMax = 10_000;
const keysAtOnce = 100;
const clockSkewMs = 300_000;
const dayMs = 86_400_000;

/**
 * Runs of all recipients, newest execution first. A page that has read a lot ends early, with the
 * place to go on; one that found nothing in so much is refused, since clients take an empty page for
 * the end.
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function listRuns(
  asked: RunsAsked,
  { size, after, before }: WantedPage,
  request: ApiRequest,
  { configuration, subscriptions, runReads, nowMs }: Ports,
): Promise<ListedRuns> {
  if (before !== undefined)
    return refused('before', 'leads back in lists of one recipient only; here `after` leads on');
  const from = after === undefined ? undefined : runsPlaceFrom(after);
  if (after !== undefined && from === undefined)
    return refused('after', 'is not a cursor of this list; take it from page_info of another page');
  const [live, { shards, retentionDays }] = await Promise.all([configuration(), runReads.logSize()]);
  const { workflow, sinceMs = 0, untilMs = lastMomentMs } = asked;
  // A day more, since rows are removed some hours late.
  const oldestMs = nowMs() - (retentionDays + 1) * dayMs;
  const filter = {
    workflow,
    shards,
    sinceMs: Math.max(sinceMs, oldestMs),
    untilMs: Math.min(untilMs, nowMs() + clockSkewMs),
    isFailed: asked.hasErrors === true,
  };
  const sources = { ...runReads, subscriptions, configuration: live };
  const found: FoundRun[] = [];
  const batch = Math.min(keysAtOnce, size + 1);
  for await (const some of runsByTime(sources, filter, batch, from)) {
    found.push(...some.found.filter(({ run }) => matches(run, asked, nowMs())));
    if (found.length > size || some.isLast) break;
    if (some.entries < rowsMax && nowMs() < request.deadlineMs) continue;
    return found.length === 0 ? tooFar(some) : listed(found, some.reached);
  }
  const shown = found.slice(0, size);
  return listed(shown, found.length > size ? shown.at(-1)?.place : undefined);
}

function listed(found: FoundRun[], next: RunsPlace | undefined): ListedRuns {
  const after = next === undefined ? null : JSON.stringify(next);
  return { kind: 'listed', page: { entries: found.map(({ run }) => run), after, before: null } };
}

function tooFar({ entries, reached }: RunsFound): ListedRuns {
  const reachedAt = new Date(eventIdTimeMs(reached.execution)).toISOString();
  const message = `no such run is among the ${entries} newest triggers and other actions, back to ${reachedAt}; give a recipient, or this time as ending_at to look further back`;
  return refused('ending_at', message);
}

function refused(field: string, message: string): ListedRuns {
  return { kind: 'refused', errors: [{ field, message }] };
}

function matches(run: WorkflowRun, { workflow, statuses, tenant, hasErrors }: RunsAsked, nowMs: number): boolean {
  if (workflow !== undefined && run.workflow !== workflow) return false;
  if (tenant !== undefined && run.tenant !== tenant) return false;
  if (hasErrors !== undefined && errorCount(run) > 0 !== hasErrors) return false;
  return statuses === undefined || statuses.includes(publicStatus(run, nowMs));
}
