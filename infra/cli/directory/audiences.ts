import type { Command } from 'commander';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { listAudiences, membersOf, readAudience } from '../../../shared/operations/directory/directory.ts';
import { type AudienceRow, memberRow } from '../../../shared/operations/directory/directory-rows.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { defaultList, examples, optionsOf, positiveInteger } from '../command.ts';
import { connect } from '../environment.ts';
import { printFields } from '../terminal/fields.ts';
import { printList } from '../terminal/print-list.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { audienceColumns, describedFields, memberColumns } from './tables.ts';

type ListOptions = { limit: number };

export function register(program: Command): void {
  const audiences = program.command('audiences').description('audiences and their members');
  const list = defaultList(audiences)
    .description('audiences by key: those of the configuration and those that actions made')
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((_options, command: Command) => listCommand(optionsOf<ListOptions>(command)));
  examples(list, ['audiences', 'the first twenty, by key']);
  const get = audiences
    .command('get <key>')
    .description('one audience')
    .action((key: string, _options, command: Command) => getCommand(key, optionsOf(command)));
  examples(get, ['audiences get beta-testers', 'whether it is there, and what made it']);
  const members = audiences
    .command('members <key>')
    .description('members of one audience by user id; a user is in once per tenant')
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((key: string, _options, command: Command) => membersCommand(key, optionsOf<ListOptions>(command)));
  examples(members, ['audiences members beta-testers', 'with who is missing until identified']);
}

async function listCommand({ limit, json, ...options }: ReturnType<typeof optionsOf<ListOptions>>): Promise<void> {
  const environment = await connect(options);
  const rows = await listAudiences(environment, await readLive(environment.configuration));
  printList(processTerminal(), { rows, limit, columns: audienceColumns(), none: 'no audiences', json });
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
  { limit, json, ...options }: ReturnType<typeof optionsOf<ListOptions>>,
): Promise<void> {
  const environment = await connect(options);
  await findAudience(environment, key);
  const found = await take(membersOf(environment, key), limit + 1);
  const rows = found.map(({ member, user }) => memberRow(member, user));
  const none = `audience ${key} has no members`;
  printList(processTerminal(), { rows, limit, columns: memberColumns(Date.now()), none, json });
}

async function findAudience(environment: Environment, key: string): Promise<AudienceRow> {
  const audience = await readAudience(environment, await readLive(environment.configuration), key);
  if (audience !== undefined) return audience;
  throw notFound(`no audience ${key} in ${environment.name}`, 'npx signalbox audiences lists what there is');
}
