import type { Bill, Cause } from './bill.ts';

const titles: Record<Cause, string> = {
  events: 'for events',
  kept: 'for rows and lines that are kept, once that is a whole retention',
  running: 'once events come, however many',
  idle: 'without a single event',
};

/** A bill as text: its parts from the dearest down, and their sums. */
export function billText(bill: Bill): string {
  const causes = (Object.keys(titles) as Cause[]).filter((cause) => bill.lines.some((line) => line.cause === cause));
  const blocks = causes.map((cause) => {
    const lines = bill.lines.filter((line) => line.cause === cause).toSorted((a, b) => b.dollars - a.dollars);
    const rows = lines.map(({ component, quantity, price, dollars }) => [
      component,
      quantityText(quantity),
      price,
      money(dollars),
    ]);
    return [...table(rows), `  ${titles[cause]}: ${money(bill.byCause[cause])}`].join('\n');
  });
  return blocks.join('\n\n');
}

export function money(dollars: number): string {
  const digits = Math.abs(dollars) >= 1000 ? 0 : 2;
  return `$${dollars.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

function quantityText(quantity: number): string {
  if (quantity >= 1e9) return `${(quantity / 1e9).toPrecision(3)} billion`;
  if (quantity >= 1e6) return `${(quantity / 1e6).toPrecision(3)} million`;
  return quantity >= 100 ? Math.round(quantity).toLocaleString('en-US') : String(Number(quantity.toPrecision(3)));
}

/** Columns of text; the last one is aligned to the right. */
export function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === row.length - 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd(),
  );
}
