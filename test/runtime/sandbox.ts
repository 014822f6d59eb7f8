import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { lambdaVariables } from '../../infra/local/function-host.ts';
import type { FunctionResource } from '../../infra/local/resources/function.ts';
import { accountId, region } from '../../infra/local/resources/resource-type.ts';
import { type ControlGroup, cpusOf, makeControlGroup } from './control-group.ts';
import type { LambdaClient } from './lambda-client.ts';

/** How a call ended. Times in milliseconds, on the clock unless they say otherwise. */
export type Invocation = {
  requestId: string;
  result: { kind: 'answered'; payload: string } | { kind: 'failed'; error: FailedCall };
  /** From the start of the process to its first request for an event; absent for a warm call. */
  initMs?: number;
  /** Processor time of that. NaN without a control group. */
  initCpuMs?: number;
  /** From the event to the answer. */
  durationMs: number;
  /** Processor time from the event to the request for the next one. NaN without a control group. */
  cpuMs: number;
};

/** In Lambda's words: `Sandbox.Timedout`, `Runtime.ExitError`, `Function.ResponseSizeTooLarge`, or the error's own name. */
export type FailedCall = { errorType: string; errorMessage: string; trace: string[] };

export type PrintedLine = { stream: 'stdout' | 'stderr'; text: string };

export type Sandbox = {
  definition: FunctionResource;
  /**
   * Calls the function; starts its process when there is none. One call at a time.
   * @throws Error when the event is larger than Lambda takes
   */
  invoke(event: unknown, options?: { clientContext?: object }): Promise<Invocation>;
  /** Lines since the last look. */
  printed(): PrintedLine[];
  /** While it waits for an event. */
  isFrozen(): boolean;
  pid(): number | undefined;
  /** Why neither processor nor memory is limited; undefined when both are. */
  unlimited: string | undefined;
  /** NaN without a control group. */
  peakMegabytes(): number;
  stop(): Promise<void>;
};

export type SandboxOptions = {
  client: LambdaClient;
  definition: FunctionResource;
  /** Besides those of Lambda and of the template. */
  variables?: Record<string, string>;
  /** Whether it gets the memory's share of a processor. Default: true, where the machine can limit it. */
  limited?: boolean;
};

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, as the runtime API counts them.
export const payloadBytesMax = 6_291_556;
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const initMsMax = 10_000;

