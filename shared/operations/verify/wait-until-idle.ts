import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../environment.ts';
import { countsLateMs, messagesIn, readQueueDepths } from '../queues/queue-depths.ts';

/**
 * Waits until the queues hold no waiting, processed or delayed message; answers whether that
 * happened in time. The counts are late, so they have to be zero for as long as they may be behind:
 * on AWS it therefore takes a minute at least.
 */
export async function waitUntilIdle(
  environment: Pick<Environment, 'local' | 'outputs' | 'queues'>,
  timeoutMs: number,
  { lateMs = countsLateMs(environment), pauseMs = environment.local ? 250 : 5_000 } = {},
): Promise<boolean> {
  const endsAtMs = Date.now() + timeoutMs;
  let emptySinceMs: number | undefined;
  for (;;) {
    const askedAtMs = Date.now();
    const depths = await readQueueDepths(environment);
    if (depths.some((depth) => messagesIn(depth) > 0)) emptySinceMs = undefined;
    else emptySinceMs ??= askedAtMs;
    if (emptySinceMs !== undefined && askedAtMs - emptySinceMs >= lateMs) return true;
    if (Date.now() >= endsAtMs) return false;
    await sleep(pauseMs);
  }
}
