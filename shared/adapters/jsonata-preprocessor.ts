import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RetryableError } from '../core/errors.ts';
import type { JsonObject } from '../core/json/values.ts';
import type { Preprocessed, Preprocessor } from '../ports/preprocessor.ts';
import { expressionTimeMaxMs, type Job, type Outcome } from './jsonata-expression.ts';

/**
 * After its time limit an expression gets this long to stop by itself, which gives the better
 * error.
 */
const graceMs = 200;
/** The most memory that an expression may use, its document included. */
export const expressionMegabytesMax = 128;
const startMsMax = 10_000;

/**
 * Runs JSONata (https://docs.jsonata.org) in a separate process, which starts with the first
 * expression and serves later ones. If an expression takes too long in a library function, or too
 * much memory, that process is ended. Neither can be stopped from within, and in a thread either
 * would end the function with all its events.
 * docs/decisions/0030-expressions-run-in-a-separate-process.md.
 *
 * The process gets no environment variables, so it has no credentials.
 */
export function makePreprocessor(nowMs: () => number): Preprocessor {
  let running: ExpressionProcess | undefined;

  async function evaluate(job: Job): Promise<Preprocessed> {
    if (!running?.isAlive()) running = startProcess();
    await running.ready;
    const startedAtMs = nowMs();
    let made = await running.evaluate(job);
    if (made.kind === 'stopped' && made.mayBeAnothers) {
      running = startProcess();
      await running.ready;
      made = await running.evaluate(job);
    }
    const ms = Math.max(0, Math.round((nowMs() - startedAtMs) * 10) / 10);
    if (made.kind !== 'made') return { ms, kind: 'failed', error: made.error };
    return { ms, kind: 'made', values: JSON.parse(made.json) as JsonObject };
  }

  let turn: Promise<unknown> = Promise.resolve();
  return {
    // One after the other: the time counts from start to end, so events of a batch would use up
    // each other's time.
    run(text, document, receivedAtMs) {
      const result = turn.then(() => evaluate({ text, document, receivedAtMs }));
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

type ExpressionProcess = {
  /** @throws RetryableError when it cannot be started */
  ready: Promise<void>;
  isAlive(): boolean;
  /** @throws RetryableError when the process was ended from outside */
  evaluate(job: Job): Promise<Outcome | Stopped>;
};

/**
 * The process had to be ended. `mayBeAnothers`: the expression before this one had failed, and its
 * evaluation may have gone on beside this one, so this one deserves a process of its own.
 */
type Stopped = { kind: 'stopped'; error: string; mayBeAnothers: boolean };

type Ended = { kind: 'ended'; how: string };
type Heard = { kind: 'answer'; answer: unknown } | Ended | { kind: 'late' };

function startProcess(): ExpressionProcess {
  const child = forkProgram();
  let ended: Ended | undefined;
  let hear: (heard: Heard) => void = () => undefined;
  const end = (how: string) => {
    ended ??= { kind: 'ended', how };
    hear(ended);
  };
  child.on('message', (answer) => hear({ kind: 'answer', answer }));
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  // An idle child must not keep this process alive; during a job the job's timer does.
  child.unref();
  child.channel?.unref();

  /** Waits for the first of these: an answer, the end of the process, or the end of its time. */
  async function hearWithin(msMax: number): Promise<Heard> {
    if (ended) return ended;
    let timer: NodeJS.Timeout | undefined;
    const heard = await new Promise<Heard>((resolve) => {
      hear = resolve;
      // An answer may have arrived while this thread was busy, so it is read before the time limit
      // applies.
      timer = setTimeout(() => setImmediate(() => resolve({ kind: 'late' })), msMax);
    });
    clearTimeout(timer);
    hear = () => undefined;
    return heard;
  }

  let mayBeAnothers = false;
  return {
    ready: hearWithin(startMsMax).then((heard) => {
      if (heard.kind === 'answer') return;
      end('stopped');
      child.kill('SIGKILL');
      const why = heard.kind === 'late' ? `it took over ${startMsMax} ms` : heard.how;
      throw new RetryableError(`the process that runs expressions could not be started: ${why}`);
    }),
    isAlive: () => ended === undefined,
    async evaluate(job) {
      child.send(job, () => undefined);
      const heard = await hearWithin(expressionTimeMaxMs + graceMs);
      if (heard.kind === 'answer') {
        const outcome = heard.answer as Outcome;
        mayBeAnothers = outcome.kind === 'failed';
        return outcome;
      }
      if (heard.kind === 'late') {
        end('stopped');
        child.kill('SIGKILL');
        const error = `the expression took over ${expressionTimeMaxMs} ms and was stopped`;
        return { kind: 'stopped', error, mayBeAnothers };
      }
      if (crashes.has(heard.how))
        return {
          kind: 'stopped',
          error: `the expression used more than ${expressionMegabytesMax} MB of memory and was stopped`,
          mayBeAnothers,
        };
      throw new RetryableError(`the process that runs expressions ended: ${heard.how}`);
    },
  };
}

function forkProgram(): ChildProcess {
  try {
    return fork(programFile(), [], {
      env: {},
      execArgv: [`--max-old-space-size=${expressionMegabytesMax}`, '--max-semi-space-size=8'],
      // It carries numbers that JSON cannot express.
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  } catch (error) {
    throw new RetryableError('the process that runs expressions could not be started', { cause: error });
  }
}

// How Node ends when its memory is used up: this differs between versions and between kinds of
// allocation.
const crashes = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS', 'exit code 134']);

/**
 * In a deployed function the program is a separate bundle beside the function's: `startedWhenUsed`.
 * Tools and tests use the bundle in dist/ (infra/build/build.js).
 */
function programFile(): string {
  const isSource = import.meta.url.endsWith('.ts');
  const program = isSource ? '../../dist/shared.adapters.expression-process.js' : './expression-process.mjs';
  return fileURLToPath(new URL(program, import.meta.url));
}
