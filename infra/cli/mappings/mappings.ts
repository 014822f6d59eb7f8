import {
  type ConsideredMappingRow,
  describeCondition,
  describeFound,
  describeVerdict,
  type Mood,
} from '../../../shared/operations/mappings/describe-verdict.ts';
import { displayWidth, printable } from '../../../shared/operations/words/text.ts';
import { describeSource, inline } from '../../../shared/operations/words/values.ts';
import type { Terminal } from '../terminal/terminal.ts';

/**
 * Each considered mapping: whether it runs, why not, its conditions, and its resolved parameters.
 */
export function printMappings(terminal: Terminal, rows: ConsideredMappingRow[], mood: Mood = 'was'): void {
  const { colours } = terminal;
  for (const row of rows) {
    terminal.out(
      `  ${markOf(terminal, row)} ${colours.bold(printable(row.mapping))} → ${printable(row.action)} ${colours.dim('·')} ${printable(describeVerdict(row, mood))}`,
    );
    for (const condition of row.conditions) {
      const mark = condition.holds ? colours.green('✓') : colours.yellow('✗');
      terminal.out(
        `      ${mark} ${printable(describeCondition(condition))}  ${colours.dim(`← ${describeFound(condition)}`)}`,
      );
    }
    const width = Math.max(0, ...row.parameters.map(({ name }) => displayWidth(printable(name))));
    for (const { name, from, value, is_default } of row.parameters) {
      const resolved =
        value === null ? colours.yellow('nothing there') : inline(value, (terminal.columns ?? 120) - width - 30);
      const source = `${describeSource(row.action, name, from)}${is_default ? ', by default' : ''}`;
      terminal.out(`      ${printable(name).padEnd(width)}  ${resolved}  ${colours.dim(`← ${source}`)}`);
    }
  }
}

function markOf({ colours }: Terminal, row: ConsideredMappingRow): string {
  const outcome = 'outcome' in row ? row.outcome : null;
  if (row.verdict !== 'runs') return colours.yellow('✗');
  if (outcome === null || outcome.status === 'runs') return colours.green('✓');
  return outcome.status === 'failed' ? colours.red('✗') : colours.yellow('–');
}
