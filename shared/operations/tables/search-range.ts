import { usageError } from '../refusal.ts';
import { formatTime } from '../words/times.ts';

const dayMs = 86_400_000;

/** How far back a search goes that names no beginning. */
export const defaultLookBackDays = 3;

// Ids carry the time of the function that received the event; a clock that is ahead of ours must not hide its newest ones.
const clockSkewMs = 5 * 60_000;

export type SearchRange = {
  sinceMs: number;
  untilMs: number;
  /** Whether the beginning is the default, not asked for. */
  byDefault: boolean;
  /** What to tell a person about a range that was narrowed; absent: it is as asked for. */
  narrowed?: string;
};

/**
 * The range that a list looks through. A beginning before anything can be stored is moved to where rows begin, since every
 * day that is looked at costs reads.
 *
 * @param unbounded for look-ups whose cost does not grow with the range
 * @param retentionDays the longest time that any row is kept
 * @throws Refusal (invalid) for a range that holds no time at all
 */
export function searchRange(
  { since, until }: { since?: number; until?: number },
  nowMs: number,
  { unbounded = false, retentionDays }: { unbounded?: boolean; retentionDays: number },
): SearchRange {
  const latestMs = nowMs + clockSkewMs;
  const untilMs = Math.min(until ?? latestMs, latestMs);
  if (since !== undefined && since > latestMs)
    throw usageError('--since is in the future', 'write 15m, 2h, 3d (ago) or a time that has passed');
  if (since === undefined && unbounded) return { sinceMs: 0, untilMs, byDefault: false };
  const byDefault = since === undefined;
  const askedMs = since ?? Math.min(untilMs, nowMs) - defaultLookBackDays * dayMs;
  if (until !== undefined && since !== undefined && until < since)
    throw usageError(
      `--until (${formatTime(until)}) is before --since (${formatTime(since)})`,
      'swap them, or leave --until out: it is now by default',
    );
  // A day more, since rows are removed some hours after their time.
  const oldestMs = nowMs - (retentionDays + 1) * dayMs;
  if (untilMs < oldestMs)
    throw usageError(
      `rows are kept for ${retentionDays} days here; nothing from before ${formatTime(oldestMs)} is left`,
      '--until must be later than that',
    );
  if (askedMs >= oldestMs) return { sinceMs: askedMs, untilMs, byDefault };
  const narrowed = `rows are kept for ${retentionDays} days here, so the list begins at ${formatTime(oldestMs)}`;
  return { sinceMs: oldestMs, untilMs, byDefault, narrowed };
}
