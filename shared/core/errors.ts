/**
 * A failure that may pass: a throttled table, a target that is down. Callers try again later. Any
 * other exception is a bug: the message is redelivered, and in the end the dead-letter function
 * explains it.
 */
export class RetryableError extends Error {
  override name = 'RetryableError';
  readonly retryAfterSeconds: number | undefined;
  /** One word for counts, from a closed list of the place that throws it. */
  readonly reason: string | undefined;

  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number; reason?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.reason = options.reason;
  }
}

/** The thrown value as an error; a thrown text has no stack to lose. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A problem of one field: its path, and its value or the expected one. */
export type FieldError = { field: string; message: string };
