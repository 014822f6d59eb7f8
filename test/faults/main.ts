import { availableParallelism } from 'node:os';
import { inParallel } from '../../shared/core/in-parallel.ts';
import { readOptions, refuse, wholeNumber } from '../support/program-arguments.ts';
import { type Mutant, mutantOf, mutantSchedules, mutants } from './mutants.ts';
import { type Found, playInWorker } from './play-in-worker.ts';
import { historyOf, playSeed, shrink } from './schedules.ts';

/*
 * `npm run test:faults`: random schedules of the real functions, and the mutants that prove that these would be caught.
 *
 *   npm run test:faults -- --schedules 100000     more of them
 *   npm run test:faults -- --from 20001           others
 *   npm run test:faults -- --seed 1152            one, made as short as it still fails
 *   npm run test:faults -- --mutant 'no lease'    one mutant alone
 */

const { values } = readOptions({
  options: {
    schedules: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    mutant: { type: 'string' },
    'no-mutants': { type: 'boolean', default: false },
  },
});

/** Where the search for mutants begins that few schedules catch: from the first seed it takes minutes. */
const lateSeeds = new Map([
  ['re-entry clears released', 1580],
  ['messages of a chain are not superseded', 920],
]);

const say = (text: string) => void process.stderr.write(`${text}\n`);
const isTerminal = process.stderr.isTTY;

if (values.seed !== undefined) process.exitCode = await playOne(wholeNumber('seed', values.seed, 0));
else if (values.mutant !== undefined) process.exitCode = (await catchOne(mutantNamed(values.mutant))) ? 0 : 1;
else {
  // Before the mutants, which take minutes.
  const from = wholeNumber('from', values.from, 1);
  const schedules = wholeNumber('schedules', values.schedules, 1);
  const workers = wholeNumber('workers', values.workers, 1);
  const caught = values['no-mutants'] || (await catchAll());
  const clean = await playMany(from, schedules, workers);
  process.exitCode = caught && clean ? 0 : 1;
}

function mutantNamed(name: string): Mutant {
  const names = mutants.map((one) => one.name);
  try {
    return mutantOf(name);
  } catch {
    return refuse(`there is no mutant "${name}"; there are: ${names.join(', ')}`);
  }
}

async function playOne(seed: number): Promise<number> {
  const wrong = await playSeed(seed);
  for (const what of wrong) console.log(what);
  if (wrong.length === 0) console.log(`seed ${seed}: nothing went wrong`);
  const shortest = wrong.length === 0 ? undefined : await shrink(seed);
  if (shortest) console.log(`the shortest history found that goes wrong:\n${JSON.stringify(shortest, undefined, 2)}`);
  else console.log(JSON.stringify(historyOf(seed)));
  return wrong.length === 0 ? 0 : 1;
}

async function playMany(from: number, schedules: number, workers: number): Promise<boolean> {
  const startedAtMs = performance.now();
  const played = Array<number>(workers).fill(0);
  const found: Found[] = [];
  let saidAtMs = startedAtMs;
  const total = () => played.reduce((sum, one) => sum + one, 0);
  const rate = () => total() / ((performance.now() - startedAtMs) / 1000);
  await Promise.all(
    Array.from({ length: workers }, async (_, i) => {
      const count = Math.ceil((schedules - i) / workers);
      const data = { firstSeed: from + i, step: workers, count, stopAtFirst: false };
      const mine = await playInWorker(data, (soFar, wrong) => {
        played[i] = soFar;
        for (const one of wrong.splice(0)) tell(one);
        if (performance.now() - saidAtMs < (isTerminal ? 1000 : 30_000)) return;
        saidAtMs = performance.now();
        say(`${total()} of ${schedules} schedules, ${rate().toFixed(0)}/s, ${found.length} went wrong`);
      });
      for (const one of mine.found) tell(one);
    }),
  );
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
  say(`${total()} schedules in ${seconds} s (${rate().toFixed(0)}/s): ${found.length} went wrong`);
  return found.length === 0 && total() === schedules;

  function tell(one: Found): void {
    found.push(one);
    for (const what of one.wrong) say(`seed ${one.seed}: ${what}`);
    say(`  again: npm run test:faults -- --seed ${one.seed}`);
  }
}

async function catchAll(): Promise<boolean> {
  let isAllCaught = true;
  await inParallel(mutants, Number(values.workers), async (mutant) => {
    if (!(await catchOne(mutant))) isAllCaught = false;
  });
  return isAllCaught;
}

async function catchOne(mutant: Mutant): Promise<boolean> {
  const { found, played, seconds } = await playInWorker({
    mutant: mutant.name,
    firstSeed: lateSeeds.get(mutant.name) ?? 1,
    step: 1,
    count: mutantSchedules,
    stopAtFirst: true,
  });
  const [first] = found;
  const effort = `${played} schedules, ${seconds.toFixed(1)} s`;
  if (first) say(`caught: ${mutant.name} (${effort}): ${first.wrong[0]}`);
  else {
    say(`NOT CAUGHT: ${mutant.name} (${effort})`);
    say(`  ${mutant.function} no longer makes this mistake, or no check sees it: ${mutant.why}`);
  }
  return first !== undefined;
}
