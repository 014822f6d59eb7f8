import type { Command } from 'commander';
import { mappingYaml } from '../../../shared/operations/mappings/mapping-yaml.ts';
import { suggestFromEvent } from '../../../shared/operations/mappings/suggest-from-event.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

type SuggestOptions = { event?: string; action?: string };
type Options = ReturnType<typeof optionsOf<SuggestOptions>>;

export function addMappingSuggest(mapping: Command): void {
  const suggest = mapping
    .command('suggest <source> <type>')
    .description('a mapping to begin with, as YAML, made from a stored event of the type')
    .option('--event <id>', 'from this event; by default from the newest that is known')
    .option('--action <name>', 'with this action; guessed by default')
    .action((source: string, type: string, _options, command: Command) =>
      suggestCommand(source, type, optionsOf<SuggestOptions>(command)),
    );
  examples(
    suggest,
    ['mapping suggest rudderstack track/order_completed', 'to paste under mappings: in its file'],
    ['mapping suggest rudderstack identify --action objects_set', 'for something else than the obvious'],
  );
}

async function suggestCommand(source: string, type: string, options: Options): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const request = { source, type, eventId: options.event, action: options.action };
  const { suggestion, eventId, type: own } = await suggestFromEvent(environment, request);
  const { mapping, notes, paths } = suggestion;
  if (own !== type) terminal.note(`event ${eventId} is of type "${own}", and so is the mapping`);
  if (options.json) {
    const shown = paths.map(({ path, shown }) => ({ path, value: shown }));
    return printJson(terminal, { source, type: own, event_id: eventId, mapping, notes, paths: shown });
  }
  terminal.out(mappingYaml(suggestion, { source, eventId }));
  for (const note of notes) terminal.note(`to check: ${note}`);
  terminal.note(
    `paste it under "mappings:" in infra/config/sources/${source}.yaml; its comments quote a real event, so delete them before it is committed`,
  );
}
