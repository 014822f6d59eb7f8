import type { Command } from 'commander';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { changeState, currentAuthor, setMappingActive } from '../configuration.ts';
import { connect } from '../environment.ts';
import { notFound } from '../errors.ts';
import { printJson, processTerminal } from '../output/terminal.ts';
import { addMappingSuggest } from './mapping/mapping-suggest.ts';
import { addMappingTest } from './mapping/mapping-test.ts';

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
    const command = mapping
      .command(`${name} <source> <id>`)
      .description(`${what}: within 30 s, here only, kept through later pushes`)
      .action((source: string, id: string, _options, self: Command) =>
        switchMapping(source, id, active, optionsOf(self)),
      );
    examples(
      command,
      [`mapping ${name} rudderstack order-completed`, 'in development'],
      [`mapping ${name} rudderstack order-completed -e production`, 'in production'],
    );
  }
}

async function switchMapping(source: string, id: string, active: boolean, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const { configuration: table, name } = await connect(options);
  const { snapshot, version: before } = await readLive(table);
  if (!Object.hasOwn(snapshot.sources, source)) {
    throw notFound(`${name} has no source "${source}"; it has ${listOf(Object.keys(snapshot.sources))}`);
  }
  const ids = snapshot.sources[source]?.mappings.map((mapping) => mapping.id) ?? [];
  if (!ids.includes(id)) throw notFound(`source ${source} has no mapping "${id}"; it has ${listOf(ids)}`);
  const { version } = await changeState(table, (state) => setMappingActive(state, source, id, active), {
    author: currentAuthor(),
    message: `${active ? 'activate' : 'deactivate'} mapping ${id} of ${source}`,
    nowMs: Date.now(),
  });
  if (options.json) return printJson(terminal, { environment: name, source, mapping: id, active, version });
  const state = active ? 'active' : 'inactive';
  terminal.out(
    version === before
      ? `mapping ${id} of ${source} is ${state} in ${name} already`
      : `mapping ${id} of ${source} is ${state} in ${name} from version ${version}, within 30 s`,
  );
}

const listOf = (names: string[]) => (names.length === 0 ? 'none' : names.join(', '));
