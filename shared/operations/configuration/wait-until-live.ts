import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../environment.ts';

/**
 * Longest until every function goes by a change, as docs/protocols/configuration.md promises: functions look about every 15 s, and
 * one that was idle for 25 s looks before it goes on. The local runtime starts its functions anew at each change.
 */
export const liveWithinMs = 30_000;

/** When a change is in force for every event that comes in from then on. */
export function liveAtMs({ local }: Pick<Environment, 'local'>, committedAtMs: number): number {
  return local ? committedAtMs : committedAtMs + liveWithinMs;
}

/**
 * Returns once a change that was committed at `committedAtMs` is in force everywhere: at once on this machine, after at most 30 s on
 * AWS. It asks nothing: functions do not tell what they know.
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
