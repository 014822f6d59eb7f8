import { apiSource } from '../../../shared/core/ids/api-source.ts';
import type { EventDetailRow } from '../../../shared/operations/events/event-row.ts';
import { formatBytes, printable, safeJson } from '../../../shared/operations/words/text.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { discardedBy } from '../actions/table.ts';
import { printMappings } from '../mappings/mappings.ts';
import { printFields } from '../terminal/fields.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { describeCounts } from './table.ts';

export function printEventDetail(terminal: Terminal, row: EventDetailRow, nowMs: number): void {
  const { colours } = terminal;
  const heading = (text: string) => terminal.out(`\n${colours.bold(text)}`);
  const fields: [string, string | null][] = [
    ['source', row.source],
    ['type', row.type],
    ['user', row.user_id],
    [
      'status',
      [row.status, row.discarded && discardedBy(row.discarded), row.reason, row.detail]
        .filter((part) => part !== null)
        .join(' · '),
    ],
    ['received', formatWhen(Date.parse(row.received_at), nowMs)],
    ['processed', formatWhen(Date.parse(row.processed_at), nowMs)],
    ['erased', row.erased_at && `${formatWhen(Date.parse(row.erased_at), nowMs)}, with the person of the event`],
    ['verification', row.verification],
    ['key', row.key],
    ['sync', row.sync_id],
    ['sync run', row.sync_run_id],
    ['execution', row.execution],
    ['duplicate of', row.duplicate_of],
    ['replay of', row.replay_of],
    ['replayed as', row.replays.length === 0 ? null : row.replays.join(', ')],
    ['configuration', row.config_version === null ? null : `version ${row.config_version}`],
    ['actions', describeCounts(row.actions) || 'none'],
  ];
  printFields(
    terminal,
    `Event ${row.id}`,
    fields.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]])),
  );
  // A call of the API says itself what it does; no mapping can.
  if (row.source !== apiSource) {
    heading('Mappings considered');
    if (row.mappings.length === 0) terminal.out('  none for this event type');
    printMappings(terminal, row.mappings);
  }
  heading('Data');
  terminal.out(indent(row.data === null ? 'none' : safeJson(row.data, 2)));
  heading('Headers kept');
  for (const [name, value] of Object.entries(row.headers))
    terminal.out(`  ${colours.dim(printable(name))}: ${printable(value)}`);
  heading(`Event as received${row.event === null ? '' : `, ${formatBytes(Buffer.byteLength(row.event))}`}`);
  terminal.out(indent(row.event === null ? 'not readable' : prettyJson(row.event)));
  terminal.note(`\nWhat became of it, as a story: npx signalbox why ${row.id}`);
}

/** For reading; `--json` has the exact text. */
function prettyJson(text: string): string {
  try {
    return safeJson(JSON.parse(text), 2);
  } catch {
    return printable(text);
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
