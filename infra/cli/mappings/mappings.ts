import type { JsonObject } from '../../../shared/core/json/values.ts';
import type { ConditionRow, ConsideredRow } from '../../../shared/operations/events/event-row.ts';
import type { DryRunMappingRow } from '../../../shared/operations/mappings/dry-run-rows.ts';
import { displayWidth, printable, safeJson } from '../../../shared/operations/words/text.ts';
import { describeSource, inline } from '../../../shared/operations/words/values.ts';
import type { Terminal } from '../terminal/terminal.ts';

type MappingRow = ConsideredRow | DryRunMappingRow;

/** `was`: for a processed event. `would be`: for a dry run. */
export type Mood = 'was' | 'would be';

const notRun = { was: 'did not run', 'would be': 'would not run' } as const;

const whyOff = {
  duplicate: 'the event is a copy of one that ran',
  identify_disabled: 'identify is switched off for this source',
  mapping_inactive: 'the mapping is inactive in this environment',
  not_verified: 'the action deletes, and the event is not verified',
  source_disabled: 'the source is switched off in this environment',
} as const;

/** A mapping's outcome in a sentence: `runs`, `would not run: data.total is 5, not gte 100`. */
export function describeVerdict(row: MappingRow, mood: Mood): string {
  if (row.verdict !== 'runs') {
    const why = row.verdict === 'conditions_not_met' ? row.detail : whyOff[row.verdict];
    return [notRun[mood], why].filter((part) => part !== null).join(': ');
  }
  const outcome = 'outcome' in row ? row.outcome : null;
  if (outcome === null || outcome.status === 'runs') return mood === 'was' ? 'runs' : 'would run';
  const verb = outcome.status === 'skipped' ? 'would be skipped' : 'would fail';
  return [`${verb}: ${outcome.reason}`, outcome.detail].filter((part) => part !== null).join(' · ');
}

/**
 * Each considered mapping: whether it runs, why not, its conditions, and its resolved parameters.
 */
export function printMappings(terminal: Terminal, rows: MappingRow[], mood: Mood = 'was'): void {
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

function markOf({ colours }: Terminal, row: MappingRow): string {
  const outcome = 'outcome' in row ? row.outcome : null;
  if (row.verdict !== 'runs') return colours.yellow('✗');
  if (outcome === null || outcome.status === 'runs') return colours.green('✓');
  return outcome.status === 'failed' ? colours.red('✗') : colours.yellow('–');
}

/** `when data.total gte 100` */
export function describeCondition({ path, test }: ConditionRow): string {
  return `when ${path} ${testsOf(test)}`;
}

function testsOf(test: JsonObject): string {
  return Object.entries(test)
    .map(([name, bound]) => {
      if (name === 'exists') return bound === true ? 'exists' : 'does not exist';
      return `${name.replaceAll('_', ' ')} ${safeJson(bound)}`;
    })
    .join(' and ');
}

export function describeFound({ found }: ConditionRow): string {
  return found === null ? 'nothing there, or null' : inline(found, 60);
}
