import { RetryableError } from '../core/errors.ts';

/** Where a function writes its lines. An `Error` in the context is written with its stack and its causes. */
export type FunctionLog = {
  warn(message: string, context: Record<string, unknown>): void;
  error(message: string, context: Record<string, unknown>): void;
};

/**
 * Writes down one failure where it is first seen: with its stack, and with the ids that lead to its record. Trouble that
 * may pass is a warning; anything else is a bug of ours, hence an error.
 */
export function logFailure(log: FunctionLog, message: string, error: Error, ids: Record<string, unknown>): void {
  const write = error instanceof RetryableError ? log.warn : log.error;
  write.call(log, message, { ...ids, error });
}
