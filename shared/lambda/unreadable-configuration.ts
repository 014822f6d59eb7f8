import type { UnreadableReason } from '../core/configuration/unreadable.ts';
import type { StageMetrics } from './metrics.ts';

/** What the configuration's adapter tells: see `Unreadable` there. */
type Told = { reason: UnreadableReason; error: Error; inForce: number | undefined };

const sameLineAfterMs = 5 * 60_000;

/**
 * Counts each try, which raises an alarm (docs/alarms.md, "configuration-unreadable"), and writes a line for the first
 * of each reason and one every five minutes after. The counts leave at once: a batch that fails for it flushes nothing.
 */
export function reportUnreadable({
  metrics,
  error,
  nowMs = Date.now,
}: {
  metrics: Pick<StageMetrics, 'count' | 'flush'>;
  error(message: string, context: Record<string, unknown>): void;
  nowMs?: () => number;
}): (told: Told) => void {
  const writtenAtMs = new Map<string, number>();
  return (told) => {
    // It concerns every source. No source can have this key.
    metrics.count('*', 'ConfigurationUnreadable', 1, told.reason);
    metrics.flush();
    const writtenMs = writtenAtMs.get(told.reason);
    if (writtenMs !== undefined && nowMs() - writtenMs < sameLineAfterMs) return;
    writtenAtMs.set(told.reason, nowMs());
    error('the live configuration cannot be read', {
      reason: told.reason,
      version_in_force: told.inForce ?? 'none',
      error: told.error.message,
    });
  };
}
