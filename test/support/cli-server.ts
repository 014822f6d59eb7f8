import { Readable } from 'node:stream';
import { runCli } from '../../infra/cli/run.ts';

/*
 * The CLI in a process that stays: a program that test/support/warm-cli.ts forks. It runs one command line after the other
 * as a process of its own would, with its output, its standard input and its variables, without the start of one each time.
 */

export type CliRequest = { id: number; args: string[]; input: string; env: Record<string, string | undefined> };
export type CliResponse = { id: number; code: number; stdout: string; stderr: string };

const write = { stdout: process.stdout.write.bind(process.stdout), stderr: process.stderr.write.bind(process.stderr) };

async function answer({ id, args, input, env }: CliRequest): Promise<CliResponse> {
  const said = { stdout: '', stderr: '' };
  const before = { ...process.env };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((chunk: string | Uint8Array) => {
      said[name] += String(chunk);
      return true;
    }) as typeof process.stdout.write;
  }
  Object.defineProperty(process, 'stdin', { value: Readable.from([Buffer.from(input)]), configurable: true });
  Object.assign(process.env, env);
  process.exitCode = 0;
  try {
    return { id, code: await runCli(args), ...said };
  } finally {
    process.exitCode = 0;
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    process.stdout.write = write.stdout;
    process.stderr.write = write.stderr;
  }
}

let turn: Promise<unknown> = Promise.resolve();
process.on('message', (request: CliRequest) => {
  turn = turn.then(async () => process.send?.(await answer(request)));
});
