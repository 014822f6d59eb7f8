import { printable } from '../../../shared/operations/words/text.ts';

/** A word of a command line, quoted for a shell where it needs to be. */
export function quoted(text: string): string {
  return /^[\w./:@=,+~-]+$/.test(text) && !text.startsWith('~')
    ? text
    : `'${printable(text).replaceAll("'", `'\\''`)}'`;
}
