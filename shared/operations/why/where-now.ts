import { noRuns, warningsOf } from '../../core/executions/no-runs.ts';
import { type ActionLogEntry, type ActionOutcome, isReopenable } from '../../core/logs/action-log-entry.ts';
import type { Discard } from '../../core/logs/discard.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { formatTime } from '../words/times.ts';

/** The present state of an event's work. */
export type WhereNow =
  | { state: 'done'; text: string }
  /** In a queue, or between two attempts; `until` if the time is known. */
  | { state: 'waiting'; text: string; until: string | null }
  /** Ended with a failure: `replay` runs the missing actions. */
  | { state: 'failed'; text: string }
  /** The id may be valid, but has no row. */
  | { state: 'unknown'; text: string };

/** @param isReadable false: the stored bytes of the event cannot be unpacked */
export function whereNow(entry: EventLogEntry, log: ActionLogEntry | undefined, isReadable = true): WhereNow {
  if (entry.erasedAtMs !== undefined)
    return {
      state: 'done',
      text: 'Done: its person was erased, and with them what the event said. It cannot run again.',
    };
  switch (entry.status) {
    case 'no_mapping':
      return { state: 'done', text: 'Done: no mapping ran it, so there was nothing to do.' };
    case 'idempotent':
      return { state: 'done', text: `Done: a copy of event ${entry.duplicateOf ?? 'before it'}, so nothing ran.` };
    case 'rejected':
      if (entry.reason === 'request_refused')
        return { state: 'done', text: 'Done: it was refused, and its sender was told. Only the sender can repeat it.' };
      return {
        state: 'done',
        text: 'Done: it could not be used, and nothing ran. Once the cause is mended, a replay runs it.',
      };
    case 'failed':
      if (!isReadable)
        return {
          state: 'failed',
          text: 'Parked: its message is spoilt, since the stored event cannot be unpacked. A replay would fail too; its sender has it, and can send it again.',
        };
      return {
        state: 'failed',
        text: `Parked: it was given up after too many attempts. Its row holds everything that a replay needs.${ranAgain(entry)}`,
      };
    case 'held':
      return {
        state: 'waiting',
        until: null,
        text: `Held: ${entry.detail ?? 'its source was paused when it came'}. Nothing of it has run. npx signalbox sources resume ${entry.source} runs it with the others; npx signalbox replay ${entry.id} runs it alone, now.`,
      };
    case 'discarded':
      return { state: 'done', text: `${discardedText(entry.discarded, entry.reason)} ${undoneBy(entry.id)}` };
    case 'processed':
      return whereActionsAre(entry, log);
  }
}

/** Who closed a failure, when and why. */
function discardedText(mark: Discard<string> | undefined, reason: string | undefined): string {
  if (mark === undefined) return 'Discarded.';
  const was = `${mark.was}${reason === undefined ? '' : ` (${reason})`}`;
  return `Discarded by ${mark.by} on ${formatTime(mark.atMs)}: "${mark.reason}". Before that it was ${was}.`;
}

const undoneBy = (id: string) => `npx signalbox replay ${id} takes that back and runs what is missing.`;

