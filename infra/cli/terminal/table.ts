import { displayWidth, padTo, printable, wrapWords } from '../../../shared/operations/words/text.ts';
import type { Terminal } from './terminal.ts';

export type Column<Row> = {
  title: string;
  /** Plain text; the table makes it printable. */
  value: (row: Row) => string;
  /** A shorter text for a terminal that is too narrow for whole values. */
  short?: (row: Row) => string;
  /** Colours the finished cell. */
  paint?: (text: string, row: Row) => string;
  align?: 'left' | 'right';
  /** For ids and URLs: stays on one line, so that it can be copied. */
  whole?: boolean;
  /** The least width, if there is room: it keeps the pieces of a followed list aligned. */
  width?: number;
};

type Screen = Pick<Terminal, 'columns' | 'colours'>;

/** Prints one list in pieces. The first piece has the heading and decides the layout. */
export type TableWriter<Row> = { text(rows: Row[]): string };

const gap = 2;
/** Rows with more lines than this on average are easier to read as blocks. */
const linesPerRowMax = 3;

/**
 * A table without lines, as wide as the terminal at most. Nothing is cut. Where values do not fit,
 * shorter texts stand in for them, then texts continue on further lines, between words. If even
 * that is too wide, each row becomes a block of named values. Without a terminal, a row is one line.
 */
export function renderTable<Row>(columns: Column<Row>[], rows: Row[], screen: Screen): string {
  return openTable(columns, screen).text(rows);
}

export function openTable<Row>(columns: Column<Row>[], screen: Screen): TableWriter<Row> {
  let layout: Layout<Row> | undefined;
  return {
    text(rows) {
      const isFirst = layout === undefined;
      layout ??= layoutFor(columns, rows, screen.columns);
      if (layout.kind === 'blocks') return rows.map((row) => blockOf(columns, row, screen)).join('\n');
      const { widths, isWrapped } = layout;
      const shown = layout.columns;
      const head = isFirst ? [headingOf(shown, widths, isWrapped, screen)] : [];
      return [...head, ...rows.map((row) => lineOf(shown, row, widths, isWrapped))].join('\n');
    },
  };
}

type Layout<Row> = { kind: 'table'; columns: Column<Row>[]; widths: number[]; isWrapped: boolean } | { kind: 'blocks' };

function layoutFor<Row>(columns: Column<Row>[], rows: Row[], available: number | undefined): Layout<Row> {
  const full = naturalWidths(columns, rows);
  if (available === undefined) return { kind: 'table', columns, widths: full, isWrapped: false };
  if (lineWidth(full) <= available) return { kind: 'table', columns, widths: full, isWrapped: true };
  const short = columns.map(shortened);
  const natural = naturalWidths(short, rows);
  if (lineWidth(natural) <= available) return { kind: 'table', columns: short, widths: natural, isWrapped: true };
  const widths = narrowed(natural, leastWidths(short, rows), available);
  if (widths === undefined || linesPerRow(short, rows, widths) > linesPerRowMax) return { kind: 'blocks' };
  return { kind: 'table', columns: short, widths, isWrapped: true };
}

function shortened<Row>(column: Column<Row>): Column<Row> {
  return column.short === undefined ? column : { ...column, value: column.short, width: 9 };
}

function lineWidth(widths: number[]): number {
  return widths.reduce((total, width) => total + width, 0) + gap * (widths.length - 1);
}

function naturalWidths<Row>(columns: Column<Row>[], rows: Row[]): number[] {
  return columns.map((column) =>
    widest(Math.max(displayWidth(column.title), column.width ?? 0), rows, (row) => displayWidth(textOf(column, row))),
  );
}

/** What each column needs if its texts continue on further lines: its longest word. */
function leastWidths<Row>(columns: Column<Row>[], rows: Row[]): number[] {
  return columns.map((column) =>
    widest(longestWord(column.title), rows, (row) =>
      column.whole ? displayWidth(textOf(column, row)) : longestWord(textOf(column, row)),
    ),
  );
}

// Not spread into one Math.max: a list may have more rows than a call can have arguments.
function widest<Row>(least: number, rows: Row[], widthOf: (row: Row) => number): number {
  return rows.reduce((width, row) => Math.max(width, widthOf(row)), least);
}

