import type { Command } from 'commander';
import type { EntityRef } from '../../../shared/core/ids/entity-ref.ts';
import { listEntities, readEntity, subscriptionsOf } from '../../../shared/operations/directory/directory.ts';
import { subscriptionRow } from '../../../shared/operations/directory/directory-rows.ts';
import { userRow } from '../../../shared/operations/directory/user-row.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { defaultList, examples, optionsOf, positiveInteger } from '../command.ts';
import { connect } from '../environment.ts';
import { printFields } from '../terminal/fields.ts';
import { printList } from '../terminal/print-list.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { describedFields, subscriptionColumns, userColumns } from './tables.ts';

type ListOptions = { limit: number };

export function register(program: Command): void {
  const users = program.command('users').description('users of the directory');
  const list = defaultList(users)
    .description('users by id')
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((_options, command: Command) => listCommand(optionsOf<ListOptions>(command)));
  examples(list, ['users --limit 100', 'the first hundred, by id']);
  const get = users
    .command('get <id>')
    .description('one user: fields and custom properties')
    .action((id: string, _options, command: Command) => getCommand(id, optionsOf(command)));
  examples(get, ['users get user_42', 'as identify events made them']);
  const subscriptions = users
    .command('subscriptions <id>')
    .description('the objects that one user is subscribed to')
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((id: string, _options, command: Command) => subscriptionsCommand(id, optionsOf<ListOptions>(command)));
  examples(subscriptions, ['users subscriptions user_42', 'whose events reach them as a subscriber']);
}

async function listCommand({ limit, json, ...options }: ReturnType<typeof optionsOf<ListOptions>>): Promise<void> {
  const environment = await connect(options);
  const rows = (await take(listEntities(environment, { kind: 'user' }), limit + 1)).map(userRow);
  printList(processTerminal(), { rows, limit, columns: userColumns(Date.now()), none: 'no users', json });
}

async function getCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const row = userRow(await findUser(environment, id));
  if (options.json) {
    printJson(terminal, row);
    return;
  }
  const nowMs = Date.now();
  const { id: _id, properties, preferences, inserted_at, updated_at, version: _version, ...fields } = row;
  printFields(terminal, `User ${row.id}`, [
    ...describedFields({ ...fields, ...properties, preferences }),
    ['first seen', formatWhen(Date.parse(inserted_at), nowMs)],
    ['changed', formatWhen(Date.parse(updated_at), nowMs)],
  ]);
}

async function subscriptionsCommand(
  id: string,
  { limit, json, ...options }: ReturnType<typeof optionsOf<ListOptions>>,
): Promise<void> {
  const environment = await connect(options);
  const { ref } = await findUser(environment, id);
  const rows = (await take(subscriptionsOf(environment, ref), limit + 1)).map(subscriptionRow);
  const columns = subscriptionColumns('object', Date.now());
  printList(processTerminal(), { rows, limit, columns, none: `${id} is subscribed to nothing`, json });
}

async function findUser(environment: Environment, id: string) {
  const ref: EntityRef = { kind: 'user', id };
  const user = await readEntity(environment, ref);
  if (user !== undefined) return user;
  throw notFound(
    `no user ${id} in ${environment.name}`,
    'users appear when an identify event, or an inline recipient, was processed',
    `npx signalbox events --user ${id} shows what came in for them`,
  );
}
