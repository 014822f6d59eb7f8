import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { builtFile } from '../build/build.js';
import { makeCompressionGuard, waitForCompression } from './compression-guard.ts';
import type { Answer, Call, ThrownError, WorkerData } from './function-worker.ts';
import type { FunctionResource } from './resources/function.ts';
import { accountId, region } from './resources/resource-type.ts';

/** A failed call: the handler threw, took too long, or its process ended. */
export class FunctionError extends Error {
  override name = 'FunctionError';
  readonly errorType: string;

  constructor({ errorType, errorMessage, stack }: ThrownError) {
    super(`${errorType}: ${errorMessage}`);
    this.errorType = errorType;
    if (stack !== undefined) this.stack = stack;
  }
}

export type FunctionHost = {
  name: string;
  memoryMb: number;
  timeoutSeconds: number;
  workersMax: number;
  /**
   * Calls the function with an event in JSON and answers its result in JSON; waits for a free
   * worker.
   * @throws FunctionError
   */
  invoke(payload: string): Promise<string>;
  /** All later calls run in new workers; calls in work finish in their present ones. */
  renew(): void;
  /**
   * The same with another bundle.
   * @throws FunctionError when the bundle cannot be loaded; the function stays as it is
   */
  replace(file: string): Promise<void>;
  /**
   * Ends a worker in the middle of its call, as Lambda may at any moment: the call fails, and
   * others go on. For tests. Answers whether one was busy.
   */
  killBusyWorker(): boolean;
  /**
   * Megabytes of heap in use at each worker's last answer, without workers that are starting or
   * ending.
   */
  heapsMb(): number[];
  stop(): Promise<void>;
};

export type HostOptions = {
  /** Calls that may run at the same time, each in a separate worker. */
  workersMax: number;
  /** Additional variables for every function, such as the emulators' addresses. */
  variables: Record<string, string>;
  /** Gets the functions' output, line by line. */
  onLine(functionName: string, line: string, stream: 'stdout' | 'stderr'): void;
};

type Waiting = { payload: string; resolve(result: string): void; reject(error: Error): void };

/**
 * Runs a function's bundle as Lambda would: in workers with the function's memory and variables,
 * one call at a time in each, stopped at its timeout. A worker is started when all others are busy,
 * and kept for later calls. A broken worker fails only its own call.
 */
export function hostFunction(first: FunctionResource, options: HostOptions): FunctionHost {
  let definition = first;
  const waiting: Waiting[] = [];
  const idle: FunctionWorker[] = [];
  /** All living workers, including those that finish their last call after a renewal. */
  const all = new Set<FunctionWorker>();
  /** Workers that get calls. */
  let current = new Set<FunctionWorker>();
  let starting = 0;

  const next = (): void => {
    while (waiting.length > 0) {
      const worker = idle.pop();
      if (worker === undefined) break;
      void serve(worker, waiting.shift() as Waiting);
    }
    if (waiting.length > starting && current.size < options.workersMax) {
      starting++;
      const worker = add(startWorker(definition, options));
      const of = current;
      worker.loaded
        .then(
          () => settle(worker),
          (error: Error) => {
            // The cold start was for the first call in line; the next ones get their own try.
            if (of === current) waiting.shift()?.reject(error);
          },
        )
        .finally(() => {
          if (of === current) starting--;
          next();
        });
    }
  };

  function add(worker: FunctionWorker): FunctionWorker {
    all.add(worker);
    current.add(worker);
    void worker.ended.then(() => {
      all.delete(worker);
      current.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
      next();
    });
    return worker;
  }

  /** An idle worker: it waits for a call, or ends if its version is old. */
  function settle(worker: FunctionWorker): void {
    if (!current.has(worker)) void worker.stop();
    else if (worker.isAlive()) idle.push(worker);
  }

  async function serve(worker: FunctionWorker, { payload, resolve, reject }: Waiting): Promise<void> {
    try {
      resolve(await worker.call(payload));
    } catch (error) {
      reject(error as Error);
    }
    settle(worker);
    next();
  }

  function renew(): void {
    current = new Set();
    starting = 0;
    for (const worker of idle.splice(0)) void worker.stop();
    next();
  }

  return {
    name: first.name,
    memoryMb: first.memoryMb,
    timeoutSeconds: first.timeoutSeconds,
    workersMax: options.workersMax,
    invoke(payload) {
      return new Promise((resolve, reject) => {
        waiting.push({ payload, resolve, reject });
        next();
      });
    },
    renew,
    async replace(file) {
      const changed = { ...definition, file };
      const worker = startWorker(changed, options);
      // Fails without any change when the new code cannot be loaded.
      await worker.loaded;
      definition = changed;
      renew();
      settle(add(worker));
      next();
    },
    killBusyWorker() {
      const busy = [...all].find((worker) => worker.isAlive() && worker.isBusy());
      void busy?.stop();
      return busy !== undefined;
    },
    heapsMb: () => [...all].map((worker) => worker.heapMb()).filter((heap) => heap !== undefined),
    async stop() {
      for (const { reject } of waiting.splice(0)) reject(new Error('the runtime is stopping'));
      await Promise.all([...all].map((worker) => worker.stop()));
    },
  };
}

