import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { TouchedByRow } from '../jobs/touched-by.ts';
import { messagesIn, type QueueDepth } from '../queues/queue-depths.ts';
import { formatAgo } from '../words/times.ts';
import type { WhereNow } from './where-now.ts';

/** The replay that sent an event again, if its rows are older than that and so say nothing of it yet. */
export function sentAgain(
  { status, processedAtMs, erasedAtMs, replays = [], id }: EventLogEntry,
  log: ActionLogEntry | undefined,
  jobs: readonly TouchedByRow[],
): TouchedByRow | undefined {
  const isOver = status === 'processed' && (log?.actions ?? []).every((action) => action.status === 'succeeded');
  if (isOver || erasedAtMs !== undefined) return undefined;
  const rowsAtMs = Math.max(processedAtMs, log?.updatedAtMs ?? 0);
  // A forced replay makes another event, and this one stays as it is.
  const ofCopy = (detail: string | null) => [...replays, id].some((copy) => detail?.endsWith(copy));
  return jobs.findLast(
    ({ outcome, sent, detail, begun_at }) =>
      outcome === 'replayed' && sent !== null && !ofCopy(detail) && Date.parse(begun_at) > rowsAtMs,
  );
}

/**
 * Where an event is that was sent again; undefined when no message of it can be on its way.
 * @param lateMs how far the counts of the queues may be behind
 */
export function onItsWay(
  { job, author, begun_at, sent }: TouchedByRow,
  queues: readonly QueueDepth[],
  { nowMs, lateMs }: { nowMs: number; lateMs: number },
): WhereNow | undefined {
  const passed = sent === 'event' ? ['events', 'actions'] : ['actions'];
  const messages = queues.filter(({ queue }) => passed.includes(queue)).reduce((sum, one) => sum + messagesIn(one), 0);
  const begunMs = Date.parse(begun_at);
  if (messages === 0 && nowMs - begunMs >= lateMs) return undefined;
  return {
    state: 'waiting',
    until: null,
    text: `${author} sent it again ${formatAgo(begunMs, nowMs)} (job ${job}), and it waits in the ${passed[0]} queue: what stands above is from before.`,
  };
}
