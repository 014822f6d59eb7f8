/**
 * What kind of no it is.
 *
 * - `failed`: it was understood and cannot be done as things are.
 * - `invalid`: the request itself is wrong.
 * - `not_found`: what was asked for does not exist.
 */
export type RefusalKind = 'failed' | 'invalid' | 'not_found';

/** A no that a person can act on: what was wrong, and what would be right. It's no bug, so its stack trace is never shown. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly kind: RefusalKind;
  /** What was wrong, a line each. A line break inside of one came with someone's text, and is no new line. */
  readonly lines: readonly string[];
  /** What would be right: one line per remedy. */
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
