import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../environment.ts';

/**
 * The longest until every function uses a change, as docs/protocols/configuration.md promises.
 * Functions read about every 15 s, and after 25 s of idleness before the next event. The local
 * runtime restarts its functions at each change.
 */
export const liveWithinMs = 30_000;

/** When a change is in force for every later event. */
export function liveAtMs({ local }: Pick<Environment, 'local'>, committedAtMs: number): number {
  return local ? committedAtMs : committedAtMs + liveWithinMs;
}

/**
 * Returns once a change that was committed at `committedAtMs` is in force everywhere: at once on
 * this machine, after at most 30 s on AWS. It only waits, since functions do not report their
 * version.
 * @throws AbortError when `signal` ends the wait
 */
export async function waitUntilLive(
  environment: Pick<Environment, 'local'>,
  committedAtMs: number,
  { nowMs = Date.now, signal }: { nowMs?: () => number; signal?: AbortSignal } = {},
): Promise<void> {
  const leftMs = liveAtMs(environment, committedAtMs) - nowMs();
  if (leftMs > 0) await sleep(leftMs, undefined, signal && { signal });
}
