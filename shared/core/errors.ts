/**
 * Trouble that may pass: a throttled table, a target that is down. Whoever catches it tries again later; anything else
 * that is thrown is a bug, redelivered and in the end explained by the dead-letter function.
 */
export class RetryableError extends Error {
  override name = 'RetryableError';
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What was thrown, as an error; code that throws text has no stack to lose. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What is wrong with one field: its path, and what stands there or is wanted. */
export type FieldError = { field: string; message: string };
