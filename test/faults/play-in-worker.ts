import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { WorkerData, WorkerReport } from './worker.ts';

export type Found = { seed: number; wrong: string[] };

/** Plays schedules in a thread: plain Node, whatever runs this. @returns what went wrong, how many were played, and how long it took */
export async function playInWorker(
  data: WorkerData,
  onProgress: (played: number, found: Found[]) => void = () => undefined,
): Promise<{ found: Found[]; played: number; seconds: number }> {
  const startedAtMs = performance.now();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: data,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const found: Found[] = [];
  let played = 0;
  worker.on('message', (message: WorkerReport) => {
    if ('wrong' in message) found.push(message);
    else played = message.played;
    onProgress(played, found);
  });
  // Rejects when the thread fails.
  await once(worker, 'exit');
  return { found, played, seconds: (performance.now() - startedAtMs) / 1000 };
}