function whereActionsAre(entry: EventLogEntry, log: ActionLogEntry | undefined): WhereNow {
  if (log === undefined && entry.actionsPlanned === 0)
    return { state: 'done', text: 'Done: its request did all of it before the answer. No action was left to run.' };
  if (log === undefined)
    return {
      state: 'waiting',
      until: null,
      text: `Its ${entry.actionsPlanned === 1 ? 'action waits' : `${entry.actionsPlanned} actions wait`} in the actions queue; none has been tried to its end yet.`,
    };
  const unseen = (entry.executions ?? 1) > 1 ? entry.actionsPlanned - log.actions.length : 0;
  if (unseen > 0)
    return {
      state: 'waiting',
      until: null,
      text: `${unseen} of ${entry.actionsPlanned} actions wait in the actions queue; none of these has been tried to its end yet.`,
    };
  const pending = log.actions.filter(({ status }) => status === 'pending');
  const failed = log.actions.filter(({ status }) => status === 'failed').length;
  const due = pending.flatMap(({ retryAtMs }) => (retryAtMs === undefined ? [] : [retryAtMs]));
  const held = pending.find(({ reason }) => reason === 'held');
  if (held !== undefined && pending.every(({ reason }) => reason === 'held'))
    return {
      state: 'waiting',
      until: null,
      text: `${pending.length} of ${log.actions.length} actions ${pending.length === 1 ? 'is' : 'are'} held and no attempt is made: ${held.detail ?? 'the workflow is paused'}.`,
    };
  if (pending.length > 0) {
    const until = due.length > 0 ? new Date(Math.min(...due)).toISOString() : null;
    const wait = `${pending.length} of ${log.actions.length} actions ${pending.length === 1 ? 'waits' : 'wait'}`;
    if (pending.some(({ attempts }) => attempts > 0))
      return { state: 'waiting', until, text: `${wait} for another try.` };
    // What waits behind another action does not say why.
    const { detail } = pending.find(({ reason }) => reason !== 'waiting_for_earlier_action') ?? {};
    return { state: 'waiting', until, text: `${wait} for a first try${detail === undefined ? '' : `: ${detail}`}.` };
  }
  if (failed > 0)
    return {
      state: 'failed',
      text: `Over: ${failed} of ${log.actions.length} actions failed for good.${ranAgain(entry)}`,
    };
  const closed = log.actions.filter(({ status }) => status === 'discarded');
  const [newest] = closed.toSorted((a, b) => (b.discarded?.atMs ?? 0) - (a.discarded?.atMs ?? 0));
  // What was skipped before would be skipped again, so a replay takes no such mark back.
  const canRun = closed.some(isReopenable);
  if (newest !== undefined)
    return {
      state: 'done',
      text: `Over: ${closed.length} of ${log.actions.length} actions ${closed.length === 1 ? 'was' : 'were'} discarded. ${newest.mapping}: ${discardedText(newest.discarded, newest.reason)}${canRun ? ` ${undoneBy(entry.id)}` : ''}`,
    };
  const unreached = log.actions.filter(({ reason }) => reason === 'recipient_unknown').length;
  if (unreached > 0)
    return {
      state: 'done',
      text: `Done, but ${unreached} of ${log.actions.length} actions did not reach every recipient: once these users are identified, npx signalbox replay ${entry.id} starts what is missing.`,
    };
  const lonely = log.actions.filter((action) => warningsOf(action).some(({ code }) => code === noRuns));
  if (lonely.length > 0)
    return {
      state: 'done',
      text: `Done, but ${lonely.length} of ${log.actions.length} actions began no run: ${lonely.map(({ mapping }) => mapping).join(', ')}.${anew(entry, lonely)}`,
    };
  return { state: 'done', text: 'Done: every action has its outcome.' };
}

/** What was skipped would be skipped again with its parameters; a new event gets them from the live mapping. */
function anew(entry: EventLogEntry, actions: readonly ActionOutcome[]): string {
  if (!actions.some(({ status }) => status === 'skipped')) return '';
  const { id, replays = [], replayOf } = entry;
  if (replays.length > 0) return ranAgain(entry);
  return ` Once the cause is mended, npx signalbox replay ${id} --force${replayOf === undefined ? '' : ' --again'} runs the whole event as a new one.`;
}

/** Empty unless a forced replay made a new event of it. docs/decisions/0092. */
function ranAgain({ id, replays }: EventLogEntry): string {
  const copy = replays?.at(-1);
  if (copy === undefined) return '';
  return ` It was run again as ${copy}; once that one is over, doctor counts it instead. npx signalbox discard ${id} -m "ran again" takes this one out of the lists too.`;
}
