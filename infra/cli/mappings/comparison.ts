import type { Comparison } from '../../../shared/operations/mappings/compare-last.ts';
import { describeChange } from '../../../shared/operations/mappings/describe-change.ts';
import { formatCount, plural, printable } from '../../../shared/operations/words/text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/**
 * How many outcomes would change over many events, by kind of change, each with a few example
 * events.
 */
export function printComparison(terminal: Terminal, comparison: Comparison, draftName: string, option: string): void {
  const { colours } = terminal;
  const { source, type, compared, changed, unreadable, groups } = comparison;
  const what = `${plural(compared, 'event')} of ${printable(source)}${type === null ? '' : `, type ${printable(type)}`}`;
  terminal.out(
    changed === 0
      ? `${what}: no outcome would change under ${draftName}`
      : colours.bold(`${what}: ${formatCount(changed)} would change under ${draftName}`),
  );
  const width = Math.max(0, ...groups.map(({ count }) => formatCount(count).length));
  for (const group of groups) {
    terminal.out(`  ${colours.yellow(formatCount(group.count).padStart(width))}  ${printable(describeChange(group))}`);
    terminal.out(`  ${' '.repeat(width)}  ${colours.dim(`e.g. ${group.examples.join(', ')}`)}`);
  }
  if (unreadable.length > 0)
    terminal.note(
      `${plural(unreadable.length, 'event')} could not be read again: ${unreadable.slice(0, 3).join(', ')}`,
    );
  const [example] = groups[0]?.examples ?? [];
  if (example !== undefined)
    terminal.note(`One of them in full: npx signalbox mapping test ${source} --event ${example} ${option}`);
}
