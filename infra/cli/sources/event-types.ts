import type { Command } from 'commander';
import { listEventTypes } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { eventTypeRows } from '../../../shared/operations/sources/event-types.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import type { EventTypeRow } from '../../../shared/operations/sources/source-row.ts';
import { printable } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatWhen } from '../../../shared/operations/words/times.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { quoted } from '../terminal/shell.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

export function register(program: Command): void {
  const command = program
    .command('event-types <source>')
    .description(
      'event types of a source: last seen, a sample, mapped or not; and those that are mapped and never came',
    )
    .action((source: string, _options, command: Command) => eventTypesCommand(source, optionsOf(command)));
  examples(
    command,
    ['event-types rudderstack', 'what could be mapped, newest first'],
    [`event-types rudderstack --json | jq -r '.[] | select(.mapped | not).type'`, 'what is not mapped yet'],
  );
}

async function eventTypesCommand(source: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const [{ live, known }, types] = await Promise.all([
    readSources(environment),
    listEventTypes(environment.configuration, source),
  ]);
  pickSources(known, source);
  const rows = eventTypeRows(source, types, live);
  if (options.json) {
    printJson(terminal, rows);
    return;
  }
  const nowMs = Date.now();
  const { colours } = terminal;
  const lastSeen = ({ last_seen_at }: EventTypeRow, format: (timeMs: number, nowMs: number) => string) =>
    last_seen_at === null ? 'never seen' : format(Date.parse(last_seen_at), nowMs);
  if (rows.length > 0)
    terminal.out(
      renderTable<EventTypeRow>(
        [
          { title: 'TYPE', value: ({ type }) => type },
          {
            title: 'LAST SEEN (HOURLY)',
            value: (row) => lastSeen(row, formatWhen),
            short: (row) => lastSeen(row, formatAgo),
            paint: (text, { seen }) => (seen ? text : colours.yellow(text)),
          },
          { title: 'SAMPLE', value: ({ sample_event_id }) => sample_event_id ?? '-', whole: true },
          { title: 'ACTIVE', value: ({ active_mappings }) => String(active_mappings), align: 'right' },
          { title: 'INACTIVE', value: ({ inactive_mappings }) => String(inactive_mappings), align: 'right' },
          {
            title: 'MAPPED BY',
            value: ({ mappings }) => mappings.join(', ') || 'nothing',
            paint: (text, { mapped }) => (mapped ? colours.green(text) : colours.dim(text)),
          },
        ],
        rows,
        terminal,
      ),
    );
  if (!rows.some(({ seen }) => seen)) terminal.note(`no event of ${source} was processed yet`);
  for (const { type, seen, near } of rows)
    if (!seen && near !== null)
      terminal.note(
        `"${printable(type)}" is mapped and never came, "${printable(near)}" came and is not mapped: is that the one? Case and spaces count`,
      );
  const [unmapped] = rows.filter(({ mapped }) => !mapped);
  if (unmapped !== undefined)
    terminal.note(`a mapping to begin with: npx signalbox mapping suggest ${source} ${quoted(unmapped.type)}`);
}
