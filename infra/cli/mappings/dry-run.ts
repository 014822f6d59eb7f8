import { describeChange } from '../../../shared/operations/mappings/describe-change.ts';
import {
  describeCondition,
  describeFound,
  describeVerdict,
} from '../../../shared/operations/mappings/describe-verdict.ts';
import type { DryRunMappingRow, DryRunRow, MappingTestRow } from '../../../shared/operations/mappings/dry-run-rows.ts';
import { plural, printable, safeJson } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { describeSource } from '../../../shared/operations/words/values.ts';
import { printFields } from '../terminal/fields.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { printMappings } from './mappings.ts';
import { type Change, printSideBySide } from './side-by-side.ts';

/** The outcome of one event under the live configuration, or side by side with another. */
export function printMappingTest(terminal: Terminal, row: MappingTestRow, draftName: string): void {
  const title = row.event_id ?? (row.batch_index === null ? 'of the payload' : `${row.batch_index + 1} of the payload`);
  if (row.draft === null) {
    printDryRun(terminal, row.live, `Event ${title}, configuration ${row.config_version}`);
    return;
  }
  const { colours } = terminal;
  terminal.out(colours.bold(`Event ${printable(title)}`));
  printSideBySide(
    terminal,
    [`live (version ${row.config_version})`, draftName],
    [...eventChanges(row.live, row.draft), ...mappingChanges(row.live, row.draft)],
  );
  terminal.out('');
  if (row.changes.length === 0) terminal.out('Nothing changes for this event.');
  else {
    terminal.out(colours.bold(`${plural(row.changes.length, 'change')} for this event`));
    for (const change of row.changes) terminal.out(`  ${printable(describeChange(change))}`);
  }
}

function printDryRun(terminal: Terminal, row: DryRunRow, title: string): void {
  const { colours } = terminal;
  printFields(terminal, title, eventFields(row));
  terminal.out(`\n${colours.bold(`Mappings for ${printable(row.type ?? 'an event without a type')}`)}`);
  if (row.mappings.length === 0) terminal.out('  none: nothing is mapped to this event type');
  printMappings(terminal, row.mappings, 'would be');
  for (const [name, value] of [
    ['Data', row.data],
    ['Preprocess', row.preprocess],
  ] as const) {
    if (value === null || (name === 'Preprocess' && Object.keys(value).length === 0)) continue;
    terminal.out(`\n${colours.bold(name)}`);
    terminal.out(safeJson(value, 2).replace(/^/gm, '  '));
  }
}

function eventFields(row: DryRunRow): [name: string, value: string][] {
  return [
    ['type', row.type ?? 'none'],
    ['user', row.user_id ?? 'none that is known'],
    ['key', describeKey(row)],
    ['occurred', row.occurred_at === null ? 'unknown' : formatTime(Date.parse(row.occurred_at))],
    ['would end as', [row.status, row.reason, row.detail].filter((part) => part !== null).join(' · ')],
  ];
}

function describeKey({ key, type }: DryRunRow): string {
  if (type === null) return 'not read';
  if (!key.checked) return `${key.value ?? 'none'}, and checks for copies are off: a copy would run too`;
  if (key.value === null) return 'none: a copy would run too';
  return key.valid
    ? key.value
    : `${key.value}, which is neither a number nor text of 1 to 255 characters and so is dropped: a copy would run too`;
}

function eventChanges(live: DryRunRow, draft: DryRunRow): Change[] {
  const [before, after] = [new Map(eventFields(live)), new Map(eventFields(draft))];
  return [
    ...[...before].map(([label, text]): Change => ({ label, before: text, after: after.get(label) })),
    ...jsonChanges('data', live.data, draft.data),
    ...jsonChanges('preprocess', live.preprocess, draft.preprocess),
  ];
}

/** Only the members that differ, since the rest is long and equal. */
function jsonChanges(label: string, live: DryRunRow['data'], draft: DryRunRow['data']): Change[] {
  const names = new Set([...Object.keys(live ?? {}), ...Object.keys(draft ?? {})]);
  return [...names].flatMap((name): Change[] => {
    const [before, after] = [live, draft].map((map) =>
      map && Object.hasOwn(map, name) ? safeJson(map[name]) : undefined,
    );
    return before === after ? [] : [{ label: `${label}.${name}`, before, after }];
  });
}

function mappingChanges(live: DryRunRow, draft: DryRunRow): Change[] {
  const ids = new Set([...live.mappings, ...draft.mappings].map(({ mapping }) => mapping));
  return [...ids].flatMap((id): Change[] => {
    const [before, after] = [live, draft].map(({ mappings }) => mappings.find(({ mapping }) => mapping === id));
    return [
      { label: id, isHeading: true, before: outcomeText(before), after: outcomeText(after) },
      ...lineChanges(conditionLines(before), conditionLines(after)),
      ...lineChanges(parameterLines(before), parameterLines(after)),
    ];
  });
}

function lineChanges(was: Map<string, string>, is: Map<string, string>): Change[] {
  const labels = new Set([...was.keys(), ...is.keys()]);
  return [...labels].map((label) => ({ label: `  ${label}`, before: was.get(label), after: is.get(label) }));
}

function outcomeText(row: DryRunMappingRow | undefined): string | undefined {
  return row && `${row.action}: ${describeVerdict(row, 'would be')}`;
}

function conditionLines(row: DryRunMappingRow | undefined): Map<string, string> {
  const conditions = row?.conditions ?? [];
  return new Map(conditions.map((one) => [describeCondition(one), `${one.holds ? '✓' : '✗'} ${describeFound(one)}`]));
}

function parameterLines(row: DryRunMappingRow | undefined): Map<string, string> {
  const parameters = row?.parameters ?? [];
  return new Map(
    parameters.map(({ name, from, value, is_default }) => {
      const source = describeSource(row?.action ?? '', name, from);
      const shown = value === null ? 'nothing there' : safeJson(value);
      return [name, `${shown} ← ${source}${is_default ? ', by default' : ''}`];
    }),
  );
}
