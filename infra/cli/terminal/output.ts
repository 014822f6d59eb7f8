import { open } from 'node:fs/promises';
import { failure } from '../../../shared/operations/refusal.ts';
import type { Terminal } from './terminal.ts';

const bufferedMax = 256 * 1024;

/** Where the lines of an export go. */
export type Output = { write(text: string): Promise<unknown>; close(): Promise<void> };

/** A file holds what users sent, so that only its owner may read it. */
export async function openOutput(terminal: Terminal, path: string | undefined): Promise<Output> {
  if (path === undefined) {
    const write = (text: string) => {
      terminal.print(text);
      return terminal.drained();
    };
    return { write, close: async () => undefined };
  }
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw failure(`${path} exists already`, 'name another file, or remove this one');
    throw failure(`${path} cannot be written: ${error.code ?? error.message}`);
  });
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    await file.writeFile(text);
  };
  return {
    async write(text) {
      waiting += text;
      if (waiting.length > bufferedMax) await flush();
    },
    close: () => flush().finally(() => file.close()),
  };
}
