import { sameJson } from '../json/values.ts';
import { type ActionLogEntry, type ActionOutcome, isReopenable } from '../logs/action-log-entry.ts';

/**
 * The most origins that a row keeps. Each replay adds one; the oldest is dropped, since its
 * messages are long gone.
 */
const originsMax = 1000;

/**
 * The row after one attempt: the attempt's outcomes (`ours`) merged over the stored row. Final
 * outcomes win over pending ones, and a success over a failure. A stored failure gives way only to
 * a new origin, which may try again. `next` never falls, so an old message stays superseded.
 * @returns undefined when the stored row already says the same
 */
export function mergeEntries(ours: ActionLogEntry, stored: ActionLogEntry | undefined): ActionLogEntry | undefined {
  if (stored === undefined) return { ...ours, revision: 1 };
  const isSeen = ours.origins.every((origin) => stored.origins.includes(origin));
  const ourOutcomes = new Map(ours.actions.map((outcome) => [outcome.id, outcome]));
  const storedIds = new Set(stored.actions.map(({ id }) => id));
  const actions = [
    ...stored.actions.map((theirs) => better(ourOutcomes.get(theirs.id), theirs, isSeen)),
    ...ours.actions.filter(({ id }) => !storedIds.has(id)),
  ];
  const next = Math.max(actions.some(isPending) ? ours.next : 0, stored.next);
  const origins = [...new Set([...stored.origins, ...ours.origins])].slice(-originsMax);
  if (next === stored.next && sameJson(origins, stored.origins) && sameJson(actions, stored.actions)) {
    return undefined;
  }
  const { message, ...row } = stored;
  // A dead letter's text is kept as long as a replay needs it.
  const isParked = message !== undefined && actions.some(({ reason }) => reason === 'dead_lettered');
  return {
    ...row,
    configVersion: ours.configVersion,
    actions,
    next,
    origins,
    revision: stored.revision + 1,
    updatedAtMs: ours.updatedAtMs,
    ...(ours.retentionDays !== undefined && { retentionDays: ours.retentionDays }),
    ...(isParked && { message }),
  };
}

const ranks = { pending: 1, failed: 2, skipped: 3, discarded: 3, succeeded: 4 };

function better(ours: ActionOutcome | undefined, theirs: ActionOutcome, isSeen: boolean): ActionOutcome {
  if (ours === undefined) return theirs;
  const theirRank = isReopenable(theirs) && !isSeen ? 0 : ranks[theirs.status];
  const ourRank = ranks[ours.status];
  if (ourRank === theirRank) return isPending(ours) && isLater(ours, theirs) ? ours : theirs;
  return ourRank > theirRank ? ours : theirs;
}

/**
 * An attempt that was not made, because of the breaker, does not count, but moves the time of the
 * next. One that found the workflow paused has no next.
 */
function isLater(ours: ActionOutcome, theirs: ActionOutcome): boolean {
  if (ours.attempts !== theirs.attempts) return ours.attempts > theirs.attempts;
  return ours.reason === 'held' || (ours.retryAtMs ?? 0) > (theirs.retryAtMs ?? 0);
}

export function isPending({ status }: ActionOutcome): boolean {
  return status === 'pending';
}
