import { usageError } from '../refusal.ts';
import { formatTime } from '../words/times.ts';

/** From `sinceMs` until before `untilMs`; both are starts of periods. */
export type VerifyRange = { sinceMs: number; untilMs: number; periodSeconds: number };

const dayMs = 86_400_000;

// CloudWatch may not have the last minutes' metrics yet. It promises no time, but needs one or two
// minutes.
export const metricsDelayMs = 3 * 60_000;

/**
 * The compared range: the request, widened to whole periods, since counts are kept by the minute.
 * With `isOver`, not beyond the last whole period that is over, so that no later event falls into it.
 * Without an end it ends now on this machine, where a count is written before its request is
 * answered, and three minutes ago on AWS.
 * @throws Refusal (usage) for a range that cannot be compared, with the reason
 */
export function verifyRange(
  { since, until }: { since: number; until?: number },
  {
    nowMs,
    local,
    retentionDays,
    isOver = false,
  }: { nowMs: number; local: boolean; retentionDays: number; isOver?: boolean },
): VerifyRange {
  const periodSeconds = metricPeriodSeconds(nowMs - since);
  const periodMs = periodSeconds * 1000;
  const sinceMs = floorTo(since, periodMs);
  const latestMs = isOver ? floorTo(nowMs, periodMs) : ceilTo(nowMs + 1, periodMs);
  const untilMs =
    until === undefined && !local
      ? floorTo(nowMs - metricsDelayMs, periodMs)
      : Math.min(ceilTo(until ?? nowMs + 1, periodMs), latestMs);
  if (since > nowMs) throw usageError('--since is in the future', 'write 15m, 2h, 3d (ago) or a time that has passed');
  const oldestMs = nowMs - retentionDays * dayMs;
  if (sinceMs < oldestMs)
    throw usageError(
      `rows of this environment are kept for ${retentionDays} days; those from before ${formatTime(oldestMs)} may be gone, and gone rows would count as lost`,
      `--since ${retentionDays - 1}d at the earliest`,
    );
  if (isOver && sinceMs >= latestMs)
    throw usageError(
      'the window is not over: a statement is of whole minutes that have passed',
      'name an earlier --since',
    );
  if (untilMs <= sinceMs)
    throw until === undefined
      ? usageError(
          'the counts of the last three minutes may still be on their way',
          'name an earlier --since, or --until to look all the same',
        )
      : usageError(
          `--until (${formatTime(until)}) is not after --since (${formatTime(since)})`,
          'swap them, or leave --until out: it is now by default',
        );
  return { sinceMs, untilMs, periodSeconds };
}

/**
 * CloudWatch keeps no finer metrics:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
 */
export function metricPeriodSeconds(ageMs: number): number {
  // An hour before CloudWatch drops the finer data points.
  const days = (ageMs + 3_600_000) / dayMs;
  if (days < 15) return 60;
  return days < 63 ? 300 : 3600;
}

export function periodOf(timeMs: number, { periodSeconds }: Pick<VerifyRange, 'periodSeconds'>): number {
  return floorTo(timeMs, periodSeconds * 1000);
}

const floorTo = (timeMs: number, periodMs: number) => Math.floor(timeMs / periodMs) * periodMs;
const ceilTo = (timeMs: number, periodMs: number) => Math.ceil(timeMs / periodMs) * periodMs;
