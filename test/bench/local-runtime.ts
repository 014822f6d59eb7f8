import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtFile } from '../../infra/build/build.js';
import { temporaryFolder } from './assembly.ts';

/**
 * `url`: of source `rudderstack`. `file`: with its addresses and credentials. `signalbox` runs a command
 * of the CLI and returns its `--json`.
 */
export type LocalRuntime = {
  child: ChildProcess;
  url: string;
  file: string;
  readySeconds: number;
  signalbox(...args: string[]): unknown;
};

const script = builtFile('infra/local/main.ts');

/** The local runtime as `npm start` runs it, in memory, as a process of its own. */
export async function startLocalRuntime(): Promise<LocalRuntime> {
  const startedMs = performance.now();
  // Beside a run that the machine may have already, and unseen by its CLI.
  const file = join(temporaryFolder(), 'runtime.json');
  const env = { ...process.env, SIGNALBOX_RUNTIME_FILE: file };
  const child = spawn(process.execPath, [script, '--memory', '--port', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.on('exit', () => child.kill('SIGKILL'));
  const printed: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => printed.push(line));
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed.push(line);
      if (line === 'ready') resolve();
    });
  });
  await Promise.race([
    ready,
    once(child, 'exit').then(() => {
      throw new Error(`the local runtime did not start:\n${printed.join('\n')}`);
    }),
  ]);
  const readySeconds = (performance.now() - startedMs) / 1000;
  const signalbox = (...args: string[]): unknown =>
    JSON.parse(
      execFileSync(process.execPath, [builtFile('infra/cli/main.ts'), ...args, '--json'], { env, encoding: 'utf8' }),
    );
  // A log shows no tokens, so the CLI is asked.
  const answer = signalbox('sources', 'rudderstack');
  const { url } = (Array.isArray(answer) ? answer[0] : answer) as { url: string };
  return { child, url, file, readySeconds, signalbox };
}

export type Memory = { residentMb: number; peakMb: number };

/** Undefined where the system does not tell. */
export function memoryOf({ child }: Pick<LocalRuntime, 'child'>): Memory | undefined {
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { residentMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}

/** Processor time of the whole runtime so far, all threads, in steps of 10 ms; undefined where the system does not tell. */
export function processorMsOf({ child }: Pick<LocalRuntime, 'child'>): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  // After the name, which may hold blanks, user time is the 12th field and system time the 13th, in hundredths.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
