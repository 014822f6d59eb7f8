import { printable, safeJson } from '../../../shared/operations/words/text.ts';

// What makes a spreadsheet take a text for a formula, also behind blanks and as wide characters:
// https://owasp.org/www-community/attacks/CSV_Injection
const formula = /^[\s\u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/**
 * Rows as lines of CSV (RFC 4180). The first lines have the names of the fields above them. A text
 * that a spreadsheet would run as a formula gets an apostrophe in front. Line breaks within a text
 * become spaces; `--json` has it exactly.
 * @param maps fields that hold a map with the same names in every row: each gets a column. Other
 * maps, and lists, are JSON.
 */
export function csvLines(
  rows: readonly object[],
  { maps, isFirst }: { maps: readonly string[]; isFirst: boolean },
): string {
  const flat = rows.map((row) => cellsOf(row, maps));
  const head = isFirst ? flat.slice(0, 1).map((cells) => cells.map(([name]) => csvCell(name)).join(',')) : [];
  return [...head, ...flat.map((cells) => cells.map(([, value]) => csvCell(value)).join(','))].join('\n');
}

type Cell = [name: string, value: unknown];

function cellsOf(row: object, maps: readonly string[]): Cell[] {
  return Object.entries(row).flatMap(([name, value]): Cell[] =>
    maps.includes(name)
      ? Object.entries(value).map(([inner, one]): Cell => [`${name}.${inner}`, one])
      : [[name, value]],
  );
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  // Before the check: what is taken out here could hide the beginning of a formula.
  const text = printable(typeof value === 'string' ? value : safeJson(value));
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
