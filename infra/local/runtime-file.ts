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

/** Where the CLI looks for a local run. */
export const defaultRuntimeFile =
  process.env.SIGNALBOX_RUNTIME_FILE ?? fileURLToPath(new URL('../../.signalbox/runtime.json', import.meta.url));

/**
 * The run that the file speaks of, if it still answers. A killed one leaves its file behind, and another program may have its
 * process id, or its port, by now: so the address in the file is asked who is there.
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
    // None, or not of this version: it is written anew.
    return undefined;
  }
}

// It is on this machine, and busy at most.
const askMs = 2_000;

/** The process id of the local runtime that answers at `url`; undefined when something else does, or nothing. */
function pidAt(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    // An agent of its own goes through no proxy, whatever NODE_USE_ENV_PROXY says.
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

/** Tells the CLI where everything is; answers how to take that back. */
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
  // Whoever can read it can do everything that the CLI can do here.
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return () => rmSync(path, { force: true });
}
