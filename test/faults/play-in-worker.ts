import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildChanged, builtFile, root } from '../../infra/build/build.js';
import { mutantOf, mutated } from './mutants.ts';
import type { WorkerData, WorkerReport } from './worker.ts';

export type Found = { seed: number; wrong: string[] };

/** Plays schedules in a thread: plain Node, whatever runs this. @returns what went wrong, how many were played, and how long it took */
export async function playInWorker(
  data: WorkerData,
  onProgress: (played: number, found: Found[]) => void = () => undefined,
): Promise<{ found: Found[]; played: number; seconds: number }> {
  const startedAtMs = performance.now();
  const file = data.mutant ? await buildMutant(data.mutant) : builtFile('test/faults/worker.ts');
  const worker = new Worker(file, { workerData: data });
  const found: Found[] = [];
  let played = 0;
  worker.on('message', (message: WorkerReport) => {
    if ('wrong' in message) found.push(message);
    else played = message.played;
    onProgress(played, found);
  });
  // Rejects when the thread fails.
  await once(worker, 'exit').finally(() => data.mutant && rmSync(file));
  return { found, played, seconds: (performance.now() - startedAtMs) / 1000 };
}

/** The worker with the real code but for the mutant's change. */
function buildMutant(name: string): Promise<string> {
  const { file, source } = mutated(mutantOf(name));
  return buildChanged('test/faults/worker.ts', new Map([[relative(root, file), source]]));
}