/**
 * One execution environment of Lambda: a process of Lambda's runtime client with the function's bundle, behind the
 * runtime API. As Lambda does, it gives the process a whole CPU while it starts and the memory's share afterwards,
 * freezes it while there is no event, kills it at its timeout, and starts a new one after a failure of the process.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { client, definition, variables = {}, limited = true } = options;
  const { name, memoryMb, timeoutSeconds } = definition;
  const group = limited ? makeControlGroup(memoryMb) : { why: 'no limit was asked for' };
  const limits: ControlGroup | undefined = 'why' in group ? undefined : group;
  const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  const usedMs = () => limits?.usedMs() ?? Number.NaN;

  let child: ChildProcess | undefined;
  let lines: PrintedLine[] = [];
  let frozen = false;
  /** The process asks for an event. */
  let asking: ServerResponse | undefined;
  let onAsking: () => void = () => undefined;
  let onFailure: (error: FailedCall) => void = () => undefined;
  let call: { id: string; settle(result: Invocation['result']): void } | undefined;

  const failed = (errorType: string, errorMessage: string, trace: string[] = []): Invocation['result'] => ({
    kind: 'failed',
    error: { errorType, errorMessage, trace },
  });

  function freeze(isFrozen: boolean): void {
    if (frozen === isFrozen || child?.pid === undefined) return;
    frozen = isFrozen;
    signalAll(child, isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  const server = createServer(async (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const body = await readAll(request);
    const answer = (status: number, content: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(content));
    };
    const [, id, kind] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (path === '/2018-06-01/runtime/invocation/next') {
      asking = response;
      onAsking();
    } else if (path === '/2018-06-01/runtime/init/error') {
      answer(202, { status: 'OK' });
      onFailure(errorOf(body));
    } else if (id === undefined) {
      answer(404, { errorType: 'InvalidRequest', errorMessage: `no such path: ${path}` });
    } else if (id !== call?.id) {
      answer(400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' });
    } else if (kind === 'error') {
      answer(202, { status: 'OK' });
      call.settle({ kind: 'failed', error: errorOf(body) });
    } else if (body.length > payloadBytesMax) {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${payloadBytesMax} bytes).`;
      answer(413, { errorType: 'RequestEntityTooLarge', errorMessage });
      call.settle(failed('Function.ResponseSizeTooLarge', errorMessage));
    } else {
      answer(202, { status: 'OK' });
      call.settle({ kind: 'answered', payload: body.toString('utf8') });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the runtime API has no port');
  const { port } = address;

  function start(): ChildProcess {
    limits?.limitCpus(1);
    // The shell joins the group before it becomes the function, so that no start escapes its limits.
    const started = spawn(
      '/bin/sh',
      ['-c', 'read -r _ && exec "$0" "$@"', client.node, ...flags(memoryMb), client.client],
      {
        cwd: dirname(definition.file),
        env: {
          ...processVariables(definition, client),
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
          ...definition.variables,
          ...variables,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
        // A group of its own, so that freezing and killing reach what the function itself has started.
        detached: true,
      },
    );
    limits?.add(started.pid as number);
    started.stdin?.end('\n');
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface({ input: started[stream] as NodeJS.ReadableStream, crlfDelay: 0 }).on('line', (text) =>
        lines.push({ stream, text }),
      );
    }
    started.on('exit', (code, signal) => {
      if (child !== started) return;
      child = undefined;
      asking = undefined;
      frozen = false;
      const how = signal === null ? `exit status ${code}` : `signal: ${signal}`;
      onFailure({ errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with error: ${how}`, trace: [] });
    });
    return started;
  }

  /** Until it asks for an event, at most `msMax`. */
  async function waitUntilAsking(msMax: number): Promise<FailedCall | undefined> {
    if (asking !== undefined) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const failure = await new Promise<FailedCall | undefined>((resolve) => {
      onAsking = () => resolve(undefined);
      onFailure = resolve;
      timer = setTimeout(() => resolve(timedOut(msMax / 1000)), msMax);
    });
    clearTimeout(timer);
    onAsking = () => freeze(true);
    onFailure = () => undefined;
    return failure;
  }

  async function kill(): Promise<void> {
    const killed = child;
    if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return;
    child = undefined;
    asking = undefined;
    frozen = false;
    const ended = new Promise<void>((resolve) => killed.on('close', () => resolve()));
    signalAll(killed, 'SIGKILL');
    await ended;
  }

  async function invoke(event: unknown, { clientContext }: { clientContext?: object } = {}): Promise<Invocation> {
    const payload = JSON.stringify(event);
    const bytes = Buffer.byteLength(payload);
    if (bytes > payloadBytesMax)
      throw new Error(`RequestEntityTooLarge: the event has ${bytes} bytes, at most ${payloadBytesMax}`);
    const requestId = randomUUID();
    let init: { initMs: number; initCpuMs: number } | undefined;
    if (child === undefined) {
      const [startedMs, startedCpuMs] = [performance.now(), usedMs()];
      child = start();
      const error = await waitUntilAsking(initMsMax);
      init = { initMs: performance.now() - startedMs, initCpuMs: usedMs() - startedCpuMs };
      if (error !== undefined) {
        await kill();
        return { requestId, result: { kind: 'failed', error }, ...init, durationMs: 0, cpuMs: 0 };
      }
    }
    limits?.limitCpus(cpusOf(memoryMb));
    freeze(false);
    const [startedMs, startedCpuMs] = [performance.now(), usedMs()];
    const deadlineMs = Date.now() + timeoutSeconds * 1000;
    const headers = {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': requestId,
      'lambda-runtime-deadline-ms': String(deadlineMs),
      'lambda-runtime-invoked-function-arn': functionArn,
      'lambda-runtime-trace-id': `Root=1-${hexNow()}-${randomBytes(12).toString('hex')};Sampled=0`,
      ...(clientContext && { 'lambda-runtime-client-context': JSON.stringify(clientContext) }),
    };
    let timer: NodeJS.Timeout | undefined;
    const result = await new Promise<Invocation['result']>((settle) => {
      call = { id: requestId, settle };
      onFailure = (error) => settle({ kind: 'failed', error });
      timer = setTimeout(() => settle({ kind: 'failed', error: timedOut(timeoutSeconds) }), timeoutSeconds * 1000);
      const next = asking as ServerResponse;
      asking = undefined;
      next.writeHead(200, headers);
      next.end(payload);
    });
    const durationMs = performance.now() - startedMs;
    clearTimeout(timer);
    call = undefined;
    onFailure = () => undefined;
    // Lambda bills, and lets run, until the process asks again. A process that does not come back is replaced.
    const error = child === undefined ? undefined : await waitUntilAsking(Math.max(0, deadlineMs - Date.now()));
    const cpuMs = usedMs() - startedCpuMs;
    if (error !== undefined) await kill();
    else freeze(true);
    return { requestId, result, ...init, durationMs, cpuMs };
  }

  return {
    definition,
    invoke,
    printed() {
      const taken = lines;
      lines = [];
      return taken;
    },
    isFrozen: () => frozen,
    pid: () => child?.pid,
    unlimited: 'why' in group ? group.why : undefined,
    peakMegabytes: () => limits?.peakMegabytes() ?? Number.NaN,
    async stop() {
      await kill();
      limits?.remove();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The process and all that it has started. */
function signalAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    // It has just ended by itself, which its `exit` tells.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function timedOut(seconds: number): FailedCall {
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `Task timed out after ${seconds.toFixed(2)} seconds`,
    trace: [],
  };
}

function errorOf(body: Buffer): FailedCall {
  const { errorType = '', errorMessage = '', trace = [] } = JSON.parse(body.toString('utf8'));
  return { errorType, errorMessage, trace };
}

/** As Lambda's own start script sets them: nine tenths of the memory for the heap, a twentieth for new objects. */
function flags(memoryMb: number): string[] {
  return [
    '--expose-gc',
    `--max-semi-space-size=${Math.floor((memoryMb * 5) / 100)}`,
    `--max-old-space-size=${Math.floor((memoryMb * 90) / 100)}`,
  ];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
function processVariables(definition: FunctionResource, { nodeVersion }: LambdaClient): Record<string, string> {
  return {
    ...lambdaVariables(definition),
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${nodeVersion.split('.', 1)[0]}.x`,
    AWS_LAMBDA_LOG_STREAM_NAME: `2026/11/25/[$LATEST]${randomBytes(16).toString('hex')}`,
    LAMBDA_TASK_ROOT: dirname(definition.file),
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
  };
}

const hexNow = () => Math.floor(Date.now() / 1000).toString(16);

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
