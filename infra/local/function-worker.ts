import { pathToFileURL } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { guardCompression } from './compression-guard.ts';

/**
 * Messages to and from a worker. Events and results cross as JSON, as between Lambda and a
 * function.
 */
export type WorkerData = { file: string; handler: string; guard: Int32Array };
export type Call = { payload: string; deadlineMs: number; context: CallContext };
export type CallContext = {
  awsRequestId: string;
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  memoryLimitInMB: string;
  logGroupName: string;
  logStreamName: string;
};
export type ThrownError = { errorType: string; errorMessage: string; stack: string | undefined };
export type Printed = { stream: 'stdout' | 'stderr'; text: string }[];
export type Answer = (
  | { kind: 'loaded' }
  | { kind: 'not-loaded'; error: ThrownError }
  | { kind: 'returned'; payload: string }
  | { kind: 'threw'; error: ThrownError }
  | { kind: 'printed' }
) & {
  /** Output since the last answer. */
  printed: Printed;
  heapBytes: number;
};

type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never;
type Handler = (event: unknown, context: object) => unknown;

const { file, handler: name, guard } = workerData as WorkerData;
guardCompression(guard);
let printed: Printed = [];
const answer = (message: DistributiveOmit<Answer, 'printed' | 'heapBytes'>) => {
  parentPort?.postMessage({ ...message, printed, heapBytes: getHeapStatistics().used_heap_size });
  printed = [];
};
const answerWithPrinted = () => {
  if (printed.length > 0) answer({ kind: 'printed' });
};

// A worker's own streams cost two messages between threads per line; instead, lines travel with the
// answers.
for (const stream of ['stdout', 'stderr'] as const) {
  process[stream].write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
    if (printed.length === 0) setImmediate(answerWithPrinted);
    printed.push({ stream, text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8') });
    const written = rest.find((argument) => typeof argument === 'function');
    if (written) process.nextTick(written as () => void);
    return true;
  };
}
process.on('exit', answerWithPrinted);
// Like `--enable-source-maps` on Lambda: stacks name the source files.
process.setSourceMapsEnabled(true);

try {
  const bundle = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const handler = bundle[name];
  if (typeof handler !== 'function') throw new Error(`${file} does not export the function ${name}`);
  parentPort?.on('message', (call: Call) => void run(handler as Handler, call));
  answer({ kind: 'loaded' });
} catch (error) {
  answer({ kind: 'not-loaded', error: describe(error) });
}

async function run(handler: Handler, { payload, deadlineMs, context }: Call): Promise<void> {
  try {
    const result = await handler(JSON.parse(payload), {
      ...context,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
    });
    // A function that returns nothing answers `null`.
    answer({ kind: 'returned', payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    answer({ kind: 'threw', error: describe(error) });
  }
}

function describe(error: unknown): ThrownError {
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message, stack: error.stack };
  return { errorType: typeof error, errorMessage: String(error), stack: undefined };
}
