import { EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import type { VerifyRow } from '../../../shared/operations/verify/verify-row.ts';
import { formatCount, plural, printable } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

const shownByDefault = 10;

export type ShownOptions = {
  /** All ids, not the first ten of each list. */ all: boolean /** ` -e production`, for commands. */;
  on: string;
};

/** The result for a range: a line per source, then every difference and where to look. */
export function printVerification(terminal: Terminal, row: VerifyRow, { all, on }: ShownOptions): void {
  const { colours } = terminal;
  const shown = all ? Number.POSITIVE_INFINITY : shownByDefault;
  const printIds = (ids: readonly string[]) => printList(terminal, ids, shown);
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
    if (row.differences.length > shown) terminal.note(`and ${row.differences.length - shown} more; --all shows them`);
  }
  printUnexplained(terminal, row, printIds, on);
  printWaits(terminal, row, printIds);
  if (row.actions.waiting.length > 0 && row.actions.lost === 0) {
    terminal.out(`\n${colours.bold('Events whose actions left no row yet: their messages are in the actions queue')}`);
    printIds(row.actions.waiting);
  }
  if (row.actions.cancelled.length > 0) {
    terminal.out(`\n${colours.bold('Events whose runs were cancelled before they began: nothing of them waits')}`);
    printIds(row.actions.cancelled);
  }
  for (const { id, kind, author, total, counts } of row.jobs)
    terminal.out(
      `\n${colours.bold(`A ${kind} goes on`)}: ${formatCount(doneOf(counts))} of ${plural(total, 'event')} are done, for ${printable(author)}. What it has not sent is in no queue.\n  → npx signalbox jobs show ${id}${on}`,
    );
  terminal.note(
    `\nread: ${plural(row.read.requests, 'request')}, ${formatCount(Math.ceil(row.read.units))} read units, ${plural(row.read.metrics, 'metric')}`,
  );
}

const alwaysShown: ReadonlySet<EventStatus> = new Set(['processed', 'no_mapping', 'idempotent', 'rejected', 'failed']);

type SourceRow = VerifyRow['sources'][number];

function columns({ colours }: Terminal, { sources }: VerifyRow): Column<SourceRow>[] {
  const any = (pick: (row: SourceRow) => number) => sources.some((row) => pick(row) > 0);
  return [
    { title: 'SOURCE', value: ({ source }) => source },
    number('ACCEPTED', ({ accepted }) => accepted),
    ...EventStatus.options
      .filter((status) => alwaysShown.has(status) || any(({ rows }) => rows[status]))
      .map((status) => number<SourceRow>(status.toUpperCase(), ({ rows }) => rows[status])),
    {
      ...number<SourceRow>('NO ROW YET', ({ missing }) => missing),
      paint: (text, { missing }) => (missing > 0 ? colours.yellow(text) : text),
    },
    ...(any(({ unanswered }) => unanswered) ? [number<SourceRow>('ANSWERED 503', ({ unanswered }) => unanswered)] : []),
    ...(any(({ surplus }) => surplus)
      ? [{ ...number<SourceRow>('NOT COUNTED', ({ surplus }) => surplus), paint: (text: string) => colours.red(text) }]
      : []),
    ...(any(({ replays }) => replays) ? [number<SourceRow>('FORCED REPLAYS, TESTS', ({ replays }) => replays)] : []),
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
  const held = sources.reduce((sum, { rows }) => sum + rows.held, 0);
  if (held > 0)
    lines.push(`${plural(held, 'event is', 'events are')} held: they wait for npx signalbox sources resume.`);
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

function printList(terminal: Terminal, ids: readonly string[], shown: number): void {
  for (const id of ids.slice(0, shown)) terminal.out(`    ${id}`);
  if (ids.length > shown) terminal.note(`    and ${formatCount(ids.length - shown)} more; --all shows them`);
}

/** What does not add up, with the names that are left of it. */
function printUnexplained(
  terminal: Terminal,
  { unexplained }: VerifyRow,
  printIds: (ids: readonly string[]) => void,
  on: string,
): void {
  if (unexplained.length === 0) return;
  terminal.out(`\n${terminal.colours.bold('Unexplained')}`);
  for (const one of unexplained) {
    const at = one.from === null ? '' : ` · ${formatTime(Date.parse(one.from))}`;
    terminal.out(`  ${terminal.colours.red(one.what)} ${printable(one.source)}${at} · ${unexplainedWords(one)}`);
    printIds(one.event_ids);
    if (one.is_cut) terminal.note('    and more of the same time, which are not listed');
    terminal.out(`    → ${nextCommand(one, on)}`);
  }
}

type UnexplainedRow = VerifyRow['unexplained'][number];

function unexplainedWords({ what, count, event_ids, is_cut }: UnexplainedRow): string {
  const among = event_ids.length > count || is_cut ? ', among these:' : ':';
  switch (what) {
    case 'events_lost':
      return `${plural(count, 'accepted event')} without a row; a lost event leaves its count only, not its id`;
    case 'rows_not_counted':
      return `${plural(count, 'row')} that ingest did not count${among}`;
    case 'actions_lost':
      return `${plural(count, 'execution')} without a row and without a message${among}`;
  }
}

function nextCommand({ what, source, from, until, event_ids }: UnexplainedRow, on: string): string {
  const [first] = event_ids;
  if (what === 'actions_lost') return `npx signalbox replay ${first ?? ''}${on}`;
  if (first !== undefined) return `npx signalbox why ${first}${on}`;
  return `npx signalbox events --source ${source} --since ${from} --until ${until} --all${on}`;
}

/** Why what waits waits: retries, delayed runs and the like, each with its own reason. */
function printWaits(terminal: Terminal, { waits }: VerifyRow, printIds: (ids: readonly string[]) => void): void {
  if (waits.length === 0) return;
  const { bold, yellow } = terminal.colours;
  terminal.out(`\n${bold('Why executions of actions wait')}`);
  for (const { reason, executions, detail, next_try_at, event_ids } of waits) {
    const next = next_try_at === null ? '' : ` · next at ${formatTime(Date.parse(next_try_at))}`;
    const why = detail === null ? '' : ` · ${printable(detail)}`;
    terminal.out(`  ${yellow(reason)} · ${plural(executions, 'execution')}${next}${why}`);
    printIds(event_ids);
  }
}

function doneOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
