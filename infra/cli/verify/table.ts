import type { VerifyRow } from '../../../shared/operations/verify/verify-row.ts';
import { formatCount, plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

const shown = 10;

/** The result for a range: a line per source, then every difference and where to look. */
export function printVerification(terminal: Terminal, row: VerifyRow): void {
  const { colours } = terminal;
  terminal.out(
    colours.bold(`From ${formatTime(Date.parse(row.since))} until before ${formatTime(Date.parse(row.until))}`),
  );
  if (row.sources.length === 0) terminal.note('no source is known');
  else terminal.out(renderTable(columns(terminal, row), row.sources, terminal));
  terminal.out('');
  for (const line of verdict(row)) terminal.out(line);
  if (row.differences.length > 0) {
    terminal.out(`\n${colours.bold('Where they differ')}`);
    terminal.out(
      renderTable(
        [
          { title: 'SOURCE', value: ({ source }) => source },
          { title: 'FROM', value: ({ from }) => formatTime(Date.parse(from)), whole: true },
          number<VerifyRow['differences'][number]>('ACCEPTED', ({ accepted }) => accepted),
          number<VerifyRow['differences'][number]>('ROWS', ({ rows }) => rows),
        ],
        row.differences.slice(0, shown),
        terminal,
      ),
    );
    if (row.differences.length > shown)
      terminal.note(`and ${row.differences.length - shown} more; --json has them all`);
  }
  printIds(terminal, 'Actions that wait for their next try', row.actions.pending);
  printIds(terminal, 'Events whose actions left no row yet', row.actions.waiting);
  terminal.note(
    `\nread: ${plural(row.read.requests, 'request')}, ${formatCount(Math.ceil(row.read.units))} read units, ${plural(row.read.metrics, 'metric')}`,
  );
}

type SourceRow = VerifyRow['sources'][number];

function columns({ colours }: Terminal, { sources }: VerifyRow): Column<SourceRow>[] {
  const any = (pick: (row: SourceRow) => number) => sources.some((row) => pick(row) > 0);
  return [
    { title: 'SOURCE', value: ({ source }) => source },
    number('ACCEPTED', ({ accepted }) => accepted),
    number('PROCESSED', ({ rows }) => rows.processed),
    number('NO_MAPPING', ({ rows }) => rows.no_mapping),
    number('IDEMPOTENT', ({ rows }) => rows.idempotent),
    number('REJECTED', ({ rows }) => rows.rejected),
    number('FAILED', ({ rows }) => rows.failed),
    {
      ...number<SourceRow>('NO ROW YET', ({ missing }) => missing),
      paint: (text, { missing }) => (missing > 0 ? colours.yellow(text) : text),
    },
    ...(any(({ unanswered }) => unanswered) ? [number<SourceRow>('ANSWERED 503', ({ unanswered }) => unanswered)] : []),
    ...(any(({ surplus }) => surplus)
      ? [{ ...number<SourceRow>('NOT COUNTED', ({ surplus }) => surplus), paint: (text: string) => colours.red(text) }]
      : []),
    ...(any(({ replays }) => replays) ? [number<SourceRow>('FORCED REPLAYS', ({ replays }) => replays)] : []),
  ];
}

function number<Row>(title: string, pick: (row: Row) => number): Column<Row> {
  return { title, value: (row) => formatCount(pick(row)), align: 'right' };
}

/** One sentence per difference with its meaning; or that all events are accounted for. */
function verdict({ balanced, sources, events, actions, unknown_accepted }: VerifyRow): string[] {
  const lines: string[] = [];
  if (unknown_accepted > 0)
    lines.push(
      `${plural(unknown_accepted, 'event')} counted for sources that are not known here: removed before their first event was processed?`,
    );
  if (events.waiting > 0)
    lines.push(`${plural(events.waiting, 'event')} without a row: the queues hold as many messages, so they wait.`);
  if (events.lost > 0)
    lines.push(
      `${plural(events.lost, 'accepted event')} without a row, and no queue holds them: LOST, or counted twice.`,
    );
  if (events.expired > 0)
    lines.push(
      `${plural(events.expired, 'of them is', 'of them are')} older than the queues keep messages: no full queue explains ${events.expired === 1 ? 'it' : 'them'}.`,
    );
  if (events.surplus > 0)
    lines.push(
      `${plural(events.surplus, 'row')} that ingest did not count: it ended between queue and count (the sender was not answered and sends again), or the count was lost on its way.`,
    );
  const { expected, pending, waiting, lost } = actions;
  if (lost > 0)
    lines.push(
      `${plural(lost, 'execution')} of actions of which no row and no message is left: npx signalbox replay sends them again.`,
    );
  const wait = pending.length + waiting.length;
  if (wait > 0) lines.push(`${formatCount(wait)} of ${plural(expected, 'execution')} of actions still wait.`);
  const isEmpty = sources.every(({ accepted, missing, surplus }) => accepted + missing + surplus === 0);
  if (balanced && isEmpty) lines.push('Nothing was accepted in this time.');
  else if (balanced) lines.push('Everything that was accepted is accounted for.');
  return lines;
}

function printIds(terminal: Terminal, title: string, ids: string[]): void {
  if (ids.length === 0) return;
  terminal.out(`\n${terminal.colours.bold(title)}`);
  for (const id of ids.slice(0, shown)) terminal.out(`  ${id}`);
  if (ids.length > shown) terminal.note(`and ${ids.length - shown} more; --json has them all`);
}
