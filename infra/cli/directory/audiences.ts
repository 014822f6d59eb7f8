import type { Command } from 'commander';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { memberName } from '../../../shared/core/ids/member-name.ts';
import { listAudiences, membersOf, readAudience } from '../../../shared/operations/directory/directory.ts';
import { type AudienceRow, memberRow } from '../../../shared/operations/directory/directory-rows.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { cursorOfName } from '../../../shared/operations/tables/cursors.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { defaultList, examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, afterName, type PageOptions, printPages } from '../paging.ts';
import { printFields } from '../terminal/fields.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { audienceColumns, describedFields, memberColumns } from './tables.ts';

export function register(program: Command): void {
  const audiences = program.command('audiences').description('audiences and their members');
  const list = addPaging(defaultList(audiences))
    .description('audiences by key: those of the configuration and those that actions made')
    .action((_options, command: Command) => listCommand(optionsOf<PageOptions>(command), command));
  examples(list, ['audiences', 'the first twenty, by key']);
  const get = audiences
    .command('get <key>')
    .description('one audience')
    .action((key: string, _options, command: Command) => getCommand(key, optionsOf(command)));
  examples(get, ['audiences get beta-testers', 'whether it is there, and what made it']);
  const members = addPaging(audiences.command('members <key>'))
    .description('members of one audience by user id; a user is in once per tenant')
    .action((key: string, _options, command: Command) => membersCommand(key, optionsOf<PageOptions>(command), command));
  examples(members, ['audiences members beta-testers', 'with who is missing until identified']);
}

async function listCommand(options: ReturnType<typeof optionsOf<PageOptions>>, command: Command): Promise<void> {
  const after = afterName(options);
  const environment = await connect(options);
  const audiences = await listAudiences(environment, await readLive(environment.configuration));
  await printPages(
    processTerminal(),
    {
      rows: mapped(
        audiences.filter(({ key }) => after === undefined || key > after),
        (row) => row,
      ),
      cursorOf: ({ key }) => cursorOfName(key),
    },
    { noun: 'audience', columns: audienceColumns(), none: () => 'no audiences' },
    options,
    command,
  );
}

async function getCommand(key: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const row = await findAudience(await connect(options), key);
  if (options.json) printJson(terminal, row);
  else {
    const { key: _key, origin, ...fields } = row;
    printFields(terminal, `Audience ${row.key}`, [...describedFields(fields), ['made by', origin]]);
  }
}

async function membersCommand(
  key: string,
  options: ReturnType<typeof optionsOf<PageOptions>>,
  command: Command,
): Promise<void> {
  const after = afterName(options);
  const environment = await connect(options);
  await findAudience(environment, key);
  await printPages(
    processTerminal(),
    {
      rows: mapped(membersOf(environment, key, { after }), ({ member, user }) => memberRow(member, user)),
      cursorOf: ({ user_id, tenant }) => cursorOfName(memberName({ userId: user_id, tenant })),
    },
    {
      noun: 'member',
      columns: memberColumns(Date.now()),
      none: () => `audience ${key} has no members`,
    },
    options,
    command,
  );
}

async function findAudience(environment: Environment, key: string): Promise<AudienceRow> {
  const audience = await readAudience(environment, await readLive(environment.configuration), key);
  if (audience !== undefined) return audience;
  throw notFound(`no audience ${key} in ${environment.name}`, 'npx signalbox audiences lists what there is');
}
