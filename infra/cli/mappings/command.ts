import type { Command } from 'commander';
import { switchMapping } from '../../../shared/operations/settings/switches.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { addReason, examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { askedNow } from '../settings/asked.ts';
import { printSwitched } from '../settings/switched.ts';
import { processTerminal } from '../terminal/terminal.ts';
import { addMappingSuggest } from './mapping-suggest.ts';
import { addMappingTest } from './mapping-test.ts';

export function register(program: Command): void {
  const mapping = program
    .command('mapping')
    .description('mappings: try one without effects, get one suggested, switch one on or off without a deploy');
  addMappingTest(mapping);
  addMappingSuggest(mapping);
  for (const [name, active, what] of [
    ['activate', true, 'let a mapping run again'],
    ['deactivate', false, 'stop a mapping; its events are still logged'],
  ] as const) {
    const command = addReason(mapping.command(`${name} <source> <id>`))
      .description(`${what}: within 30 s, here only, kept through later pushes`)
      .action((source: string, id: string, _options, self: Command) =>
        switchCommand(source, id, active, optionsOf(self)),
      );
    examples(
      command,
      [`mapping ${name} rudderstack order-completed`, 'in development'],
      [`mapping ${name} rudderstack order-completed -e production -m "order-service is down"`, 'with a reason'],
    );
  }
}

async function switchCommand(
  source: string,
  mapping: string,
  active: boolean,
  options: GlobalOptions & { message?: string },
): Promise<void> {
  const { configuration, name } = await connect(options);
  const switched = await switchMapping(configuration, { source, mapping, active, ...askedNow(options) });
  if (switched.kind === 'unknown') throw unknownName(switched, switched.what === 'mapping' ? `source ${source}` : name);
  printSwitched(processTerminal(), options, switched, {
    environment: name,
    what: `mapping ${mapping} of ${source}`,
    state: active ? 'active' : 'inactive',
    row: { source, mapping, active },
  });
}
