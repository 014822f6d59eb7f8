import { type Column, renderTable } from './table.ts';
import { printJson, type Terminal } from './terminal.ts';

/**
 * Prints a list that was read to one beyond its limit: a table, or one array. Says if there is
 * more.
 */
export function printList<Row>(
  terminal: Terminal,
  {
    rows,
    limit,
    columns,
    none,
    json,
  }: { rows: Row[]; limit: number; columns: Column<Row>[]; none: string; json?: boolean | undefined },
): void {
  const shown = rows.slice(0, limit);
  if (json) printJson(terminal, shown);
  else if (shown.length > 0) terminal.out(renderTable(columns, shown, terminal));
  else terminal.note(none);
  if (rows.length > limit) terminal.note(`the first ${limit}; --limit ${limit * 10} shows more`);
}
