import { RetryableError } from '../../shared/core/errors.ts';
import type { FunctionLog } from '../../shared/lambda/failure-log.ts';

export type LogLine = { level: 'warn' | 'error'; message: string } & Record<string, unknown>;

/** A function's log that a test reads. */
export function makeKeptLog(): FunctionLog & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  return {
    lines,
    warn: (message, context) => void lines.push({ level: 'warn', message, ...context }),
    error: (message, context) => void lines.push({ level: 'error', message, ...context }),
  };
}

/** One that nothing reads. */
export const silentLog: FunctionLog = { warn: () => undefined, error: () => undefined };

export const trouble = new RetryableError('the table is away');
export const bug = new TypeError('cannot read properties of undefined');
