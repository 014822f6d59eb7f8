import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { apiKeyBytes } from '../../../shared/core/ids/api-key.ts';
import { createKey, type KeyRow, listKeys, revokeKey } from '../../../shared/operations/keys/keys.ts';
import { formatAgo } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { defaultList, examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

type CreateOptions = GlobalOptions & { public?: boolean };

export function register(program: Command): void {
  const keys = program.command('keys').description('keys of the REST API: make, list, revoke');
  const list = defaultList(keys)
    .description('every key: who made it, when it was last used; never its text')
    .action((_options, command: Command) => listCommand(optionsOf(command)));
  examples(list, ['keys', 'of this environment'], ['keys list -e production --json', 'for scripts']);
  const create = keys
    .command('create <name>')
    .description('makes a secret key, which works at once; its text is shown this once')
    .option('--public', 'a public key, for browsers: no server call accepts it')
    .action((name: string, _options, command: Command) => createCommand(name, optionsOf<CreateOptions>(command)));
  examples(
    create,
    ['keys create census', 'for the tool that will call the API'],
    ['keys create checkout -e production --json', '{ id, name, key } for a script'],
  );
  const revoke = keys
    .command('revoke <id>')
    .description('ends a key: the next request with it is refused')
    .action((id: string, _options, command: Command) => revokeCommand(id, optionsOf(command)));
  examples(revoke, ['keys revoke 4f1c09ab77de', 'by the id that `keys` lists']);
}

async function createCommand(name: string, options: CreateOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const kind = options.public === true ? 'public' : 'secret';
  const now = { author: currentAuthor(), nowMs: Date.now(), entropy: randomBytes(apiKeyBytes) };
  const made = await createKey(environment, { name, kind }, now);
  if (options.json) printJson(terminal, made);
  else terminal.out(made.key);
  terminal.note(
    `This is the only time that the ${kind} key "${made.name}" (${made.id}) of ${environment.name} is shown. It is a credential: mind the history of your terminal.`,
  );
}

async function listCommand(options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const rows = await listKeys(await connect(options));
  if (options.json) return printJson(terminal, rows);
  if (rows.length === 0) return terminal.note('no keys; npx signalbox keys create NAME makes one');
  const nowMs = Date.now();
  const ago = (text: string) => formatAgo(Date.parse(text), nowMs);
  terminal.out(
    renderTable<KeyRow>(
      [
        { title: 'ID', value: ({ id }) => id, whole: true },
        { title: 'NAME', value: ({ name }) => name },
        { title: 'KIND', value: ({ kind }) => kind },
        { title: 'MADE', value: ({ created_at, created_by }) => `${ago(created_at)} by ${created_by}` },
        { title: 'LAST USED', value: ({ last_used_at }) => (last_used_at === null ? 'never' : ago(last_used_at)) },
        {
          title: 'STATE',
          value: ({ revoked_at, revoked_by }) =>
            revoked_at === null ? 'works' : `revoked ${ago(revoked_at)} by ${revoked_by}`,
        },
      ],
      rows,
      terminal,
    ),
  );
  terminal.note('Last use is recorded to the hour.');
}

async function revokeCommand(id: string, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const row = await revokeKey(environment, id, { author: currentAuthor(), nowMs: Date.now() });
  if (options.json) printJson(terminal, row);
  terminal.note(`The key "${row.name}" (${row.id}) is revoked in ${environment.name}: it opens nothing any more.`);
}
