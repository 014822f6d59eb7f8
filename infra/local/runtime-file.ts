import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Runtime } from './runtime.ts';

const RuntimeFile = z.object({
  pid: z.number(),
  environments: z.record(z.string(), z.object({ outputs: z.record(z.string(), z.string()) })),
});
type RuntimeFile = z.infer<typeof RuntimeFile>;

/** The CLI looks for a local run here. */
export const defaultRuntimeFile =
  process.env.SIGNALBOX_RUNTIME_FILE ?? fileURLToPath(new URL('../../.signalbox/runtime.json', import.meta.url));

/**
 * The run in the file, if it still answers. A killed run leaves its file behind, and another
 * program may have its process id or port by now. So this asks the address in the file for its
 * process id.
 */
export async function findRunning(path: string): Promise<RuntimeFile | undefined> {
  const file = read(path);
  const url = Object.values(file?.environments ?? {})[0]?.outputs.IngestUrl;
  if (file === undefined || url === undefined) return undefined;
  return (await pidAt(url)) === file.pid ? file : undefined;
}

function read(path: string): RuntimeFile | undefined {
  try {
    return RuntimeFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Missing, or of another version: it is written again.
    return undefined;
  }
}

// The runtime is on this machine, so it is slow only when busy.
const askMs = 2_000;

/**
 * The process id of the local runtime that answers at `url`; undefined when another program, or
 * none, answers.
 */
function pidAt(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    // A separate agent uses no proxy, even with NODE_USE_ENV_PROXY.
    const asking = get(`${url}/_local/metrics`, { agent: new Agent(), timeout: askMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(pidIn(Buffer.concat(chunks).toString())));
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(undefined));
  });
}

function pidIn(text: string): number | undefined {
  try {
    return z.object({ pid: z.number() }).parse(JSON.parse(text)).pid;
  } catch {
    return undefined;
  }
}

/** Writes the addresses for the CLI; answers a function that removes them. */
export function writeRuntimeFile(path: string, { environments }: Runtime): () => void {
  const content = {
    pid: process.pid,
    started_at: new Date().toISOString(),
    environments: Object.fromEntries(
      Object.entries(environments).map(([name, { region, endpoints, credentials, outputs }]) => [
        name,
        { region, endpoints, credentials, outputs },
      ]),
    ),
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A reader of this file can do everything that the CLI can do here.
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return () => rmSync(path, { force: true });
}
