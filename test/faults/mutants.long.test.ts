import { describe, expect, test } from '@jest/globals';
import { formerMistakes, type Mutant, mutantSchedules, mutants, mutated } from './mutants.ts';
import { playInWorker } from './play-in-worker.ts';

/** All of them take minutes: `npm run test:faults`. These are caught within seconds, and show that catching works. */
const isQuick = (name: string) =>
  process.env.FAULTS === 'all' || ['a fresh execution id on take-over', 'no read on re-entry'].includes(name);

test.each([...mutants, ...formerMistakes])(
  'the function that the mutant "$name" stands in for is found by its name',
  (mutant) => {
    const { source } = mutated(mutant);
    expect(source).toContain(`function ${mutant.function}BeforeMutation`);
    expect(source.match(new RegExp(`^export (async )?function ${mutant.function}\\b`, 'gm'))).toHaveLength(1);
  },
);

test('a mutant whose function is gone says which mistake it must make, and how to run it', () => {
  const gone: Mutant = { ...(mutants[0] as Mutant), function: 'processEverything' };
  expect(() => mutated(gone)).toThrow(
    `The mutant "mark before emit" does not apply any more: no file in functions, shared exports a function processEverything.
If the function has another name now, or another one does its part, write that name in test/faults/mutants.ts.
The mutant must still make this mistake: a crash in between leaves a row that says processed, and actions that nobody will run.
Then run: npm run test:faults -- --mutant "mark before emit"`,
  );
});

describe('the protocol with one part left out is caught', () => {
  test.each(mutants.filter(({ name }) => isQuick(name)))(
    '$name: $why',
    async ({ name }) => {
      const data = { mutant: name, firstSeed: 1, step: 1, count: mutantSchedules, stopAtFirst: true };
      const { found, played } = await playInWorker(data);
      expect(found).toHaveLength(1);
      // The same schedule without the mutant.
      const sound = await playInWorker({ firstSeed: played, step: 1, count: 1, stopAtFirst: true });
      expect(sound.found).toEqual([]);
    },
    120_000,
  );
});
