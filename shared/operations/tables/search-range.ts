import { usageError } from '../refusal.ts';
import { formatTime } from '../words/times.ts';

const dayMs = 86_400_000;

/** How far back a search without a beginning goes. */
export const defaultLookBackDays = 3;

// Ids carry the clock of the receiving function; if it is ahead of ours, its newest events must
// still be found.
const clockSkewMs = 5 * 60_000;

export type SearchRange = {
  sinceMs: number;
  untilMs: number;
  /** Whether the beginning is the default, not asked for. */
  byDefault: boolean;
  /** How to look as far back as anything is kept: `--since 14d`. */
  furthest: string;
  /** The note for people about a narrowed range; absent: the range is as requested. */
  narrowed?: string;
};

/**
 * The range that a list searches. A beginning before the oldest possible row is moved to it, since
 * every day costs reads.
 * @param unbounded for look-ups whose cost does not grow with the range
 * @param retentionDays the longest retention of any row
 * @throws Refusal (invalid) for an empty range
 */
export function searchRange(
  { since, until }: { since?: number; until?: number },
  nowMs: number,
  { unbounded = false, retentionDays }: { unbounded?: boolean; retentionDays: number },
): SearchRange {
  const furthest = `--since ${retentionDays}d`;
  const latestMs = nowMs + clockSkewMs;
  const untilMs = Math.min(until ?? latestMs, latestMs);
  if (since !== undefined && since > latestMs)
    throw usageError('--since is in the future', 'write 15m, 2h, 3d (ago) or a time that has passed');
  if (since === undefined && unbounded) return { sinceMs: 0, untilMs, byDefault: false, furthest };
  const byDefault = since === undefined;
  const askedMs = since ?? Math.min(untilMs, nowMs) - defaultLookBackDays * dayMs;
  if (until !== undefined && since !== undefined && until < since)
    throw usageError(
      `--until (${formatTime(until)}) is before --since (${formatTime(since)})`,
      'swap them, or leave --until out: it is now by default',
    );
  // One more day, since rows are removed some hours late.
  const oldestMs = nowMs - (retentionDays + 1) * dayMs;
  if (untilMs < oldestMs)
    throw usageError(
      `rows are kept for ${retentionDays} days here; nothing from before ${formatTime(oldestMs)} is left`,
      '--until must be later than that',
    );
  if (askedMs >= oldestMs) return { sinceMs: askedMs, untilMs, byDefault, furthest };
  const narrowed = `rows are kept for ${retentionDays} days here, so the list begins at ${formatTime(oldestMs)}`;
  return { sinceMs: oldestMs, untilMs, byDefault, furthest, narrowed };
}
