import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { mutantOf, mutated, notApplied } from './mutants.ts';
import type { History } from './schedules.ts';

/*
 * Plays schedules in a thread of its own and reports what went wrong. With a mutant, the module of its function is changed while
 * it is loaded: what runs is the real code but for that function.
 */

/** What a worker is asked to do, and what it answers. */
export type WorkerData = {
  /** The name of a mutant in test/faults/mutants.ts. */
  mutant?: string;
  firstSeed: number;
  step: number;
  count: number;
  stopAtFirst: boolean;
  /** Played instead of those that seeds determine. */
  histories?: History[];
};
export type WorkerReport = { seed: number; wrong: string[] } | { played: number; isOver: boolean };

const { mutant, firstSeed, step, count, stopAtFirst, histories } = workerData as WorkerData;

let isMutated = mutant === undefined;
if (mutant !== undefined) {
  const { file, source } = mutated(mutantOf(mutant));
  const changedUrl = pathToFileURL(file).href;
  registerHooks({
    load(url, context, nextLoad) {
      if (url !== changedUrl) return nextLoad(url, context);
      isMutated = true;
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

// After the hooks, so that they see what is loaded.
const { historyOf, play } = await import('./schedules.ts');
if (!isMutated) throw new Error(`The schedules never load the module that the mutant "${mutant}" changes.`);

const report = (message: WorkerReport) => parentPort?.postMessage(message);
let played = 0;
for (let i = 0; i < count; i++) {
  const seed = firstSeed + i * step;
  const wrong = await play(histories?.[i] ?? historyOf(seed)).catch((error: Error) => [
    `the harness broke: ${error.stack}`,
  ]);
  played++;
  if (wrong.length > 0) {
    report({ seed, wrong });
    if (stopAtFirst) break;
  }
  if (played % 50 === 0) report({ played, isOver: false });
}
// The thread fails, and with it the test: a schedule that went wrong would prove nothing.
if (notApplied.size > 0) throw new Error([...notApplied].join('\n'));
report({ played, isOver: true });
