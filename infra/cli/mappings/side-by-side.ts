import { displayWidth, printable, truncate, wrap } from '../../../shared/operations/words/text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** One line of a comparison; undefined on a side without it. */
export type Change = { label: string; before: string | undefined; after: string | undefined; isHeading?: boolean };

const columnsMin = 90;
const labelMax = 34;
const gap = 2;
const linesMax = 8;

/**
 * Two states in two columns if the terminal has room, else one below the other. Lines that differ
 * are marked `~` and shown whole; others are cut to one line. So colour is not the only sign of a
 * difference.
 */
export function printSideBySide(terminal: Terminal, titles: [before: string, after: string], changes: Change[]): void {
  if (terminal.columns !== undefined && terminal.columns >= columnsMin)
    printColumns(terminal, titles, changes, terminal.columns);
  else printStacked(terminal, titles, changes);
}

const absent = '–';

function printColumns(terminal: Terminal, titles: [string, string], changes: Change[], columns: number): void {
  const { colours } = terminal;
  const labelWidth = Math.min(labelMax, Math.max(...changes.map(({ label }) => displayWidth(printable(label)))));
  const width = Math.floor((columns - 2 - labelWidth - 2 * gap) / 2);
  const line = (mark: string, label: string, before: string, after: string) =>
    terminal.out(`${mark} ${label}${' '.repeat(gap)}${before}${' '.repeat(gap)}${after}`.trimEnd());
  line(' ', pad('', labelWidth), colours.dim(pad(titles[0], width)), colours.dim(titles[1]));
  for (const { label, before, after, isHeading } of changes) {
    const differs = before !== after;
    const texts = [before, after].map((text) => cellOf(text, width, differs));
    const name = pad(truncate(printable(label), labelWidth), labelWidth);
    for (let i = 0; i < Math.max(...texts.map(({ length }) => length)); i++) {
      const [left, right] = texts.map((lines) => pad(lines[i] ?? '', width));
      const shown = i > 0 ? pad('', labelWidth) : isHeading ? colours.bold(name) : name;
      if (differs)
        line(i === 0 ? colours.yellow('~') : ' ', shown, colours.red(left ?? ''), colours.green(right ?? ''));
      else line(' ', shown, left ?? '', colours.dim(right ?? ''));
    }
  }
}

function cellOf(text: string | undefined, width: number, differs: boolean): string[] {
  const shown = printable(text ?? absent);
  return differs ? wrap(shown, width, linesMax) : [truncate(shown, width)];
}

function pad(text: string, width: number): string {
  return `${text}${' '.repeat(Math.max(0, width - displayWidth(text)))}`;
}

/** With an unknown width lines are not cut: a program reads them, or a person scrolls. */
function printStacked({ colours, out, columns }: Terminal, [was, is]: [string, string], changes: Change[]): void {
  const cut = (text: string, indent: number) => (columns === undefined ? text : truncate(text, columns - indent));
  out(colours.dim(`  - ${was}\n  + ${is}`));
  for (const { label, before, after, isHeading } of changes) {
    const name = printable(label);
    const bold = (text: string) => (isHeading ? colours.bold(text) : text);
    if (before === after) out(`  ${bold(name)}  ${cut(printable(before ?? absent), displayWidth(name) + 4)}`);
    else {
      out(`${colours.yellow('~')} ${bold(name)}`);
      const lines = (mark: string, text: string | undefined) => {
        const shown = printable(text ?? absent);
        const parts = columns === undefined ? [shown] : wrap(shown, columns - 8, linesMax);
        return parts.map((part, i) => `      ${i === 0 ? mark : ' '} ${part}`).join('\n');
      };
      out(colours.red(lines('-', before)));
      out(colours.green(lines('+', after)));
    }
  }
}
