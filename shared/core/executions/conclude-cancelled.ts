import type { ActionLog } from '../../ports/action-log.ts';
import type { WorkflowHolds } from '../../ports/workflow-holds.ts';
import type { CancellationMark, RunState, WorkflowRuns } from '../../ports/workflow-runs.ts';
import { findAction } from '../actions/index.ts';
import { Recipients } from '../actions/parts/recipient.ts';
import { isEventBefore } from '../ids/event-id.ts';
import { printRunId, type RunKey, runKey } from '../ids/run-id.ts';
import type { JsonObject } from '../json/values.ts';
import type { ActionLogEntry, ActionOutcome } from '../logs/action-log-entry.ts';
import type { WorkflowRun } from '../runs/workflow-run.ts';

export type ConcludeDeps = {
  actionLog: Pick<ActionLog, 'read' | 'writeIfUnchanged'>;
  runs: Pick<WorkflowRuns, 'statesOf' | 'cancellationsOf'>;
  holds: Pick<WorkflowHolds, 'noteCancelled'>;
  /** How long a source keeps its rows, where it says so. */
  retentionDaysOf(source: string): number | undefined;
  nowMs(): number;
};

/**
 * True for a run whose trigger may still wait for it: its delay isn't over, or it was held.
 * @param run as it was before it was cancelled
 */
export function isCancelledEarly({ status, notBeforeMs = 0 }: WorkflowRun, nowMs: number): boolean {
  return status === 'held' || notBeforeMs > nowMs;
}

const writeAttemptsMax = 5;

/**
 * Ends triggers that wait for a delay, or are held, and have no run left to begin: `succeeded`, with the number
 * of cancelled runs. Otherwise a cancelled trigger would look pending until the end of its delay,
 * up to 7 days.
 *
 * A trigger keeps waiting while it may still begin a run, for an unknown recipient or a subscriber
 * of an object, unless its whole cancellation key was cancelled. Its delayed message concludes the
 * triggers that are left here. A delayed message after a conclusion finds a final outcome and is
 * acknowledged.
 *
 * @param cancelled runs of one execution that were cancelled just now
 * @returns the actions that this call concluded, with their source; empty if none
 * @throws RetryableError when a table is throttled or unavailable; the delayed message then
 * concludes the trigger Decision: docs/decisions/0018-a-cancelled-trigger-ends-at-once.md
 */
export async function concludeCancelled(
  execution: string,
  cancelled: WorkflowRun[],
  deps: ConcludeDeps,
): Promise<{ source: string; actions: ActionOutcome[] }> {
  const concluded = await endTriggers(execution, cancelled, deps);
  const over = new Set(concluded.actions.map(({ id }) => id));
  const held = Map.groupBy(
    cancelled.filter(({ status }) => status === 'held'),
    ({ workflowRunId }) => workflowRunId,
  );
  for (const [action, runs] of held) {
    const [{ workflow } = { workflow: '' }] = runs;
    await deps.holds.noteCancelled({ workflow, execution, action }, runs.length, over.has(action));
  }
  return concluded;
}

async function endTriggers(
  execution: string,
  cancelled: WorkflowRun[],
  deps: ConcludeDeps,
): Promise<{ source: string; actions: ActionOutcome[] }> {
  const touched = new Set(cancelled.map(({ workflowRunId }) => workflowRunId));
  for (let tries = 1; tries <= writeAttemptsMax; tries++) {
    const row = await deps.actionLog.read(execution);
    const waiting = row?.actions.filter((action) => touched.has(action.id) && isKept(action)) ?? [];
    if (row === undefined || waiting.length === 0) return { source: row?.source ?? '', actions: [] };
    const results = await Promise.all(
      waiting.map(
        async (action) => [action.id, await finalResult(action, row, runsOf(action.id, cancelled), deps)] as const,
      ),
    );
    const resultOf = new Map(results.flatMap(([id, result]) => (result ? [[id, result] as const] : [])));
    if (resultOf.size === 0) return { source: row.source, actions: [] };
    const nowMs = deps.nowMs();
    const actions = row.actions.map((action) => concluded(action, resultOf.get(action.id), nowMs));
    const retentionDays = deps.retentionDaysOf(row.source);
    const next = { ...row, actions, updatedAtMs: nowMs, ...(retentionDays !== undefined && { retentionDays }) };
    if (await deps.actionLog.writeIfUnchanged(next, row.revision)) {
      return { source: row.source, actions: actions.filter(({ id }) => resultOf.has(id)) };
    }
  }
  return { source: '', actions: [] };
}

