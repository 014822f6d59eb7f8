import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect } from '@jest/globals';
import type { FunctionResource } from '../../infra/local/resources/function.ts';
import { payloadBytesMax, type Sandbox, startSandbox } from './sandbox.ts';
import { client, testLimited, testWithClient } from './tests.ts';

// The sandbox of these tests is only worth as much as it is like Lambda. So each handler here does one thing, and each
// test says what Lambda makes of it.

const folder = mkdtempSync(join(tmpdir(), 'signalbox-sandbox-'));
let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.stop();
  sandbox = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function start(code: string, change: Partial<FunctionResource> = {}, variables: Record<string, string> = {}) {
  const file = join(folder, `${files++}`, 'index.mjs');
  mkdirSync(join(file, '..'));
  writeFileSync(file, code);
  const definition: FunctionResource = {
    name: 'tested',
    file,
    handler: 'handler',
    role: 'arn:aws:iam::000000000000:role/tested',
    memoryMb: 512,
    timeoutSeconds: 5,
    reservedConcurrency: undefined,
    logging: { format: 'JSON', level: 'INFO' },
    variables: {},
    ...change,
  };
  sandbox = await startSandbox({ client, definition, variables });
  return sandbox;
}

testWithClient("a handler gets the event and Lambda's context", async () => {
  const { invoke } = await start(`
    export const handler = async (event, context) => ({
      event, ...context, remainingMs: context.getRemainingTimeInMillis(), runtime: process.env.AWS_EXECUTION_ENV, node: process.version
    });`);
  const { requestId, result } = await invoke({ n: 1 }, { clientContext: { custom: { k: 'v' } } });
  const answer = JSON.parse(result.kind === 'answered' ? result.payload : '{}');
  expect(answer).toMatchObject({
    event: { n: 1 },
    awsRequestId: requestId,
    functionName: 'tested',
    memoryLimitInMB: '512',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tested',
    clientContext: { custom: { k: 'v' } },
    runtime: 'AWS_Lambda_nodejs24.x',
    node: `v${client.nodeVersion}`,
  });
  expect(answer.remainingMs).toBeGreaterThan(0);
  expect(answer.remainingMs).toBeLessThanOrEqual(5000);
});

testWithClient('only the first call loads the module', async () => {
  const { invoke } = await start(`let calls = 0; export const handler = async () => ++calls;`);
  const first = await invoke({});
  const second = await invoke({});
  expect(first.initMs).toBeGreaterThan(0);
  expect(second.initMs).toBeUndefined();
  expect(second.result).toEqual({ kind: 'answered', payload: '2' });
});

testWithClient(
  'a module that cannot be loaded fails the call with its error, and the next call loads it again',
  async () => {
    const { invoke } = await start(`throw new TypeError('no table');`);
    for (const _ of [1, 2]) {
      expect((await invoke({})).result).toMatchObject({
        kind: 'failed',
        error: { errorType: 'TypeError', errorMessage: 'no table' },
      });
    }
  },
);

testWithClient('an error of the handler fails the call only', async () => {
  const { invoke } = await start(`
    let calls = 0;
    export const handler = async () => { if (++calls === 1) throw new RangeError('too far'); return calls; };`);
  expect((await invoke({})).result).toMatchObject({
    kind: 'failed',
    error: { errorType: 'RangeError', errorMessage: 'too far', trace: expect.arrayContaining(['RangeError: too far']) },
  });
  expect((await invoke({})).result).toEqual({ kind: 'answered', payload: '2' });
});

testWithClient('a call that runs out of time is killed, and the next one starts anew', async () => {
  const { invoke } = await start(
    `let calls = 0;
     export const handler = (event) => event.hang ? new Promise(() => setInterval(() => {}, 1000)) : Promise.resolve(++calls);`,
    { timeoutSeconds: 1 },
  );
  const { result } = await invoke({ hang: true });
  expect(result).toMatchObject({
    error: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 1.00 seconds' },
  });
  const next = await invoke({});
  expect(next.initMs).toBeGreaterThan(0);
  expect(next.result).toEqual({ kind: 'answered', payload: '1' });
});

