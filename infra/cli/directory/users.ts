import type { Command } from 'commander';
import type { EntityRef } from '../../../shared/core/ids/entity-ref.ts';
import { listEntities, readEntity, subscriptionsOf } from '../../../shared/operations/directory/directory.ts';
import { subscriptionRow } from '../../../shared/operations/directory/directory-rows.ts';
import { sourceTimesOf } from '../../../shared/operations/directory/source-times.ts';
import { userRow } from '../../../shared/operations/directory/user-row.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { cursorOfName } from '../../../shared/operations/tables/cursors.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { defaultList, examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, afterName, type PageOptions, printPages } from '../paging.ts';
import { printFields } from '../terminal/fields.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { describedFields, subscriptionColumns, userColumns } from './tables.ts';

export function register(program: Command): void {
  const users = program.command('users').description('users of the directory');
  const list = addPaging(defaultList(users))
    .description('users by id')
    .action((_options, command: Command) => listCommand(optionsOf<PageOptions>(command), command));
  examples(list, ['users --limit 100', 'the first hundred, by id']);
  const get = users
    .command('get <id>')
    .description('one user: fields and custom properties')
    .action((id: string, _options, command: Command) => getCommand(id, optionsOf(command)));
  examples(get, ['users get user_42', 'as identify events made them']);
  const subscriptions = addPaging(users.command('subscriptions <id>'))
    .description('the objects that one user is subscribed to')
    .action((id: string, _options, command: Command) =>
      subscriptionsCommand(id, optionsOf<PageOptions>(command), command),
    );
  examples(subscriptions, ['users subscriptions user_42', 'whose events reach them as a subscriber']);
}

async function listCommand(options: ReturnType<typeof optionsOf<PageOptions>>, command: Command): Promise<void> {
  const after = afterName(options);
  const users = listEntities(await connect(options), { kind: 'user' }, { after });
  await printPages(
    processTerminal(),
    { rows: mapped(users, userRow), cursorOf: ({ id }) => cursorOfName(id) },
    { noun: 'user', columns: userColumns(Date.now()), none: () => 'no users' },
    options,
    command,
  );
}

async function getCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const user = await findUser(environment, id);
  const row = userRow(user);
  if (options.json) {
    printJson(terminal, { ...row, source_times: sourceTimesOf(user) });
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
  options: ReturnType<typeof optionsOf<PageOptions>>,
  command: Command,
): Promise<void> {
  const after = afterName(options);
  const environment = await connect(options);
  const { ref } = await findUser(environment, id);
  await printPages(
    processTerminal(),
    {
      rows: mapped(subscriptionsOf(environment, ref, { after }), subscriptionRow),
      cursorOf: ({ object }) => cursorOfName(object),
    },
    {
      noun: 'subscription',
      columns: subscriptionColumns('object', Date.now()),
      none: () => `${id} is subscribed to nothing`,
    },
    options,
    command,
  );
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
