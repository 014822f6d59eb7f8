import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Runtime } from './runtime.ts';

const RuntimeFile = z.object({
  pid: z.number(),
  environments: z.record(z.string(), z.object({ outputs: z.record(z.string(), z.string()) })),
});
type RuntimeFile = z.infer<typeof RuntimeFile>;

/** Where the CLI looks for a local run. */
export const defaultRuntimeFile =
  process.env.SIGNALBOX_RUNTIME_FILE ?? fileURLToPath(new URL('../../.signalbox/runtime.json', import.meta.url));

/** The run that the file speaks of, if it is still up. A killed one leaves its file behind. */
export function readRuntimeFile(path: string): RuntimeFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const file = RuntimeFile.parse(JSON.parse(text));
    return isAlive(file.pid) ? file : undefined;
  } catch {
    // Not a file of this version; it is written anew.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Tells the CLI where everything is; answers how to take that back. */
export function writeRuntimeFile(path: string, { environments }: Runtime): () => void {
  const content = {
    pid: process.pid,
    started_at: new Date().toISOString(),
    environments: Object.fromEntries(
      Object.entries(environments).map(([name, { region, endpoints, outputs }]) => [
        name,
        { region, endpoints, outputs },
      ]),
    ),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
  return () => rmSync(path, { force: true });
}
