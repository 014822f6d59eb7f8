import type { Command } from 'commander';
import { usageError } from '../../shared/operations/refusal.ts';
import { nameOfCursor } from '../../shared/operations/tables/cursors.ts';
import type { Looked, Search } from '../../shared/operations/tables/search.ts';
import type { SearchRange } from '../../shared/operations/tables/search-range.ts';
import { plural } from '../../shared/operations/words/text.ts';
import { formatTime } from '../../shared/operations/words/times.ts';
import { positiveInteger } from './command.ts';
import { csvLines } from './terminal/csv.ts';
import { quoted } from './terminal/shell.ts';
import { type Column, openTable } from './terminal/table.ts';
import { jsonText, type Terminal } from './terminal/terminal.ts';

/** How much of a list is printed. */
export type PageOptions = { limit: number; all?: boolean; after?: string };

/** For every list that can be long. */
export function addPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .option('--all', 'all of them, however many')
    .option('--after <cursor>', 'those behind the last one of an earlier page, which printed the cursor');
}

/** The name that `--after` holds, for lists by name. */
export function afterName({ after }: PageOptions): string | undefined {
  return after === undefined ? undefined : nameOfCursor(after);
}

/** Rows of a list, in order. `looked` is for searches, which may stop before the end of their range. */
export type Listed<Row> = Pick<Search<Row>, 'rows' | 'cursorOf'> & Partial<Pick<Search<Row>, 'looked'>>;

export type View<Row> = {
  columns: Column<Row>[];
  /** What is said when there is no row. */
  none(): string | Promise<string>;
  /** What a row is, for messages: "event". */
  noun: string;
  /** Fields with the same names in every row, for CSV. */
  maps?: readonly string[];
};

/** How a list is written. */
export type FormOptions = { json?: boolean; csv?: boolean };

/** Rows are printed so many at a time, and a table takes its layout from the first of these. */
const rowsAtOnce = 100;

/**
 * Prints a list as one table, one JSON array or CSV, while it is read. Where it stops and there is
 * more, or where a search stops before it came to its end, it says so, with the command that goes on.
 * @returns the number of rows, and whether there are or may be more
 */
export async function printPages<Row extends object>(
  terminal: Terminal,
  { rows, cursorOf, looked }: Listed<Row>,
  view: View<Row>,
  { limit, all, ...form }: PageOptions & FormOptions,
  command: Command,
): Promise<{ count: number; isMore: boolean }> {
  const { none, noun } = view;
  const writer = writerFor(terminal, view, form);
  let waiting: Row[] = [];
  let count = 0;
  let last: Row | undefined;
  let isMore = false;
  for await (const row of rows) {
    if (!all && count === limit) {
      isMore = true;
      break;
    }
    waiting.push(row);
    last = row;
    count++;
    if (waiting.length < rowsAtOnce) continue;
    writer.write(waiting);
    waiting = [];
    await terminal.drained();
  }
  writer.write(waiting);
  writer.end();
  const searched = isMore ? undefined : looked?.();
  const isShort = searched !== undefined && searched.next !== null;
  if (count === 0 && !isShort) terminal.note(await none());
  if (isMore && last !== undefined)
    terminal.note(
      `${plural(count, noun)} shown, and there are more: ${commandAgain(command, { after: cursorOf(last) })}   (--all shows all)`,
    );
  if (isShort) noteLooked(terminal, searched, plural(count, noun), command);
  return { count, isMore: isMore || isShort };
}

/** Says where a search stopped. */
export function noteLooked(terminal: Terminal, { rows, next, back_to }: Looked, found: string, command: Command): void {
  if (next === null || back_to === null) return;
  const back = formatTime(Date.parse(back_to));
  terminal.note(
    `looked at ${plural(rows, 'row')}, back to ${back}, and found ${found}. To look further: ${commandAgain(command, { after: next })}   (--all looks at all)`,
  );
}

function writerFor<Row extends object>(
  terminal: Terminal,
  { columns, maps = [] }: View<Row>,
  { json, csv }: FormOptions,
): Writer<Row> {
  if (json && csv) throw usageError('--json and --csv are two forms of the same list', 'leave one of them out');
  if (csv) return csvWriter(terminal, maps);
  return json ? jsonWriter(terminal) : tableWriter(terminal, columns);
}

/** Prints a list that is complete. */
export function printRows<Row extends object>(
  terminal: Terminal,
  rows: Row[],
  view: Pick<View<Row>, 'columns' | 'maps'>,
  form: FormOptions,
): void {
  const writer = writerFor(terminal, { ...view, none: () => '', noun: '' }, form);
  writer.write(rows);
  writer.end();
}

type Writer<Row> = { write(rows: Row[]): void; end(): void };

function tableWriter<Row>(terminal: Terminal, columns: Column<Row>[]): Writer<Row> {
  const table = openTable(columns, terminal);
  return {
    write(rows) {
      if (rows.length > 0) terminal.out(table.text(rows));
    },
    end: () => undefined,
  };
}

function csvWriter<Row extends object>(terminal: Terminal, maps: readonly string[]): Writer<Row> {
  let isFirst = true;
  return {
    write(rows) {
      if (rows.length === 0) return;
      terminal.out(csvLines(rows, { maps, isFirst }));
      isFirst = false;
    },
    end: () => undefined,
  };
}

/** One array, as `printJson` would print it. */
function jsonWriter<Row>(terminal: Terminal): Writer<Row> {
  let isBegun = false;
  return {
    write(rows) {
      for (const row of rows) {
        terminal.print(`${isBegun ? ',' : '['}\n${jsonText(row).replace(/^/gm, '  ')}`);
        isBegun = true;
      }
    },
    end: () => terminal.out(isBegun ? '\n]' : '[]'),
  };
}

/**
 * Says how far a list looked.
 * @param found what it found, if it came to the end of its range
 */
export function noteRange(
  terminal: Terminal,
  { narrowed, byDefault, sinceMs, furthest }: SearchRange,
  found: string | undefined,
): void {
  if (narrowed !== undefined) terminal.note(narrowed);
  if (byDefault && found !== undefined)
    terminal.note(`${found} since ${formatTime(sinceMs)}; ${furthest} looks further back`);
}

/**
 * The command line that was typed, with other values of some options. A time that was given as an
 * age is fixed, so that the next page has the same range.
 */
export function commandAgain(command: Command, change: Record<string, string>): string {
  let root = command;
  while (root.parent) root = root.parent;
  const { rawArgs } = root as Command & { rawArgs: string[] };
  const since = command.getOptionValue('since');
  const isAge = /(?:^|\n)--since[=\n]\d+ *[smhdw](?:\n|$)/.test(rawArgs.join('\n'));
  const values = {
    ...(isAge && typeof since === 'number' && { since: formatTime(since).replace(' ', 'T') }),
    ...change,
  };
  const kept: string[] = [];
  for (let i = 0; i < rawArgs.length; i++) {
    const arg = rawArgs[i] as string;
    const [name = ''] = /^--([a-z-]+)/.exec(arg)?.slice(1) ?? [];
    if (!Object.hasOwn(values, name)) kept.push(arg);
    else if (!arg.includes('=')) i++;
  }
  const added = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  return ['npx', 'signalbox', ...kept, ...added].map(quoted).join(' ');
}
