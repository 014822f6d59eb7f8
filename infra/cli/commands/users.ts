import type { Command } from 'commander';
import { makeDirectory } from '../../../shared/adapters/dynamodb-directory.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { notFound } from '../errors.ts';
import { printFields } from '../output/fields.ts';
import { printJson, processTerminal } from '../output/terminal.ts';
import { safeJson } from '../output/text.ts';
import { formatWhen } from '../output/times.ts';
import { userRow } from '../rows.ts';

export function register(program: Command): void {
  const users = program.command('users').description('users of the directory');
  const get = users
    .command('get <id>')
    .description('one user: fields and custom properties')
    .action((id: string, _options, command: Command) => getCommand(id, optionsOf(command)));
  examples(get, ['users get user_42', 'as identify events made them']);
}

async function getCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const directory = makeDirectory(environment.documents, environment.outputs.DirectoryTable);
  const [user] = await directory.readEach([{ kind: 'user', id }]);
  if (user === undefined)
    throw notFound(
      `no user ${id} in ${environment.name}`,
      'users appear when an identify event, or an inline recipient, was processed',
      `npx signalbox events --user ${id} shows what came in for them`,
    );
  const row = userRow(user);
  if (options.json) {
    printJson(terminal, row);
    return;
  }
  const nowMs = Date.now();
  const {
    id: _id,
    properties,
    preferences,
    inserted_at: _insertedAt,
    updated_at: _updatedAt,
    version: _version,
    ...fields
  } = row;
  const given = Object.entries({
    ...fields,
    ...properties,
    ...(Object.keys(preferences).length > 0 && { preferences }),
  });
  printFields(terminal, `User ${row.id}`, [
    ...given
      .filter(([, value]) => value !== null)
      .map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : safeJson(value)]),
    ['first seen', formatWhen(Date.parse(row.inserted_at), nowMs)],
    ['changed', formatWhen(Date.parse(row.updated_at), nowMs)],
  ]);
}
