import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { mutantOf } from './mutants.ts';
import { playInWorker } from './play-in-worker.ts';
import type { History } from './schedules.ts';

/*
 * Random histories of the whole pipeline, played by the real functions. `.ci/run` plays 2,000 and `npm run test:faults` ten thousand;
 * what ever went wrong is kept here.
 */

/** Histories that went wrong, made short, and the mutant that puts the mistake back. */
const found = JSON.parse(readFileSync(new URL('./histories.json', import.meta.url), 'utf8')) as {
  mistake: string;
  history: History;
}[];

describe('a history that once went wrong', () => {
  test.each(found.map((one) => ({ ...one, what: mutantOf(one.mistake).why })))(
    'goes well, and goes wrong again with the mistake put back: $what',
    async ({ history, mistake }) => {
      const data = { firstSeed: 1, step: 1, count: 1, stopAtFirst: true, histories: [history] };
      expect((await playInWorker(data)).found).toEqual([]);
      expect((await playInWorker({ ...data, mutant: mistake })).found).toHaveLength(1);
    },
    60_000,
  );
});

test('F18 20 random histories lose nothing, double nothing, and leave nothing unexplained', async () => {
  const { found: wrong, played } = await playInWorker({ firstSeed: 1, step: 1, count: 20, stopAtFirst: false });
  expect(wrong).toEqual([]);
  expect(played).toBe(20);
});

test('one seed is one history: what happens depends on nothing else', async () => {
  const { World } = await import('./world.ts');
  const { historyOf, play } = await import('./schedules.ts');
  const trace = async () => {
    const calls: string[] = [];
    const openGate = World.prototype.openGate;
    World.prototype.openGate = function (gate) {
      calls.push(`${this.nowMs()} ${gate.process.function} ${gate.call.port}.${gate.call.method}`);
      openGate.call(this, gate);
    };
    await play(historyOf(17)).finally(() => {
      World.prototype.openGate = openGate;
    });
    return calls;
  };
  const first = await trace();
  expect(first.length).toBeGreaterThan(20);
  expect(await trace()).toEqual(first);
});
