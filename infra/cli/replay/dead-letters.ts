import type { DeadLetterQueue } from '../../../shared/operations/dead-letters/dead-letters.ts';
import { deadLetterQueues } from '../../../shared/operations/dead-letters/dead-letters.ts';
import {
  carryOnDrain,
  type DrainRow,
  previewDrain,
  startDrain,
} from '../../../shared/operations/dead-letters/drain.ts';
import { readQueueDepths } from '../../../shared/operations/queues/queue-depths.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { followJob } from '../jobs/follow.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

type DrainFlags = { dlq?: boolean; queue?: DeadLetterQueue; dryRun?: boolean; message?: string } & GlobalOptions;

/** They have no row, so no filter of rows fits them. */
const others = [
  'status',
  'reason',
  'source',
  'type',
  'user',
  'workflow',
  'mapping',
  'since',
  'until',
  'force',
  'again',
  'rate',
];

const rowsShownMax = 50;

export async function replayDeadLetters(ids: string[], options: DrainFlags): Promise<void> {
  const terminal = processTerminal();
  const other = others.find((name) => Reflect.get(options, name) !== undefined);
  if (!options.dlq) throw usageError('--queue goes with --dlq', 'npx signalbox replay --dlq --queue actions');
  if (ids.length > 0 || other !== undefined)
    throw usageError(
      `--dlq takes all dead letters, and ${other === undefined ? 'ids' : `--${other}`} would choose some`,
      'npx signalbox replay --dlq --dry-run shows them',
    );
  const environment = await connect(options);
  const request = { queues: options.queue === undefined ? [...deadLetterQueues] : [options.queue] };
  const nowMs = Date.now();
  if (options.dryRun) {
    const rows = await previewDrain(environment, request, { nowMs });
    if (options.json) printJson(terminal, rows);
    else printRows(terminal, rows);
    return noteHeld(terminal, environment);
  }
  const rows: DrainRow[] = [];
  const job = await startDrain(environment, request, { author: currentAuthor(), reason: options.message, nowMs });
  const onRow = (row: DrainRow) => {
    if (rows.length < rowsShownMax) rows.push(row);
  };
  await followJob(terminal, environment, job, options, (run) => carryOnDrain(environment, job.id, { ...run, onRow }));
  if (!options.json) printRows(terminal, rows);
  if (rows.some(({ outcome }) => outcome === 'left')) process.exitCode = 1;
  await noteHeld(terminal, environment);
}

function printRows(terminal: Terminal, rows: DrainRow[]): void {
  if (rows.length === 0) {
    terminal.note('no dead letter can be had now');
    return;
  }
  const shown = rows.slice(0, rowsShownMax);
  terminal.out(
    renderTable<DrainRow>(
      [
        { title: 'SENT', value: ({ sent_at }) => formatTime(Date.parse(sent_at)) },
        { title: 'QUEUE', value: ({ queue }) => queue },
        { title: 'EVENT', value: ({ event_id, message_id }) => event_id ?? `message ${message_id}`, whole: true },
        { title: 'SOURCE', value: ({ source }) => source ?? '-' },
        { title: 'OUTCOME', value: ({ outcome }) => outcome.replace('_', ' ') },
        { title: 'DETAIL', value: ({ detail }) => detail },
      ],
      shown,
      terminal,
    ),
  );
  if (rows.length > shown.length) terminal.note(`and ${rows.length - shown.length} more; --json has them all`);
}

/** The dead-letter function tries each message every three minutes, and has it in its hands meanwhile. */
async function noteHeld(terminal: Terminal, environment: Awaited<ReturnType<typeof connect>>): Promise<void> {
  const depths = await readQueueDepths(environment);
  const held = depths
    .filter(({ queue }) => queue.endsWith('dead-letter'))
    .reduce((sum, { in_flight }) => sum + in_flight, 0);
  if (held > 0)
    terminal.note(
      `${plural(held, 'dead letter')} in the hands of the dead-letter function or of another reader: look again in three minutes`,
    );
}
