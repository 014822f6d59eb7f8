import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Lambda's own runtime client for Node.js, and the Node of the runtime that the template names. Neither is a dependency
 * of this repository: the client is a native addon, which takes a compiler, cmake and minutes of processor time, and
 * Node is 190 MB. `npm run test:runtime` installs both once per machine.
 */
const clientVersion = '4.0.2';
const nodeVersion = '24.21.0';

export type LambdaClient = { node: string; nodeVersion: string; client: string };
export type FoundClient = { kind: 'found'; client: LambdaClient } | { kind: 'missing'; why: string };

/** Outside node_modules, which `npm ci` empties, and shared by all checkouts. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'signalbox');
const folder = join(cache, `lambda-client-${clientVersion}-node-${nodeVersion}`);

/** The installed client, or why there is none. */
export function findLambdaClient(): FoundClient {
  const node = join(folder, 'node_modules/node/bin/node');
  const client = join(folder, 'node_modules/aws-lambda-ric/index.mjs');
  const addon = join(folder, 'node_modules/aws-lambda-ric/rapid-client.node');
  if (existsSync(node) && existsSync(addon)) return { kind: 'found', client: { node, nodeVersion, client } };
  return { kind: 'missing', why: absence() ?? 'it is not installed; `npm run test:runtime` installs it' };
}

/** What keeps it from being built here; undefined when nothing does. */
function absence(): string | undefined {
  if (process.platform !== 'linux') return `it is built on Linux only, and this is ${process.platform}`;
  const missing = ['cmake', 'make', 'g++', 'python3'].filter((program) => !canRun(program));
  return missing.length > 0 ? `building it takes ${missing.join(', ')}, which this machine lacks` : undefined;
}

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs the client where it is missing and can be built. A failed installation is no error: the tests are skipped
 * then, and name the reason.
 */
export async function installLambdaClient(say: (line: string) => void): Promise<FoundClient> {
  const found = findLambdaClient();
  if (found.kind === 'found') return found;
  const why = absence();
  if (why !== undefined) return { kind: 'missing', why };
  say(`building Lambda's runtime client ${clientVersion} in ${folder}, once: one to three minutes`);
  // Aside, so that a build that was cut off, or another one at the same time, leaves no half of it.
  const aside = `${folder}.${randomUUID()}`;
  mkdirSync(aside, { recursive: true });
  try {
    const manifest = {
      private: true,
      dependencies: { 'aws-lambda-ric': clientVersion, node: nodeVersion },
      allowScripts: { 'aws-lambda-ric': true, node: true },
    };
    writeFileSync(join(aside, 'package.json'), JSON.stringify(manifest));
    const failure = await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], aside);
    if (failure !== undefined) return { kind: 'missing', why: `it could not be installed: ${failure}` };
    if (!existsSync(folder)) renameSync(aside, folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return findLambdaClient();
}

/** What a failed command said last; undefined when it went well. */
async function run(command: string, args: string[], cwd: string): Promise<string | undefined> {
  // What npm tells the scripts that it runs is about this repository, not about that folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_nodedir)/i.test(name)),
  );
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  }
  const [code] = await once(child, 'close');
  if (code === 0) return undefined;
  return printed.join('').trim().split('\n').slice(-5).join(' / ').slice(0, 500);
}
