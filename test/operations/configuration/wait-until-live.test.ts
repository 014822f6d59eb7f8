import { describe, expect, test } from '@jest/globals';
import { liveAtMs, waitUntilLive } from '../../../shared/operations/configuration/wait-until-live.ts';

describe('a change is in force', () => {
  test('at once on this machine, and 30 seconds after its commit on AWS', () => {
    expect(liveAtMs({ local: true }, 1_000)).toBe(1_000);
    expect(liveAtMs({ local: false }, 1_000)).toBe(31_000);
  });

  test('so a wait takes what is left of them, and nothing when they have passed', async () => {
    const startedMs = performance.now();
    await waitUntilLive({ local: true }, 1_000, { nowMs: () => 1_000 });
    await waitUntilLive({ local: false }, 1_000, { nowMs: () => 31_000 });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    await waitUntilLive({ local: false }, 1_000, { nowMs: () => 30_900 });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(95);
  });

  test('and a wait can be ended', async () => {
    const stopping = new AbortController();
    const waiting = waitUntilLive({ local: false }, 1_000, { nowMs: () => 1_000, signal: stopping.signal });
    stopping.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
