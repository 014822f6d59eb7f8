import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import zlib from 'node:zlib';

/*
 * Node 20 ends the whole process when a thread is ended while it begins to compress with brotli: "Assertion failed:
 * init_done_ && close before init" in node_zlib.cc. A function is ended at its timeout, wherever it may be. So its
 * thread says when it compresses, and who ends it says so first. Each writes its own word before it reads the
 * other's, so at least one of them sees the other.
 */

const compressing = 0;
const ending = 1;

/** Two words that a thread and its owner share. */
export const makeCompressionGuard = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

/** In the thread, before its code is loaded: each call of brotli is said to its owner. */
export function guardCompression(guard: Int32Array): void {
  for (const name of ['brotliCompressSync', 'brotliDecompressSync'] as const) {
    const original = zlib[name];
    zlib[name] = (...given) => {
      Atomics.store(guard, compressing, 1);
      if (Atomics.load(guard, ending) === 1) {
        Atomics.store(guard, compressing, 0);
        // The thread waits for its end here.
        Atomics.wait(guard, ending, 1);
      }
      try {
        return original(...given);
      } finally {
        Atomics.store(guard, compressing, 0);
      }
    };
  }
  syncBuiltinESMExports();
}

/** Resolves when the thread compresses nothing; it begins nothing more, and can be ended. */
export async function waitForCompression(guard: Int32Array): Promise<void> {
  Atomics.store(guard, ending, 1);
  while (Atomics.load(guard, compressing) === 1) await sleep(1);
}