type FunctionWorker = {
  loaded: Promise<void>;
  call(payload: string): Promise<string>;
  isAlive(): boolean;
  isBusy(): boolean;
  heapMb(): number | undefined;
  /** Settles when its thread has ended. */
  ended: Promise<void>;
  stop(): Promise<void>;
};

// Lambda gives a function ten seconds to load: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const loadSecondsMax = 10;
// Without this limit, V8 lets each worker's new objects grow to 48 MB before it collects them.
const youngGenerationMb = 8;

function startWorker(definition: FunctionResource, { variables, onLine }: HostOptions): FunctionWorker {
  const { name, file, handler, memoryMb, timeoutSeconds } = definition;
  const guard = makeCompressionGuard();
  const workerData: WorkerData = { file, handler, guard };
  const worker = new Worker(builtFile('infra/local/function-worker.ts'), {
    workerData,
    env: { ...lambdaVariables(definition), ...variables, ...definition.variables },
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: youngGenerationMb },
  });
  const context = {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
    memoryLimitInMB: String(memoryMb),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: `local/${worker.threadId}`,
  };
  const end = async () => {
    await waitForCompression(guard);
    await worker.terminate();
  };
  let alive = true;
  let calls = 0;
  let heapMb: number | undefined;
  let onAnswer: (answer: Answer) => void = () => undefined;
  let onDeath: (error: FunctionError) => void = () => undefined;
  const die = (errorType: string, errorMessage: string, stack?: string) => {
    alive = false;
    onDeath(new FunctionError({ errorType, errorMessage, stack }));
  };
  worker.on('message', (answer: Answer) => {
    heapMb = answer.heapBytes / 2 ** 20;
    for (const { stream, text } of answer.printed) {
      for (const line of text.split('\n')) if (line !== '') onLine(name, line, stream);
    }
    if (answer.kind !== 'printed') onAnswer(answer);
  });
  worker.on('error', (error: Error) => die(error.name, error.message, error.stack));
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      die('Runtime.ExitError', `the function's process ended with code ${code}`);
      resolve();
    });
  });

  /** One exchange with the worker, which is stopped at the timeout. */
  const exchange = async <Result>(
    send: () => void,
    secondsMax: number,
    read: (answer: Answer) => Result,
  ): Promise<Result> => {
    let timer: NodeJS.Timeout | undefined;
    let isAnswered = false;
    try {
      const answered = new Promise<Answer>((resolve, reject) => {
        onAnswer = (answer) => {
          isAnswered = true;
          resolve(answer);
        };
        onDeath = reject;
        const timeOut = () => {
          if (isAnswered) return;
          void end();
          die('Sandbox.Timedout', `Task timed out after ${secondsMax.toFixed(2)} seconds`);
        };
        // When this thread was busy, the answer may be waiting behind the timer: it is heard first.
        timer = setTimeout(() => setImmediate(timeOut), secondsMax * 1000);
      });
      send();
      return read(await answered);
    } finally {
      clearTimeout(timer);
      onAnswer = () => undefined;
      onDeath = () => undefined;
    }
  };

  const loaded = exchange(
    () => undefined,
    loadSecondsMax,
    (answer) => {
      if (answer.kind === 'loaded') return;
      void end();
      throw new FunctionError((answer as Extract<Answer, { kind: 'not-loaded' }>).error);
    },
  );

  return {
    loaded,
    call(payload) {
      const deadlineMs = Date.now() + timeoutSeconds * 1000;
      const call: Call = { payload, deadlineMs, context: { ...context, awsRequestId: randomUUID() } };
      calls++;
      return exchange(
        () => worker.postMessage(call),
        timeoutSeconds,
        (answer) => {
          if (answer.kind === 'returned') return answer.payload;
          throw new FunctionError((answer as Extract<Answer, { kind: 'threw' }>).error);
        },
      ).finally(() => calls--);
    },
    isAlive: () => alive,
    isBusy: () => calls > 0,
    heapMb: () => (alive ? heapMb : undefined),
    ended,
    stop: end,
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
export function lambdaVariables({ name, handler, memoryMb, logging }: FunctionResource): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_FORMAT: logging.format,
    ...(logging.level !== undefined && { AWS_LAMBDA_LOG_LEVEL: logging.level }),
    _HANDLER: `index.${handler}`,
    TZ: ':UTC',
  };
}
