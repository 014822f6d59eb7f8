import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtFile } from '../../infra/build/build.js';
import { synthesize } from '../../infra/local/synthesize.ts';
import type { Order, Report, RuntimeArguments, Sample } from './runtime-process.ts';

export type SoakStack = {
  /** By source. */
  ingestUrls: Record<string, string>;
  /** What each function may use, by name. */
  memoryMb: Record<string, number>;
  runtimeFile: string;
  /** Kills the runtime (SIGKILL) and starts it again on the same data. */
  killAndRestart(): Promise<void>;
  /** Ends a worker of the function in the middle of a call; waits until one is at work, for at most so long. */
  killFunction(name: string, waitMs: number): Promise<boolean>;
  stop(): void;
};

const script = builtFile('test/soak/runtime-process.ts');

/**
 * The development stack in the local runtime, a process of its own, with its data in `folder`.
 * @param hurry short timeouts instead of the template's
 */
export async function startStack(
  folder: string,
  { port, hurry, onSample }: { port: number; hurry: boolean; onSample(sample: Sample): void },
): Promise<SoakStack> {
  const outdir = join(folder, 'cdk.out');
  await synthesize(outdir, ['development']);
  if (hurry) shortenTimeouts(join(outdir, 'signalbox-development.template.json'));
  const args: RuntimeArguments = {
    port,
    data: join(folder, 'data'),
    outdir,
    configuration: join(folder, 'config'),
    runtimeFile: join(folder, 'runtime.json'),
  };
  let child: ChildProcess;
  const ready = await start();

  async function start(): Promise<Extract<Report, { kind: 'ready' }>> {
    child = fork(script, [JSON.stringify(args)], {
      execArgv: ['--max-semi-space-size=8'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const isReady = new Promise<Extract<Report, { kind: 'ready' }>>((resolve) => {
      child.on('message', (report: Report) => {
        if (report.kind === 'ready') resolve(report);
        else if (report.kind === 'sample') onSample(report);
      });
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the local runtime ended with code ${code} before it was ready`);
    });
    const report = await Promise.race([isReady, ended]);
    ended.catch(() => undefined);
    // The same port after a restart: senders know no other.
    args.port = report.port;
    return report;
  }

  const order = async (message: Order): Promise<boolean> => {
    const answer = new Promise<boolean>((resolve) => {
      const onMessage = (report: Report) => {
        if (report.kind !== 'killed' || report.function !== message.function) return;
        child.off('message', onMessage);
        resolve(report.wasBusy);
      };
      child.on('message', onMessage);
    });
    child.send(message);
    return answer;
  };

  return {
    ingestUrls: ready.ingestUrls,
    memoryMb: ready.memoryMb,
    runtimeFile: args.runtimeFile,
    async killAndRestart() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      await start();
    },
    async killFunction(name, waitMs) {
      for (const endsAtMs = Date.now() + waitMs; Date.now() < endsAtMs; ) {
        if (await order({ kind: 'kill-function', function: name })) return true;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return false;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

type Resource = { Type: string; Properties?: { Timeout?: number; VisibilityTimeout?: number } };

/** What a killed function leaves behind comes back when leases and visibility end: here within seconds, not minutes. */
function shortenTimeouts(file: string): void {
  const template = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, Resource> };
  for (const { Type, Properties } of Object.values(template.Resources)) {
    // Workflow-trigger keeps some seconds of its time for writing down what it did, so it cannot do with five.
    const isLong = (Properties?.Timeout ?? Properties?.VisibilityTimeout ?? 0) >= (Properties?.Timeout ? 60 : 360);
    const seconds = isLong ? 20 : 5;
    if (Type === 'AWS::Lambda::Function' && Properties) Properties.Timeout = seconds;
    if (Type === 'AWS::SQS::Queue' && Properties) Properties.VisibilityTimeout = seconds + 2;
  }
  writeFileSync(file, JSON.stringify(template));
}
