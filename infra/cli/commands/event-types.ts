import type { Command } from 'commander';
import { listEventTypes } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { renderTable } from '../output/table.ts';
import { printJson, processTerminal } from '../output/terminal.ts';
import { formatWhen } from '../output/times.ts';
import { pickSources, readSources } from '../queries/known-sources.ts';
import { type EventTypeRow, iso } from '../rows.ts';

export function register(program: Command): void {
  const command = program
    .command('event-types <source>')
    .description('event types seen at a source: last seen, a sample, mapped or not')
    .action((source: string, _options, command: Command) => eventTypesCommand(source, optionsOf(command)));
  examples(command, ['event-types rudderstack', 'what could be mapped, newest first']);
}

async function eventTypesCommand(source: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const [{ live, known }, types] = await Promise.all([
    readSources(environment),
    listEventTypes(environment.configuration, source),
  ]);
  pickSources(known, source);
  const mappings = Object.hasOwn(live.snapshot.sources, source) ? (live.snapshot.sources[source]?.mappings ?? []) : [];
  const rows = types
    .sort((a, b) => b.lastSeenAtMs - a.lastSeenAtMs)
    .map((type): EventTypeRow => {
      const of = mappings.filter(({ event }) => event === type.eventType).map(({ id }) => id);
      return {
        type: type.eventType,
        last_seen_at: iso(type.lastSeenAtMs),
        sample_event_id: type.sampleEventId,
        mapped: of.length > 0,
        mappings: of,
      };
    });
  if (options.json) {
    printJson(terminal, rows);
    return;
  }
  const nowMs = Date.now();
  if (rows.length === 0) terminal.note(`no event of ${source} was processed yet`);
  else {
    const { colours } = terminal;
    terminal.out(
      renderTable<EventTypeRow>(
        [
          { title: 'TYPE', value: ({ type }) => type },
          { title: 'LAST SEEN (HOURLY)', value: ({ last_seen_at }) => formatWhen(Date.parse(last_seen_at), nowMs) },
          { title: 'SAMPLE', value: ({ sample_event_id }) => sample_event_id, whole: true },
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
  }
  const unseen = mappings.filter(({ event }) => !rows.some(({ type }) => type === event));
  for (const { id, event } of unseen) terminal.note(`mapping ${id} waits for "${event}", which was never seen`);
}
