import type { FieldChange } from '../../../shared/core/configuration/field-changes.ts';
import { type ResourceChange, refText } from '../../../shared/core/configuration/resources.ts';
import type { ResourceDifference } from '../../../shared/operations/configuration/history.ts';
import { printable, truncate } from '../../../shared/operations/words/text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Resources with their fields as a diff: removed parts in red, added ones in green. */
export function printDifferences(terminal: Terminal, differences: ResourceDifference[]): void {
  for (const difference of differences) {
    terminal.out(changeLine(terminal, difference));
    printFieldChanges(terminal, difference.fields);
  }
}

// A first commit of a hundred sources would print thousands of lines.
const fieldsMax = 200;

/** A commit's changes: field by field, or resource by resource if there are too many fields. */
export function printChanges(terminal: Terminal, differences: ResourceDifference[]): void {
  const isShort = differences.reduce((count, { fields }) => count + fields.length, 0) <= fieldsMax;
  if (isShort) printDifferences(terminal, differences);
  else for (const difference of differences) terminal.out(changeLine(terminal, difference));
}

export function changeLine({ colours }: Terminal, change: ResourceChange): string {
  const paint = { added: colours.green, changed: colours.yellow, removed: colours.red }[change.change];
  return `${colours.bold(refText(change))}  ${paint(change.change)}`;
}

/** `before → after` on one line if it fits, else on two. */
export function printFieldChanges(terminal: Terminal, fields: FieldChange[], indent = '  '): void {
  const { colours, columns = Number.POSITIVE_INFINITY, out } = terminal;
  const line = (sign: string, text: string, paint: (text: string) => string) =>
    out(paint(truncate(`${indent}${sign} ${printable(text)}`, columns)));
  for (const { path, before, after } of fields) {
    const [was, is] = [valueText(before), valueText(after)];
    if (was === undefined) line('+', `${path}: ${is}`, colours.green);
    else if (is === undefined) line('-', `${path}: ${was}`, colours.red);
    else if (`${path}: ${was} → ${is}`.length + indent.length + 2 <= Math.min(columns, 100))
      out(`${indent}~ ${printable(path)}: ${colours.red(printable(was))} → ${colours.green(printable(is))}`);
    else {
      line('~', `${path}:`, (text) => text);
      line('  -', was, colours.red);
      line('  +', is, colours.green);
    }
  }
}

function valueText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A change of settings, within a line: `rudderstack.enabled true → false`. */
export function settingsText(fields: FieldChange[]): string {
  return fields
    .map(
      ({ path, before, after }) =>
        `${path.replace(/^sources\./, '')} ${valueText(before) ?? '-'} → ${valueText(after) ?? '-'}`,
    )
    .join(', ');
}