/** A longer word is not one: JSON without blanks may go on in the next line anywhere. */
const wordMax = 40;

function longestWord(text: string): number {
  return Math.min(
    wordMax,
    text.split(' ').reduce((width, word) => Math.max(width, displayWidth(word)), 0),
  );
}

/** The widest columns give way alike, none below its least. Undefined when even that is too wide. */
function narrowed(natural: number[], least: number[], available: number): number[] | undefined {
  const under = (cap: number) => natural.map((width, i) => Math.max(least[i] ?? 0, Math.min(width, cap)));
  if (lineWidth(under(0)) > available) return undefined;
  let cap = 0;
  let tooWide = Math.max(...natural);
  while (tooWide - cap > 1) {
    const middle = Math.floor((cap + tooWide) / 2);
    if (lineWidth(under(middle)) <= available) cap = middle;
    else tooWide = middle;
  }
  return under(cap);
}

function linesPerRow<Row>(columns: Column<Row>[], rows: Row[], widths: number[]): number {
  const heights = rows.map((row) =>
    Math.max(...columns.map((column, i) => wrapWords(textOf(column, row), widths[i] ?? 0).length)),
  );
  return heights.reduce((sum, height) => sum + height, 0) / Math.max(1, rows.length);
}

const textOf = <Row>(column: Column<Row>, row: Row) => printable(column.value(row));

function headingOf<Row>(columns: Column<Row>[], widths: number[], isWrapped: boolean, { colours }: Screen): string {
  const titles = columns.map(({ title, align, whole }) => ({
    title,
    value: () => title,
    paint: colours.dim,
    ...(align && { align }),
    ...(whole && { whole }),
  }));
  return lineOf(titles, undefined, widths, isWrapped);
}

/** One row: a line, or several where texts continue. */
function lineOf<Row>(columns: Column<Row>[], row: Row, widths: number[], isWrapped: boolean): string {
  const cells = columns.map((column, i) => {
    const text = textOf(column, row);
    return isWrapped && !column.whole ? wrapWords(text, widths[i] ?? 0) : [text];
  });
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map(({ align = 'left', paint }, i) => {
        const text = cells[i]?.[line] ?? '';
        // Nothing follows the last cell, so its width does not matter.
        const isLast = i === columns.length - 1 && align === 'left';
        const padded = isLast ? text : padTo(text, widths[i] ?? 0, align);
        return paint && text !== '' ? paint(padded, row) : padded;
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  ).join('\n');
}

const indent = '  ';

/**
 * A row as a block: its id on a line of its own, below it the other values with their names, as many
 * to a line as fit. Unknown values are left out.
 */
function blockOf<Row>(columns: Column<Row>[], row: Row, { columns: available = 80, colours }: Screen): string {
  const id = columns.find(({ whole }) => whole) ?? columns[0];
  const nameOf = ({ title }: Column<Row>) => title.toLowerCase();
  const lines: string[] = [];
  if (id) lines.push(`${colours.dim(nameOf(id))} ${paintOf(id, row)(textOf(id, row))}`);
  let line = '';
  let used = 0;
  for (const column of columns) {
    const text = textOf(column, row);
    if (column === id || text === '' || text === '-') continue;
    const name = nameOf(column);
    const width = displayWidth(name) + 1 + displayWidth(text);
    const room = available - displayWidth(indent);
    if (used > 0 && used + gap + width > room) {
      lines.push(line);
      used = 0;
    }
    line = used === 0 ? indent : line + ' '.repeat(gap);
    used += used === 0 ? width : gap + width;
    const paint = paintOf(column, row);
    if (width <= room || column.whole) {
      line += `${colours.dim(name)} ${paint(text)}`;
      continue;
    }
    // Only at the beginning of a line: a text that is longer than one.
    const [first = '', ...rest] = wrapWords(`${name} ${text}`, room - displayWidth(indent));
    lines.push(`${line}${colours.dim(name)}${paint(first.slice(name.length))}`);
    lines.push(...rest.map((part) => `${indent}${indent}${paint(part)}`));
    used = 0;
  }
  if (used > 0) lines.push(line);
  return lines.join('\n');
}

function paintOf<Row>({ paint }: Column<Row>, row: Row): (text: string) => string {
  return paint === undefined ? (text) => text : (text) => paint(text, row);
}
