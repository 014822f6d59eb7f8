import { expect, test } from '@jest/globals';
import { makeCompressionGuard, waitForCompression } from '../../../infra/local/compression-guard.ts';

const compressing = 0;
const ending = 1;

test('an idle thread can be ended at once, and is told that its end has come', async () => {
  const guard = makeCompressionGuard();
  await waitForCompression(guard);
  expect(Atomics.load(guard, ending)).toBe(1);
});

test('the end waits for a thread that compresses', async () => {
  const guard = makeCompressionGuard();
  Atomics.store(guard, compressing, 1);
  let canEnd = false;
  const waiting = waitForCompression(guard).then(() => {
    canEnd = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(canEnd).toBe(false);
  Atomics.store(guard, compressing, 0);
  await waiting;
});
