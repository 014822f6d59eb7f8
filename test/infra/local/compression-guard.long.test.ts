import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildChanged } from '../../../infra/build/build.js';

// Node 20 aborts the process of two in a hundred such ends. A process of its own, so that an abort is seen as one.
const ends = 100;
const directory = mkdtempSync(join(tmpdir(), 'signalbox-compression-'));
const program = `
  import { Worker } from 'node:worker_threads';
  import { setTimeout as sleep } from 'node:timers/promises';
  const [, , unit] = process.argv;
  const { makeCompressionGuard, waitForCompression } = await import(unit);
  const code = \`
    const { workerData: { guard, unit }, parentPort } = require('node:worker_threads');
    import(unit).then(async ({ guardCompression }) => {
      guardCompression(guard);
      const { brotliCompressSync } = await import('node:zlib');
      parentPort.postMessage('begins');
      for (;;) brotliCompressSync('hello');
    });
  \`;
  for (let count = 0; count < ${ends}; count++) {
    const guard = makeCompressionGuard();
    const worker = new Worker(code, { eval: true, workerData: { guard, unit } });
    await new Promise((resolve) => worker.once('message', resolve));
    await sleep(Math.random() * 8);
    await waitForCompression(guard);
    await worker.terminate();
  }
`;
const file = join(directory, 'program.mjs');
let unit: string;

beforeAll(async () => {
  writeFileSync(file, program);
  unit = await buildChanged('infra/local/compression-guard.ts', new Map());
});
afterAll(() => {
  rmSync(directory, { recursive: true });
  rmSync(unit, { force: true });
});

test(`${ends} threads are ended while they compress, and the process lives on`, () => {
  const { status, signal, stderr } = spawnSync(process.execPath, [file, unit], { encoding: 'utf8' });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
}, 300_000);
