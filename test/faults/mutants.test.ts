import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { mutantSchedules, mutants, mutate } from './mutants.ts';
import { playInWorker } from './play-in-worker.ts';

const root = join(import.meta.dirname, '../..');

/** All of them take minutes: `npm run test:faults`. These are caught within seconds, and show that catching works. */
const isQuick = (name: string) =>
  process.env.FAULTS === 'all' || ['a fresh execution id on take-over', 'no read on re-entry'].includes(name);

test.each(mutants)('the part that "$name" leaves out is still where it was', ({ replacements }) => {
  const changed = new Map<string, string>();
  for (const replacement of replacements) {
    const { file } = replacement;
    const source = changed.get(file) ?? readFileSync(join(root, file), 'utf8');
    changed.set(file, mutate(source, replacement));
    expect(changed.get(file)).not.toBe(source);
  }
});

describe('the protocol with one part left out is caught', () => {
  test.each(mutants.filter(({ name }) => isQuick(name)))(
    '$name: $why',
    async (mutant) => {
      const data = { mutant, firstSeed: 1, step: 1, count: mutantSchedules, stopAtFirst: true };
      const { found, played } = await playInWorker(data);
      expect(found).toHaveLength(1);
      // The same schedules without the mutant.
      const sound = await playInWorker({ firstSeed: played, step: 1, count: 1, stopAtFirst: true });
      expect(sound.found).toEqual([]);
    },
    120_000,
  );
});
