import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { transform } from 'esbuild';
import { type FunctionHost, hostFunction } from '../../../infra/local/function-host.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-function-'));
const lines: string[] = [];
let host: FunctionHost | undefined;

afterEach(async () => {
  await host?.stop();
  lines.length = 0;
});
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
function start(code: string, { workersMax = 1, timeoutSeconds = 5, memoryMb = 128 } = {}): FunctionHost {
  const file = join(directory, `${files++}.mjs`);
  writeFileSync(file, code);
  host = hostFunction(
    {
      name: 'tested',
      file,
      handler: 'handler',
      role: 'arn:aws:iam::000000000000:role/tested',
      memoryMb,
      timeoutSeconds,
      reservedConcurrency: undefined,
      logging: { format: 'Text', level: undefined },
      variables: { OWN: 'of the template', LOCAL: 'overridden' },
    },
    { workersMax, variables: { LOCAL: 'true', SHARED: 'of the runtime' }, onLine: (_, line) => lines.push(line) },
  );
  return host;
}

const call = async (to: FunctionHost, event: unknown) => JSON.parse(await to.invoke(JSON.stringify(event)));

describe('a hosted function', () => {
  test('gets the event and the context of Lambda, and answers its result', async () => {
    const host = start(
      `export const handler = async (event, context) => ({ event, context, left: context.getRemainingTimeInMillis() });`,
    );
    const { event, context, left } = await call(host, { a: 1 });
    expect(event).toEqual({ a: 1 });
    expect(context).toMatchObject({
      functionName: 'tested',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tested',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(left).toBeGreaterThan(4_500);
    expect(left).toBeLessThanOrEqual(5_000);
  });

  test("sees the template's variables and the runtime's, and nothing of this machine's", async () => {
    const { PATH: _, ...seen } = await call(start(`export const handler = () => ({ ...process.env });`), {});
    expect(seen).toMatchObject({
      OWN: 'of the template',
      SHARED: 'of the runtime',
      AWS_LAMBDA_FUNCTION_NAME: 'tested',
    });
    expect(Object.keys(seen)).not.toContain('HOME');
    expect(_).toBeUndefined();
  });

  test('that returns nothing answers null', async () => {
    expect(await call(start(`export const handler = async () => undefined;`), {})).toBeNull();
  });

  test('keeps its state between calls, as a warm function does', async () => {
    const host = start(`let calls = 0; export const handler = async () => ++calls;`);
    expect([await call(host, {}), await call(host, {})]).toEqual([1, 2]);
  });

  test('has one call at a time in a worker, and as many workers as it may', async () => {
    const mark = join(directory, 'others-answered');
    const host = start(
      `import { existsSync } from 'node:fs';
       let running = 0;
       const id = Math.random();
       export const handler = async ({ first }) => {
         const others = running++;
         while (first && !existsSync(${JSON.stringify(mark)})) await new Promise((resolve) => setTimeout(resolve, 10));
         running--;
         return { id, others };
       };`,
      { workersMax: 2 },
    );
    // The first worker is busy until the others have had their answers, however slowly the second one starts.
    const first = call(host, { first: true });
    const others = await Promise.all(Array.from({ length: 5 }, () => call(host, {})));
    writeFileSync(mark, '');
    const answers = [await first, ...others];
    expect(answers.map(({ others }) => others)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(2);
  });

  test('that throws fails its call with the error and serves the next', async () => {
    const host = start(
      `export const handler = async ({ fail }) => { if (fail) throw new RangeError('too far'); return 'fine'; };`,
    );
    await expect(call(host, { fail: true })).rejects.toMatchObject({
      errorType: 'RangeError',
      message: 'RangeError: too far',
    });
    expect(await call(host, {})).toBe('fine');
  });

  test('tells where in its source it threw, though its bundle is one line', async () => {
    const source = 'export const handler = () => {\n  throw new Error("here");\n};\n';
    const options = { loader: 'ts', sourcefile: 'original.ts', sourcemap: 'inline', minify: true } as const;
    const { code } = await transform(source, options);
    const error = await start(code)
      .invoke('{}')
      .catch((thrown) => thrown);
    expect(error.stack).toMatch(/original\.ts:2:\d+/);
  });

  test('that takes too long is stopped, whatever it is doing, and starts anew', async () => {
    const host = start(
      `let calls = 0; export const handler = async ({ hang }) => { calls++; while (hang) {} return calls; };`,
      { timeoutSeconds: 1 },
    );
    expect(await call(host, {})).toBe(1);
    const startedMs = performance.now();
    await expect(call(host, { hang: true })).rejects.toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect(performance.now() - startedMs).toBeGreaterThan(950);
    expect(await call(host, {})).toBe(1);
  });

  test('that answered in time counts as in time, however late a busy runtime gets to hear it', async () => {
    const host = start(
      `export const handler = async ({ ms = 0 }) => { await new Promise((r) => setTimeout(r, ms)); return 'in time'; };`,
      { timeoutSeconds: 1 },
    );
    await call(host, {});
    const answer = call(host, { ms: 100 });
    // As two requests of 10,000 events keep the runtime's queues and tables busy. From here, timers come before messages.
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500));
    expect(await answer).toBe('in time');
  });

  test('whose process ends fails its call alone', async () => {
    const host = start(
      `export const handler = async ({ exit, ms = 0 }) => { await new Promise((r) => setTimeout(r, ms)); if (exit) process.exit(7); return 'fine'; };`,
      { workersMax: 2 },
    );
    const other = call(host, { ms: 200 });
    await expect(call(host, { exit: true, ms: 50 })).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(await other).toBe('fine');
    expect(await call(host, {})).toBe('fine');
  });

  test('that breaks between two calls is started anew for the next', async () => {
    const mark = join(directory, 'ended');
    const host = start(
      `import { writeFileSync } from 'node:fs';
       process.on('exit', () => writeFileSync(${JSON.stringify(mark)}, ''));
       let calls = 0; export const handler = async () => { setTimeout(() => { throw new Error('late'); }, 20); return ++calls; };`,
    );
    expect(await call(host, {})).toBe(1);
    while (!existsSync(mark)) await sleep(5);
    // The thread is over; its host hears of it in a moment.
    await sleep(200);
    expect(await call(host, {})).toBe(1);
  });

  test('has no more memory than the template gives it', async () => {
    const host = start(
      `export const handler = async ({ megabytes }) => { const kept = []; while (kept.length < megabytes) kept.push(new Array(131072).fill(kept.length + 0.5)); return kept.length; };`,
      { memoryMb: 64, timeoutSeconds: 20 },
    );
    await expect(call(host, { megabytes: 400 })).rejects.toMatchObject({
      errorType: 'Error',
      message: expect.stringContaining('memory'),
    });
    expect(await call(host, { megabytes: 10 })).toBe(10);
  });

  test.each([
    ['cannot be loaded', `throw new Error('no configuration');`, 'no configuration'],
    ['has no such export', `export const other = 1;`, 'does not export the function handler'],
  ])('that %s fails every call with the reason', async (_, code, reason) => {
    const host = start(code);
    await expect(call(host, {})).rejects.toThrow(reason);
    await expect(call(host, {})).rejects.toThrow(reason);
  });

  test('hands on what it prints, line by line, before its result', async () => {
    await call(
      start(
        `export const handler = async () => { console.log('one\\ntwo'); process.stdout.write('three\\n'); console.error('four'); };`,
      ),
      {},
    );
    expect(lines).toEqual(['one', 'two', 'three', 'four']);
  });

  test('hands on what it printed before it ended its process, and between two calls', async () => {
    const host = start(
      `export const handler = async ({ exit }) => { console.log('in call'); if (exit) process.exit(1); setTimeout(() => console.log('later'), 10); };`,
    );
    await call(host, {});
    while (!lines.includes('later')) await sleep(5);
    await expect(call(host, { exit: true })).rejects.toThrow();
    expect(lines).toEqual(['in call', 'later', 'in call']);
  });

  test('that is renewed serves the next call with a fresh start, and finishes the call in work', async () => {
    const host = start(
      `let calls = 0; export const handler = async ({ ms }) => { const call = ++calls; await new Promise((r) => setTimeout(r, ms)); return call; };`,
    );
    expect(await call(host, { ms: 1 })).toBe(1);
    const inWork = call(host, { ms: 300 });
    await sleep(50);
    host.renew();
    // One worker is allowed, and the one in work is not waited for.
    expect(await call(host, { ms: 1 })).toBe(1);
    expect(await inWork).toBe(2);
    expect(await call(host, { ms: 1 })).toBe(2);
  });

  test('that is renewed while it starts leaves no call behind', async () => {
    const host = start(`export const handler = () => 'done';`);
    const calls = [call(host, {}), call(host, {})];
    host.renew();
    host.renew();
    expect(await Promise.all([...calls, call(host, {})])).toEqual(['done', 'done', 'done']);
  });

  test('runs another bundle once that is loaded, and the one before while it cannot be', async () => {
    const host = start(`export const handler = () => 'first';`);
    expect(await call(host, {})).toBe('first');
    const broken = join(directory, 'broken.mjs');
    writeFileSync(broken, `throw new Error('not today');`);
    await expect(host.replace(broken)).rejects.toThrow('not today');
    expect(await call(host, {})).toBe('first');
    const second = join(directory, 'second.mjs');
    writeFileSync(second, `export const handler = () => 'second';`);
    await host.replace(second);
    expect(await call(host, {})).toBe('second');
  });

  test('is ended in the middle of a call when that is asked for, and never while it is idle', async () => {
    const host = start(
      `export const handler = async ({ ms }) => { console.log('begun'); await new Promise((r) => setTimeout(r, ms)); return 1; };`,
    );
    expect(host.killBusyWorker()).toBe(false);
    expect(await call(host, { ms: 1 })).toBe(1);
    // Idle, and worth keeping.
    expect(host.killBusyWorker()).toBe(false);
    const slow = call(host, { ms: 4_000 });
    const ended = expect(slow).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
    while (lines.filter((line) => line === 'begun').length < 2) await sleep(5);
    expect(host.killBusyWorker()).toBe(true);
    await ended;
    expect(await call(host, { ms: 1 })).toBe(1);
  });

  test('tells how much of its heap is in use', async () => {
    const host = start(
      `let kept = []; export const handler = () => { kept.push(new Array(2 ** 20).fill(kept.length)); };`,
    );
    expect(host.heapsMb()).toEqual([]);
    await call(host, {});
    const [before = 0] = host.heapsMb();
    await call(host, {});
    const [after = 0] = host.heapsMb();
    // 2 ** 20 small numbers take 4 or 8 MB, with compressed pointers or without.
    expect(after - before).toBeGreaterThan(3);
  });
});
