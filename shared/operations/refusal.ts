/**
 * The kind of refusal.
 * - `failed`: the request is valid, but cannot be done as things are.
 * - `invalid`: the request itself is wrong.
 * - `not_found`: the requested thing does not exist.
 */
export type RefusalKind = 'failed' | 'invalid' | 'not_found';

/**
 * A refusal that a person can act on: what was wrong, and what would be right. It isn't a bug, so
 * its stack trace is never shown.
 */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly kind: RefusalKind;
  /**
   * What was wrong, one line each. Line breaks within a line come from quoted text and are not
   * printed.
   */
  readonly lines: readonly string[];
  /** One line per remedy. */
  readonly remedies: readonly string[];

  constructor(message: string | readonly string[], kind: RefusalKind, remedies: readonly string[] = []) {
    const lines = typeof message === 'string' ? [message] : message;
    super(lines.join('\n'));
    this.kind = kind;
    this.lines = lines;
    this.remedies = remedies;
  }
}

export const failure = (message: string | readonly string[], ...remedies: string[]) =>
  new Refusal(message, 'failed', remedies);
export const usageError = (message: string, ...remedies: string[]) => new Refusal(message, 'invalid', remedies);
export const notFound = (message: string, ...remedies: string[]) => new Refusal(message, 'not_found', remedies);
