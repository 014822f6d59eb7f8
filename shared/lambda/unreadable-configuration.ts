import type { UnreadableReason } from '../core/configuration/unreadable.ts';
import type { StageMetrics } from './metrics.ts';

/** Reported by the configuration's adapter: see `Unreadable` there. */
type Told = { reason: UnreadableReason; error: Error; inForce: number | undefined };

const sameLineAfterMs = 5 * 60_000;

/**
 * Counts each try, which raises an alarm (docs/runbooks/configuration-unreadable.md). It logs the
 * first try of each reason, then one line every five minutes. It flushes the counts at once,
 * because a batch that fails for this reason flushes none.
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
    // Stands for all sources; no source can have this key.
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
