import type { Diagnosis } from '../../../shared/operations/doctor/diagnose.ts';
import type { Finding } from '../../../shared/operations/doctor/finding.ts';
import type { SourceHealth, StageRow } from '../../../shared/operations/doctor/stages.ts';
import { formatCount, plural, printable, wrap, wrapWords } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatDuration, formatWhen } from '../../../shared/operations/words/times.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import type { Colours, Terminal } from '../terminal/terminal.ts';

/** One screen: what is wrong first, then what each stage did, then each source. */
export function printDiagnosis(
  terminal: Terminal,
  diagnosis: Diagnosis,
  { where, nowMs }: { where: string; nowMs: number },
): void {
  const { colours } = terminal;
  const range = Date.parse(diagnosis.until) - Date.parse(diagnosis.since);
  const last = range === 3_600_000 ? 'hour' : formatDuration(range);
  const head = `${diagnosis.environment} (${where}), the last ${last} · ${live(diagnosis, nowMs)}`;
  for (const line of wrapWords(head, terminal.columns ?? 100))
    terminal.out(line.replace(diagnosis.environment, colours.bold));
  terminal.out('');
  if (diagnosis.ok) terminal.out(colours.green(`Nothing is wrong.${over(diagnosis, nowMs)}`));
  for (const finding of diagnosis.findings) printFinding(terminal, finding, nowMs);
  if (diagnosis.stages.length > 0) {
    terminal.out('');
    terminal.out(renderTable(stageColumns(colours), diagnosis.stages, terminal));
    for (const line of below(diagnosis)) terminal.out(colours.dim(line));
  }
  if (diagnosis.sources.length > 0) {
    terminal.out('');
    terminal.out(renderTable(sourceColumns(colours, nowMs), diagnosis.sources, terminal));
  }
  const wrong = diagnosis.findings.filter(({ severity }) => severity !== 'note').length;
  if (wrong > 0)
    terminal.note(`\n${plural(wrong, 'finding')}; it is over when this command says that nothing is wrong`);
}

function over({ over_since }: Diagnosis, nowMs: number): string {
  if (over_since === null) return '';
  const at = Date.parse(over_since);
  return ` Over since ${formatWhen(at, Math.max(nowMs, at))}: no failure, no refusal, and nothing waits.`;
}

/** What the table of the stages leaves open. */
function below({ waiting, stages, did_nothing_next }: Diagnosis): string[] {
  const erased = stages.reduce((sum, stage) => sum + stage.erased, 0);
  return [
    ...(waiting === null ? [] : [waitingText(waiting)]),
    ...(erased === 0
      ? []
      : [
          `${plural(erased, 'event')} of erased persons ${erased === 1 ? 'was' : 'were'} refused on purpose, and count as no failure.`,
        ]),
    ...(did_nothing_next === null ? [] : [`What did nothing, and why: ${did_nothing_next}`]),
  ];
}

function waitingText({ messages, held }: { messages: number; held: number }): string {
  if (messages + held === 0) return 'Nothing waits.';
  const inQueues = messages === 0 ? [] : [`${plural(messages, 'message')} in queues`];
  return `Waiting: ${[...inQueues, ...(held === 0 ? [] : [`${formatCount(held)} held`])].join(', ')}.`;
}

function live({ configuration }: Diagnosis, nowMs: number): string {
  if (configuration === null) return 'no configuration';
  const { version, live_since, by } = configuration;
  const since = live_since === null ? '' : `, went live ${formatAgo(Date.parse(live_since), nowMs)}`;
  return `configuration ${version}${since}${by === null ? '' : ` by ${printable(by)}`}`;
}

const marks: Record<Finding['severity'], { sign: string; paint: (colours: Colours) => (text: string) => string }> = {
  critical: { sign: '✗', paint: ({ red }) => red },
  warning: { sign: '!', paint: ({ yellow }) => yellow },
  note: { sign: '·', paint: ({ dim }) => dim },
};

function printFinding(terminal: Terminal, finding: Finding, nowMs: number): void {
  const { sign, paint } = marks[finding.severity];
  const about = [finding.source, finding.workflow, finding.part].filter((name) => name !== undefined).map(printable);
  const since = finding.since === null ? '' : ` · since ${formatAgo(Date.parse(finding.since), nowMs)}`;
  const head = `${[finding.id, ...about].join(' ')}${since}`;
  terminal.out(`${paint(terminal.colours)(sign)} ${terminal.colours.bold(head)}`);
  const columns = (terminal.columns ?? 100) - 4;
  for (const line of wrap(printable(finding.cause), columns, 4)) terminal.out(`    ${line}`);
  // A command is copied whole, so it is never cut.
  terminal.out(`    → ${printable(finding.next)}`);
}

function count<Row>(title: string, pick: (row: Row) => number | null, paint?: (text: string) => string): Column<Row> {
  return {
    title,
    value: (row) => {
      const value = pick(row);
      return value === null ? '-' : formatCount(value);
    },
    align: 'right',
    ...(paint && { paint: (text: string, row: Row) => ((pick(row) ?? 0) > 0 ? paint(text) : text) }),
  };
}

function stageColumns({ red, yellow }: Colours): Column<StageRow>[] {
  return [
    { title: 'STAGE', value: ({ stage }) => stage, whole: true },
    count('CAME IN', ({ came_in }) => came_in),
    count('WENT ON', ({ went_on }) => went_on),
    count('DID NOTHING', ({ did_nothing }) => did_nothing),
    count('FAILED', ({ failed }) => failed, red),
    count('WAITING', ({ waiting }) => waiting, yellow),
    {
      title: 'OLDEST',
      value: ({ oldest_seconds }) => (oldest_seconds === null ? '-' : formatDuration(oldest_seconds * 1000)),
      align: 'right',
    },
  ];
}

function sourceColumns({ red, yellow }: Colours, nowMs: number): Column<SourceHealth>[] {
  return [
    { title: 'SOURCE', value: ({ source }) => source, whole: true },
    {
      title: 'LAST EVENT (HOURLY)',
      value: ({ last_event_at, unusually_silent }) =>
        last_event_at === null
          ? 'never'
          : `${formatAgo(Date.parse(last_event_at), nowMs)}${unusually_silent ? ', unusual' : ''}`,
      paint: (text, { unusually_silent }) => (unusually_silent ? yellow(text) : text),
    },
    { title: 'STATE', value: ({ enabled, paused }) => (paused ? 'paused' : enabled ? 'on' : 'off') },
    count('ACCEPTED', ({ accepted }) => accepted),
    count('REFUSED', ({ refused }) => refused, yellow),
    count('FAILED', ({ failed }) => failed, red),
  ];
}
