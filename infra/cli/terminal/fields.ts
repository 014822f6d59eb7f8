import { displayWidth, padTo, printable } from '../../../shared/operations/words/text.ts';
import type { Terminal } from './terminal.ts';

/** A title with named fields, names in one column. It makes values printable. */
export function printFields(terminal: Terminal, title: string, fields: [name: string, value: string][]): void {
  const width = Math.max(...fields.map(([name]) => displayWidth(printable(name))));
  terminal.out(terminal.colours.bold(printable(title)));
  for (const [name, value] of fields)
    terminal.out(`  ${terminal.colours.dim(padTo(printable(name), width))}  ${printable(value)}`);
}
