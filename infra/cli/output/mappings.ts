import type { ConsideredRow } from '../rows.ts';
import type { Terminal } from './terminal.ts';
import { printable } from './text.ts';
import { describeSource, inline } from './values.ts';

const verdicts = {
  runs: 'runs',
  identify_disabled: 'did not run: identify is switched off for this source',
  mapping_inactive: 'did not run: the mapping is inactive in this environment',
  conditions_not_met: 'did not run',
} as const;

/** Each mapping that was considered: whether it runs, why not, and what its parameters resolved to. */
export function printMappings(terminal: Terminal, rows: ConsideredRow[]): void {
  const { colours } = terminal;
  for (const row of rows) {
    const runs = row.verdict === 'runs';
    const why = [verdicts[row.verdict], row.detail].filter((part) => part !== null).join(': ');
    const mark = runs ? colours.green('✓') : colours.yellow('✗');
    terminal.out(
      `  ${mark} ${colours.bold(printable(row.mapping))} → ${printable(row.action)} ${colours.dim('·')} ${printable(why)}`,
    );
    const width = Math.max(0, ...row.parameters.map(({ name }) => name.length));
    for (const { name, from, value } of row.parameters) {
      const resolved =
        value === null ? colours.yellow('nothing there') : inline(value, (terminal.columns ?? 120) - width - 30);
      terminal.out(
        `      ${printable(name).padEnd(width)}  ${resolved}  ${colours.dim(`← ${describeSource(row.action, name, from)}`)}`,
      );
    }
  }
}