testWithClient('between calls the process is frozen, and its timers wait', async () => {
  const ticks = join(folder, 'ticks');
  const { invoke, isFrozen, pid } = await start(`
    import { appendFileSync } from 'node:fs';
    setInterval(() => appendFileSync(${JSON.stringify(ticks)}, '.'), 5);
    export const handler = () => new Promise((resolve) => setTimeout(resolve, 50));`);
  const ticked = () => readFileSync(ticks, 'utf8').length;
  await invoke({});
  expect(isFrozen()).toBe(true);
  // The signal reaches the process within a moment.
  const state = () => readFileSync(`/proc/${pid()}/stat`, 'utf8');
  for (let waitedMs = 0; waitedMs < 5_000 && !/\) T /.test(state()); waitedMs += 10) await sleep(10);
  expect(state()).toMatch(/\) T /);
  const before = ticked();
  await sleep(300);
  expect(ticked()).toBe(before);
  await invoke({});
  expect(ticked()).toBeGreaterThan(before);
});

testWithClient('an answer above 6 MB fails the call, and one just below does not', async () => {
  const { invoke } = await start(`export const handler = async ({ bytes }) => 'x'.repeat(bytes - 2);`);
  expect((await invoke({ bytes: payloadBytesMax })).result.kind).toBe('answered');
  expect((await invoke({ bytes: payloadBytesMax + 1 })).result).toMatchObject({
    error: { errorType: 'Function.ResponseSizeTooLarge' },
  });
  expect((await invoke({ bytes: 3 })).result).toEqual({ kind: 'answered', payload: '"x"' });
});

testWithClient('an event above 6 MB never reaches the function', async () => {
  const { invoke, pid } = await start(`export const handler = async () => 1;`);
  await expect(invoke('x'.repeat(payloadBytesMax))).rejects.toThrow('RequestEntityTooLarge');
  expect(pid()).toBeUndefined();
});

testWithClient(
  'a rejection that is handled nowhere ends the process; the call before it keeps its answer',
  async () => {
    const { invoke } = await start(`
    let calls = 0;
    export const handler = async (event) => {
      if (event.reject) setTimeout(() => Promise.reject(new Error('later')), 1);
      return ++calls;
    };`);
    expect((await invoke({ reject: true })).result).toEqual({ kind: 'answered', payload: '1' });
    // Whether it falls before the freeze or into the next call is left to chance, on Lambda too.
    let next = await invoke({});
    for (let i = 0; i < 3 && (next.initMs === undefined || next.result.kind === 'failed'); i++) next = await invoke({});
    expect(next).toMatchObject({ initMs: expect.any(Number), result: { kind: 'answered', payload: '1' } });
  },
);

testLimited('memory above the limit ends the process, and the next call starts anew', async () => {
  const { invoke } = await start(
    `
    const kept = [];
    export const handler = async ({ fill }) => { while (fill) kept.push(Buffer.alloc(8e6, 1)); return kept.length; };`,
    { timeoutSeconds: 25 },
  );
  expect((await invoke({ fill: true })).result).toMatchObject({ error: { errorType: 'Runtime.ExitError' } });
  expect((await invoke({})).result).toEqual({ kind: 'answered', payload: '0' });
});

testWithClient('/tmp can be written, and warm calls find what was written', async () => {
  const file = join(folder, 'kept');
  const { invoke } = await start(`
    import { existsSync, writeFileSync } from 'node:fs';
    export const handler = async () => { const was = existsSync(${JSON.stringify(file)}); writeFileSync(${JSON.stringify(file)}, 'x'); return was; };`);
  expect((await invoke({})).result).toMatchObject({ payload: 'false' });
  expect((await invoke({})).result).toMatchObject({ payload: 'true' });
});

testWithClient(
  'console calls become JSON with level and request id, below the level they vanish, and stdout stays as it is',
  async () => {
    const { invoke, printed } = await start(`
    export const handler = async () => {
      console.debug('detail');
      console.warn('careful', 1);
      process.stdout.write('{"_aws":{}}\\n');
    };`);
    const { requestId } = await invoke({});
    await sleep(50);
    const lines = printed().map(({ text }) => JSON.parse(text));
    expect(lines).toEqual([
      { timestamp: expect.any(String), level: 'WARN', requestId, message: 'careful 1' },
      { _aws: {} },
    ]);
  },
);

testLimited(
  'a call gets its part of a processor: a quarter makes it take at least twice its processor time',
  async () => {
    const { invoke } = await start(
      `export const handler = async () => { const from = process.cpuUsage(); while (process.cpuUsage(from).user < 100_000); };`,
      { memoryMb: 442 },
    );
    const { durationMs, cpuMs } = await invoke({});
    expect(cpuMs).toBeGreaterThan(90);
    expect(durationMs).toBeGreaterThan(2 * cpuMs);
  },
);
