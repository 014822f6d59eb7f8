import { RetryableError } from '../core/errors.ts';

/** A function's log. It writes an `Error` in the context with its stack and causes. */
export type FunctionLog = {
  warn(message: string, context: Record<string, unknown>): void;
  error(message: string, context: Record<string, unknown>): void;
};

/**
 * Logs a failure where it is first seen, with its stack and the ids that lead to its record. A
 * RetryableError is a warning. Anything else is a bug of ours, hence an error.
 */
export function logFailure(log: FunctionLog, message: string, error: Error, ids: Record<string, unknown>): void {
  const write = error instanceof RetryableError ? log.warn : log.error;
  write.call(log, message, { ...ids, error });
}