function isKept({ status, reason }: ActionOutcome): boolean {
  return status === 'pending' && (reason === 'delayed' || reason === 'held');
}

function runsOf(actionId: string, runs: WorkflowRun[]): RunKey[] {
  return runs.flatMap(({ workflowRunId, key }) => (workflowRunId === actionId ? [key] : []));
}

/** The final report of a trigger; undefined while it may still begin a run. */
async function finalResult(
  action: ActionOutcome,
  row: ActionLogEntry,
  cancelled: RunKey[],
  { runs }: ConcludeDeps,
): Promise<JsonObject | undefined> {
  const parameter = findAction(action.action)?.startsRunsFor;
  const listed = Recipients.safeParse(parameter === undefined ? undefined : action.payload[parameter]);
  if (!listed.success) return undefined;
  const refs = listed.data.map(({ ref }) => ref);
  const isWhole = await isWholeKeyCancelled(action, row, runs);
  if (!isWhole && refs.some(({ kind }) => kind === 'object')) return undefined;
  const keys = new Map(
    [...refs.map((ref) => runKey(ref, row.execution, action.mapping)), ...cancelled].map((key) => [
      printRunId(key),
      key,
    ]),
  );
  const states = await runs.statesOf([...keys.values()]);
  if (!states.every((state) => (state === undefined ? isWhole : isOver(state)))) return undefined;
  const count = (wanted: RunState['status']) => states.filter((state) => state?.status === wanted).length;
  // The index of cancellation keys lags: a subscriber's run that it does not name yet would wait
  // for ever.
  if (count('cancelled') + count('handed_off') < Number(action.result?.runs ?? 0)) return undefined;
  return { id: action.id, runs: count('handed_off'), cancelled: count('cancelled') };
}

/** A failed run may be asked for again by this origin, so it is not over. */
function isOver({ status }: RunState): boolean {
  return status === 'cancelled' || status === 'handed_off';
}

async function isWholeKeyCancelled(
  { action, payload }: ActionOutcome,
  row: ActionLogEntry,
  runs: ConcludeDeps['runs'],
): Promise<boolean> {
  const workflow = payload[findAction(action)?.names?.parameter ?? ''];
  const { cancellation_key: key } = payload;
  if (typeof workflow !== 'string' || typeof key !== 'string') return false;
  const marks = await runs.cancellationsOf(workflow, key);
  return marks.some((mark) => mark.recipient === undefined && isMarkedAfter(row, mark));
}

/** Whether the cancelling event came after the one that the row is of. */
function isMarkedAfter({ eventId, receivedAtMs }: ActionLogEntry, { beforeMs, beforeId }: CancellationMark): boolean {
  return receivedAtMs < beforeMs || (beforeId !== undefined && isEventBefore(eventId, beforeId));
}

function concluded(action: ActionOutcome, result: JsonObject | undefined, nowMs: number): ActionOutcome {
  if (result === undefined) return action;
  const { reason, retryAtMs: _retryAtMs, progress: _progress, ...rest } = action;
  const detail = `its runs were cancelled ${reason === 'held' ? 'while they were held' : 'before their delay was over'}`;
  return { ...rest, status: 'succeeded', detail, result, finishedAtMs: nowMs };
}
