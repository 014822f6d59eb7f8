import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { type Mutant, mutate } from './mutants.ts';
import type { History } from './schedules.ts';

/*
 * Plays schedules in a thread of its own: `next` asks for one, an empty answer means that all is done. With a mutant the
 * modules it names are changed while they are loaded, so what runs is the real code but for that change.
 */

/** What a worker is asked to do, and what it answers. */
export type WorkerData = {
  mutant?: Pick<Mutant, 'replacements'>;
  firstSeed: number;
  step: number;
  count: number;
  stopAtFirst: boolean;
  /** Played instead of those that seeds determine. */
  histories?: History[];
};
export type WorkerReport = { seed: number; wrong: string[] } | { played: number; isOver: boolean };

const root = join(import.meta.dirname, '../..');
const { mutant, firstSeed, step, count, stopAtFirst, histories } = workerData as WorkerData;

if (mutant) {
  const changed = new Map<string, string>();
  for (const replacement of mutant.replacements) {
    const url = pathToFileURL(join(root, replacement.file)).href;
    changed.set(url, mutate(changed.get(url) ?? readFileSync(new URL(url), 'utf8'), replacement));
  }
  registerHooks({
    load(url, context, nextLoad) {
      const source = changed.get(url);
      return source === undefined
        ? nextLoad(url, context)
        : { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

// After the hooks, so that they see what is loaded.
const { historyOf, play } = await import('./schedules.ts');

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
report({ played, isOver: true });
