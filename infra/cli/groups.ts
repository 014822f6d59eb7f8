import type { Command } from 'commander';
import { type Group, type Grouped, trendParts } from '../../shared/operations/tables/groups.ts';
import { formatCount, plural } from '../../shared/operations/words/text.ts';
import { formatAgo, formatTime } from '../../shared/operations/words/times.ts';
import { type FormOptions, noteLooked, noteRange, printRows } from './paging.ts';
import { sparkline } from './terminal/sparkline.ts';
import type { Column } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Prints rows that have a value in common as one line each, with the course of their number. */
export function printGroups(
  terminal: Terminal,
  { groups, count, looked, range }: Grouped,
  { noun, by }: { noun: string; by: string },
  options: FormOptions,
  command: Command,
): void {
  printRows(terminal, groups, { columns: groupColumns(by, Date.now()) }, options);
  const isShort = looked.next !== null;
  const found = `${plural(count, noun)} in ${plural(groups.length, 'group')}`;
  if (isShort) noteLooked(terminal, looked, found, command);
  else if (groups.length === 0) terminal.note(`no ${noun}s`);
  noteRange(terminal, range, isShort ? undefined : found);
}

function groupColumns(by: string, nowMs: number): Column<Group>[] {
  const when = (time: string) => `${formatTime(Date.parse(time))} ${formatAgo(Date.parse(time), nowMs)}`;
  const ago = (time: string) => formatAgo(Date.parse(time), nowMs);
  return [
    { title: by.toUpperCase(), value: ({ value }) => value ?? `(no ${by})` },
    { title: 'COUNT', value: ({ count }) => formatCount(count), align: 'right' },
    { title: 'FIRST', value: ({ first_at }) => when(first_at), short: ({ first_at }) => ago(first_at) },
    { title: 'LAST', value: ({ last_at }) => when(last_at), short: ({ last_at }) => ago(last_at) },
    { title: 'EXAMPLE', value: ({ example }) => example, whole: true },
    { title: `TREND (${trendParts} PARTS)`, value: ({ trend }) => sparkline(trend), whole: true },
  ];
}
