import { writeActionMarks, writeEventMark } from '../../adapters/dynamodb-discards.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { Discard } from '../../core/logs/discard.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionLogOf, readActionLog } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf } from '../events/events.ts';
import { failure } from '../refusal.ts';
import { type DiscardPlan, isOpen } from './plan-discard.ts';

export type Mark = Omit<Discard<string>, 'was'>;

const triesMax = 5;
/** An update's expression has 4 KB at most. */
const actionsAtOnce = 30;

/**
 * Marks what a plan closes. Done twice, it changes nothing the second time.
 * @throws Refusal (failed) when a row keeps changing
 */
export async function markDiscarded(
  environment: Environment,
  entry: EventLogEntry,
  plan: Extract<DiscardPlan, { kind: 'discard' }>,
  mark: Mark,
  nowMs: number,
): Promise<void> {
  for (const { log, ids } of plan.actions)
    await changeActions(environment, log, nowMs, (action) =>
      ids.includes(action.id) && (action.status === 'failed' || action.status === 'skipped')
        ? { ...action, status: 'discarded', discarded: { ...mark, was: action.status } }
        : undefined,
    );
  const { status } = entry;
  if (!plan.event || !isOpen(status)) return;
  const discarded = { ...mark, was: status };
  // A row that changed meanwhile ran again, or another operator was faster: it keeps its newer end.
  await writeEventMark(eventLogOf(environment), entry, { status: 'discarded', discarded });
}

/** Takes an event's mark away: it is what it was. */
export async function reopenEvent(environment: Environment, entry: EventLogEntry): Promise<void> {
  if (entry.discarded === undefined) return;
  await writeEventMark(eventLogOf(environment), entry, { status: entry.discarded.was });
}

/** Takes the marks of some actions of an execution away. */
export async function reopenActions(
  environment: Environment,
  log: ActionLogEntry,
  ids: readonly string[],
  nowMs: number,
): Promise<void> {
  await changeActions(environment, log, nowMs, ({ discarded, ...action }) =>
    discarded !== undefined && ids.includes(action.id) ? { ...action, status: discarded.was } : undefined,
  );
}

async function changeActions(
  environment: Environment,
  seen: ActionLogEntry,
  nowMs: number,
  change: (action: ActionOutcome) => ActionOutcome | undefined,
): Promise<void> {
  const table = actionLogOf(environment);
  let log: ActionLogEntry | undefined = seen;
  for (let tries = 0; log !== undefined; log = await readActionLog(table, seen.execution)) {
    const changed = log.actions.flatMap((action) => {
      const after = change(action);
      return after === undefined ? [] : [[action.id, after] as const];
    });
    if (changed.length === 0) return;
    const isWritten = await writeActionMarks(table, log, new Map(changed.slice(0, actionsAtOnce)), nowMs);
    if (isWritten && changed.length <= actionsAtOnce) return;
    if (!isWritten && ++tries === triesMax)
      throw failure(`the actions of ${seen.execution} keep changing`, 'try again in a minute');
  }
}
