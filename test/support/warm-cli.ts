import { type ChildProcess, fork } from 'node:child_process';
import { builtFile } from '../../infra/build/build.js';
import type { CliRequest, CliResponse } from './cli-server.ts';

export type CliEnded = Pick<CliResponse, 'code' | 'stdout' | 'stderr'>;

/** Runs command lines in a process that stays up, one after the other: each takes as long as its work, not as a start. */
export type WarmCli = {
  run(args: string[], options?: { input?: string; env?: Record<string, string> }): Promise<CliEnded>;
  stop(): void;
};

/** @param env variables of every command, on top of this process's own */
export function startWarmCli(env: Record<string, string>): WarmCli {
  const child: ChildProcess = fork(builtFile('test/support/cli-server.ts'), {
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  const waiting = new Map<number, { resolve(ended: CliEnded): void; reject(error: Error): void }>();
  let last = 0;
  child.on('message', ({ id, ...ended }: CliResponse) => {
    waiting.get(id)?.resolve(ended);
    waiting.delete(id);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the CLI's process ended with ${code}`));
  });
  return {
    run: (args, { input = '', env: own = {} } = {}) =>
      new Promise((resolve, reject) => {
        const request: CliRequest = { id: ++last, args, input, env: own };
        waiting.set(request.id, { resolve, reject });
        child.send(request);
      }),
    stop: () => void child.kill(),
  };
}
