import type { Runtime, RuntimeEnvironment } from './runtime.ts';

// Each accepted event ends as one of these.
const finalStates = [
  ['EventsProcessed', 'processed'],
  ['EventsUnmapped', 'without mapping'],
  ['EventsDuplicate', 'duplicates'],
  ['EventsRejected', 'rejected'],
  ['EventsFailed', 'failed'],
] as const;

/** What a run did, environment by environment, and what waits for the next one. */
export function closingSummary({ environments }: Runtime, drained: boolean): string {
  const lines = Object.values(environments).map(summaryOf);
  if (!drained) lines.push('Not everything was finished; what is kept in queues goes on with the next start.');
  return lines.join('\n');
}

function summaryOf({ name, metrics, queues }: RuntimeEnvironment): string {
  const accepted = metrics.total('EventsAccepted');
  const finished = finalStates.reduce((sum, [metric]) => sum + metrics.total(metric), 0);
  const states = finalStates.flatMap(([metric, word]) => {
    const count = metrics.total(metric);
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const waiting = Object.values(queues()).reduce(
    (sum, { visible, inFlight, delayed }) => sum + visible + inFlight + delayed,
    0,
  );
  const rate = finished === 0 ? '' : ` (${Math.round(finished / metrics.busySeconds())} per second of work)`;
  return `${name}: ${accepted} events accepted; ${states.join(', ') || 'none finished'}${rate}; ${waiting} messages wait`;
}
