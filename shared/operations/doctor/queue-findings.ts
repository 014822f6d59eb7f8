import type { Peeked } from '../dead-letters/dead-letters.ts';
import type { Environment } from '../environment.ts';
import { lateAfterMinutes, longWaitMs } from '../queues/late-messages.ts';
import type { QueueDepth } from '../queues/queue-depths.ts';
import { isoOrNull } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import { formatDuration } from '../words/times.ts';
import type { CountsOfRange } from './counts.ts';
import { type Finding, finding, on } from './finding.ts';
import { loudest, sinceText } from './loudest-source.ts';
import type { Range } from './problems.ts';
import { deadLetterQueues, oldestIn, settledEvents, waitingIn } from './stages.ts';

/* What waits in queues: too much, too long, and for good. */

const minuteMs = 60_000;
/** A backlog of so many minutes of the range's work is worth a word. */
const backlogMinutes = 5;

const queues = {
  events: { wait: 'events_wait', late: 'events_late', consumer: 'processor' },
  actions: { wait: 'actions_wait', late: 'actions_late', consumer: 'workflow-trigger' },
} as const;
type QueueName = keyof typeof queues;

export function queueFindings(
  depths: readonly QueueDepth[],
  counts: CountsOfRange | undefined,
  range: Range,
  environment: Environment,
  peeked?: Peeked,
): Finding[] {
  const done = {
    events: counts === undefined ? 0 : settledEvents(counts.environment),
    actions: counts === undefined ? 0 : counts.environment.EventsProcessed.total,
  };
  return [
    ...deadLetterFindings(depths, counts, environment, peeked),
    ...(Object.keys(queues) as QueueName[]).flatMap((queue) => {
      const late = lateFindings(queue, depths, counts, range, environment);
      return [...late, ...backlogFindings(queue, depths, done[queue], counts, range, environment)];
    }),
  ];
}

function deadLetterFindings(
  depths: readonly QueueDepth[],
  counts: CountsOfRange | undefined,
  environment: Environment,
  peeked: Peeked | undefined,
): Finding[] {
  const dead = deadLetterQueues.reduce((sum, queue) => sum + waitingIn(depths, queue), 0);
  if (dead === 0) return [];
  const since = counts && oldestIn(counts.pressure, depths, deadLetterQueues);
  return [
    finding('dead_letters_stuck', {
      cause: `${plural(dead, 'dead letter')} without a row: they fail in the dead-letter function too, whose log says why, and are lost 14 days after they were sent${peeked === undefined ? '' : `. The oldest of those looked at is lost on ${peeked.lostAt.slice(0, 10)}`}`,
      count: dead,
      since: peeked?.oldestSentAt ?? isoOrNull(since),
      ...(peeked?.example !== undefined && { example: peeked.example }),
      next: `npx signalbox replay --dlq --dry-run${on(environment)}`,
    }),
  ];
}

/** By the same rule as the alarms `events-delayed` and `actions-delayed`. */
function lateFindings(
  queue: QueueName,
  depths: readonly QueueDepth[],
  counts: CountsOfRange | undefined,
  { untilMs: nowMs }: Range,
  environment: Environment,
): Finding[] {
  const count = waitingIn(depths, queue);
  const { waitsSinceMs = nowMs, returnsSinceMs = nowMs } = counts?.pressure.queues.get(queue) ?? {};
  const waits = nowMs - waitsSinceMs > lateAfterMinutes[queue] * minuteMs;
  const returns = nowMs - returnsSinceMs > longWaitMs;
  if (count === 0 || !(waits || returns)) return [];
  const { late, consumer } = queues[queue];
  const sinceMs = Math.min(waits ? waitsSinceMs : nowMs, returns ? returnsSinceMs : nowMs);
  const what = returns
    ? `messages of the ${queue} queue have come back for ${formatDuration(nowMs - sinceMs)}: the log of ${consumer} says why`
    : `the oldest message of the ${queue} queue has waited for ${formatDuration(nowMs - sinceMs)}: ${consumer} does not keep up, or cannot work`;
  return [
    finding(late, {
      cause: `${what}; ${plural(count, 'message waits', 'messages wait')}`,
      count,
      since: isoOrNull(sinceMs),
      next: environment.local
        ? `read the lines of ${consumer} where npm start runs`
        : `aws logs tail /signalbox/${environment.name}/${consumer} --since 15m`,
    }),
  ];
}

function backlogFindings(
  queue: QueueName,
  depths: readonly QueueDepth[],
  done: number,
  counts: CountsOfRange | undefined,
  range: Range,
  environment: Environment,
): Finding[] {
  const minutes = Math.max(1, (range.untilMs - range.sinceMs) / minuteMs);
  const count = depths.find((depth) => depth.queue === queue)?.ready ?? 0;
  if (count <= Math.max(100, (done / minutes) * backlogMinutes)) return [];
  const since = counts && oldestIn(counts.pressure, depths, [queue]);
  return [
    finding(queues[queue].wait, {
      cause: `${plural(count, 'message')} in the ${queue} queue, more than ${backlogMinutes} minutes of work at the present rate${loudest(counts)}`,
      count,
      since: isoOrNull(since),
      next: `npx signalbox events --since ${sinceText(range)} --group-by source${on(environment)}`,
    }),
  ];
}
