import { expect, test } from '@jest/globals';
import type { Breaker } from '../../shared/core/targets/breaker.ts';
import type { TargetBreakers } from '../../shared/ports/target-breakers.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');

export const openBreaker = (change: Partial<Breaker> = {}): Breaker => ({
  isOpen: true,
  openedAtMs: nowMs,
  probeAtMs: nowMs + 15_000,
  failedProbes: 0,
  reason: 'target_unavailable',
  detail: 'answered 503',
  revision: 1,
  ...change,
});

/** What every store of breakers does. Each test uses a workflow of its own. */
export function targetBreakersContract(breakers: () => TargetBreakers): void {
  test('one that never opened is not there', async () => {
    expect(await breakers().read('never')).toBeUndefined();
  });

  test('what is written is read, in every state', async () => {
    const states = [
      openBreaker(),
      openBreaker({ failedProbes: 3, reason: 'target_busy', revision: 2 }),
      openBreaker({ isOpen: false, revision: 3 }),
    ];
    for (const state of states) {
      expect(await breakers().writeIfUnchanged('states', state)).toBe(true);
      expect(await breakers().read('states')).toEqual(state);
    }
  });

  test('of two that write at once one wins, and knows it', async () => {
    const both = await Promise.all(
      ['a', 'b'].map((detail) => breakers().writeIfUnchanged('race', openBreaker({ detail }))),
    );
    expect(both.filter(Boolean)).toHaveLength(1);
    expect((await breakers().read('race'))?.detail).toBe(both[0] ? 'a' : 'b');
  });

  test('any other revision than the next changes nothing', async () => {
    await breakers().writeIfUnchanged('outdated', openBreaker());
    await breakers().writeIfUnchanged('outdated', openBreaker({ revision: 2, failedProbes: 1 }));
    expect(await breakers().writeIfUnchanged('outdated', openBreaker({ revision: 2, failedProbes: 9 }))).toBe(false);
    expect(await breakers().writeIfUnchanged('outdated', openBreaker({ revision: 9, failedProbes: 9 }))).toBe(false);
    expect(await breakers().read('outdated')).toMatchObject({ revision: 2, failedProbes: 1 });
  });

  test('one that was forgotten meanwhile can be written with any revision', async () => {
    expect(await breakers().writeIfUnchanged('forgotten', openBreaker({ revision: 7 }))).toBe(true);
  });

  test('workflows do not share one', async () => {
    await breakers().writeIfUnchanged('mine', openBreaker());
    expect(await breakers().read('yours')).toBeUndefined();
  });
}
