import { once } from 'node:events';
import picocolors from 'picocolors';
import { safeForTerminal, safeJson } from '../../../shared/operations/words/text.ts';

export type Colours = ReturnType<typeof picocolors.createColors>;

/**
 * A command writes data to `out`, and all messages for people to `note`. Both remove characters
 * that could move a cursor or hide text, so a stranger's name cannot.
 */
export type Terminal = {
  /** Columns of standard output; undefined when it is not a terminal, and text is not cut then. */
  columns: number | undefined;
  /** Whether a person watches: progress is a bar, not lines. */
  interactive: boolean;
  colours: Colours;
  out(text: string): void;
  /** The same without a line break at the end. */
  print(text: string): void;
  note(text: string): void;
  /** Resolves when standard output takes more, so that a long list does not pile up in memory. */
  drained(): Promise<void>;
};

/** Colour only on a terminal, and never with NO_COLOR: https://no-color.org */
export function processTerminal(): Terminal {
  const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  const print = (text: string) => void process.stdout.write(safeForTerminal(text, coloured));
  return {
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    interactive: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    colours: picocolors.createColors(coloured),
    out: (text) => print(`${text}\n`),
    print,
    note: printNote,
    async drained() {
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    },
  };
}

/** For what people read before the data: with `--json`, standard output holds that alone. */
export function besideJson(terminal: Terminal, { json }: { json?: boolean }): Terminal {
  return json ? { ...terminal, columns: undefined, out: terminal.note } : terminal;
}

/**
 * One line for a person on standard error. It works before the terminal is set up, as early errors
 * need.
 */
export function printNote(text: string): void {
  process.stderr.write(`${safeForTerminal(text, process.stderr.isTTY === true)}\n`);
}

/** One JSON document for a list or an item. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(jsonText(value));
}

export function jsonText(value: unknown): string {
  return safeJson(value, 2);
}

/** One row of NDJSON, for endless streams. */
export function printJsonLine(terminal: Terminal, value: unknown): void {
  terminal.out(safeJson(value));
}
