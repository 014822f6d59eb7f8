import { parentPort, workerData } from 'node:worker_threads';
import { notApplied } from './mutants.ts';
import { type History, historyOf, play } from './schedules.ts';

/*
 * Plays schedules in a thread of its own and reports what went wrong. For a mutant it is bundled with the module of its
 * function changed: what runs is the real code but for that function.
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

const { firstSeed, step, count, stopAtFirst, histories } = workerData as WorkerData;

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
