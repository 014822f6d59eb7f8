import type { SendSummary } from '../../../shared/operations/send/summary.ts';
import { formatCount, plural, printable } from '../../../shared/operations/words/text.ts';
import type { Colours, Terminal } from '../terminal/terminal.ts';
import { outcomeText } from './outcome-text.ts';

const idsShown = 10;

export function printSendSummary(
  terminal: Terminal,
  summary: SendSummary,
  { waited, examples }: { waited: boolean; examples: boolean },
): void {
  const { colours, out } = terminal;
  out(
    `${colours.bold(plural(summary.accepted, 'event'))} accepted in ${plural(summary.sent, 'request')}, ${summary.seconds} s`,
  );
  for (const { status, problem, count } of summary.refused)
    out(colours.red(`${plural(count, 'request')} refused: ${status} ${printable(problem)}`));
  if (waited) printOutcome(terminal, summary);
  if (examples) for (const id of summary.ids.slice(0, idsShown)) out(`  ${id}`);
  const [id] = summary.ids.slice(-1);
  if (id !== undefined) terminal.note(`\nNext: npx signalbox events · npx signalbox why ${id}`);
}

function printOutcome(
  { colours, out }: Terminal,
  { events, actions, warnings, runs, outcomes, events_per_second }: SendSummary,
): void {
  out(`final: ${counts(events) || 'none'} (${formatCount(events_per_second)} events/s from first request to last row)`);
  for (const [action, statuses] of Object.entries(actions)) out(`  ${printable(action)}: ${counts(statuses)}`);
  for (const [code, count] of Object.entries(warnings))
    out(colours.yellow(`warning ${code}: ${plural(count, 'action')}; npx signalbox actions --warnings ${code}`));
  for (const one of outcomes) out(paints[one.outcome](colours)(`${titles[one.outcome]}: ${outcomeText(one)}`));
  if (runs === null || runs.expected + runs.total === 0) return;
  const exact = runs.missing.length === 0 && runs.twice.length === 0;
  const verdict = exact
    ? colours.green('none missing, none twice')
    : colours.red(`${runs.missing.length} missing, ${runs.twice.length} twice`);
  out(`runs: ${formatCount(runs.total)} of ${formatCount(runs.expected)}: ${verdict}`);
  for (const message of runs.missing.slice(0, idsShown)) out(`  missing: message ${printable(message)}`);
  for (const message of runs.twice.slice(0, idsShown)) out(`  twice: message ${printable(message)}`);
}

const titles = { failed: 'failed', skipped: 'skipped', waiting: 'not final yet' };
const paints: Record<keyof typeof titles, (colours: Colours) => Colours['red']> = {
  failed: ({ red }) => red,
  skipped: ({ yellow }) => yellow,
  waiting: ({ yellow }) => yellow,
};

function counts(byName: Record<string, number>): string {
  return Object.entries(byName)
    .map(([name, count]) => `${formatCount(count)} ${printable(name)}`)
    .join(', ');
}
