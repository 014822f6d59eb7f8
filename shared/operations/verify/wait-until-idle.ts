import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../environment.ts';
import { readQueueDepths } from '../queues/queue-depths.ts';

/**
 * Waits until the queues hold no waiting, processed or delayed message; answers whether that
 * happened in time.
 */
export async function waitUntilIdle(environment: Environment, timeoutMs: number): Promise<boolean> {
  const endsAtMs = Date.now() + timeoutMs;
  for (;;) {
    const depths = await readQueueDepths(environment);
    if (depths.every(({ ready, in_flight, delayed }) => ready + in_flight + delayed === 0)) return true;
    if (Date.now() >= endsAtMs) return false;
    await sleep(environment.local ? 250 : 5_000);
  }
}
