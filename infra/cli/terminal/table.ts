import { displayWidth, padTo, printable, truncate } from '../../../shared/operations/words/text.ts';
import type { Terminal } from './terminal.ts';

export type Column<Row> = {
  title: string;
  /** Plain text; the table makes it printable and cuts it to fit. */
  value: (row: Row) => string;
  /** A shorter text for a terminal that is too narrow for whole values. */
  short?: (row: Row) => string;
  /** Colours the finished cell. */
  paint?: (text: string, row: Row) => string;
  align?: 'left' | 'right';
  /** For ids: cut last, since half an id finds no row. */
  whole?: boolean;
  /** The least width, if there is room: it keeps the pieces of a followed list aligned. */
  width?: number;
};

const gap = 2;
const columnMin = 6;

/** A table without lines, at most as wide as the terminal. */
export function renderTable<Row>(
  columns: Column<Row>[],
  rows: Row[],
  terminal: Pick<Terminal, 'columns' | 'colours'>,
): string {
  const full = measure(columns, rows);
  const fits = terminal.columns === undefined || lineWidth(full.widths) <= terminal.columns;
  const { texts, widths: natural } = fits ? full : measure(columns.map(shortened), rows);
  const widths = fitWidths(natural, columns, terminal.columns);
  const align = (i: number) => columns[i]?.align ?? 'left';
  const head = columns.map((column, i) =>
    terminal.colours.dim(padTo(truncate(column.title, widths[i] ?? 0), widths[i] ?? 0, align(i))),
  );
  const lines = rows.map((row, r) =>
    columns.map((column, i) => {
      const text = padTo(truncate(texts[r]?.[i] ?? '', widths[i] ?? 0), widths[i] ?? 0, align(i));
      return column.paint ? column.paint(text, row) : text;
    }),
  );
  return [head, ...lines].map((cells) => cells.join(' '.repeat(gap)).trimEnd()).join('\n');
}

/** Every cell's text, and the width that each column wants. */
function measure<Row>(columns: Column<Row>[], rows: Row[]) {
  const texts = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const widths = columns.map((column, i) =>
    // Not spread into one Math.max: a list may have more rows than a call can have arguments.
    texts.reduce(
      (width, cells) => Math.max(width, displayWidth(cells[i] ?? '')),
      Math.max(displayWidth(column.title), column.width ?? 0),
    ),
  );
  return { texts, widths };
}

function shortened<Row>(column: Column<Row>): Column<Row> {
  return column.short === undefined ? column : { ...column, value: column.short, width: 9 };
}

function lineWidth(widths: number[]): number {
  return widths.reduce((total, width) => total + width, 0) + gap * (widths.length - 1);
}

/** Narrows the widest column that may shrink, by one character at a time, until the line fits. */
function fitWidths<Row>(natural: number[], columns: Column<Row>[], available: number | undefined): number[] {
  const widths = [...natural];
  if (available === undefined) return widths;
  const shrink = (mayShrink: (i: number) => boolean) => {
    while (lineWidth(widths) > available) {
      let widest = -1;
      for (const [i, width] of widths.entries()) {
        if (mayShrink(i) && width > columnMin && width > (widths[widest] ?? 0)) widest = i;
      }
      if (widest < 0) return;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  };
  shrink((i) => !columns[i]?.whole);
  shrink(() => true);
  return widths;
}
