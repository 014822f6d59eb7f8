import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Command } from 'commander';
import * as z from 'zod';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { examples, optionsOf } from '../command.ts';
import { connect, type Environment } from '../environment.ts';
import { notFound, usageError } from '../errors.ts';
import { readHidden } from '../output/hidden-input.ts';
import { renderTable } from '../output/table.ts';
import { printJson, processTerminal } from '../output/terminal.ts';
import { plural } from '../output/text.ts';
import { formatWhen } from '../output/times.ts';
import { iso } from '../rows.ts';

export type SecretRow = { name: string; changed_at: string | null };

export function register(program: Command): void {
  const secrets = program
    .command('secrets')
    .description('secrets of sources and workflow targets: set one, list their names');
  const set = secrets
    .command('set <name>')
    .description('stores a secret; its value is read from standard input, or asked for without being shown')
    .option('--also', 'keep the value that is there as a second one, until the sender has changed')
    .action((name: string, _options, command: Command) => setCommand(name, optionsOf<{ also?: boolean }>(command)));
  examples(
    set,
    ['secrets set sources/rudderstack', 'asks for the value'],
    ['secrets set sources/rudderstack --also', 'replaces it without a gap: both are accepted'],
    ['secrets set targets/order-completed < secret.txt', 'signs the posts to a target'],
  );
  examples(
    secrets
      .command('list')
      .description('names and ages; never values')
      .action((_options, command: Command) => listCommand(optionsOf(command))),
    ['secrets list', 'of this environment'],
  );
}

const SecretName = /^(sources|targets)\/([a-z0-9][a-z0-9_-]{0,254})$/;
const Stored = z.object({ values: z.array(z.string()) });

async function setCommand(name: string, options: ReturnType<typeof optionsOf<{ also?: boolean }>>): Promise<void> {
  const terminal = processTerminal();
  const [, kind, key] = SecretName.exec(name) ?? [];
  if (kind === undefined || key === undefined)
    throw usageError(`"${name}" is no secret; write sources/<source> or targets/<workflow>`);
  const environment = await connect(options);
  await checkExists(environment, kind, key);
  const value = (await readHidden(`New value of ${name} in ${environment.name} (${environment.where}): `)).replace(
    /\r?\n$/,
    '',
  );
  if (value === '') throw usageError('the value is empty', 'write it to standard input, or type it when asked');
  const client = await environment.secrets();
  const id = `${environment.outputs.SecretsPrefix}/${name}`;
  const before = await valuesNow(client, id);
  // The newest comes first; at most two are active, so that an old one does not stay valid for ever unnoticed.
  const values = [...new Set([value, ...(options.also ? (before ?? []) : [])])].slice(0, 2);
  const SecretString = JSON.stringify({ values });
  if (before === undefined) await client.send(new CreateSecretCommand({ Name: id, SecretString }));
  else await client.send(new PutSecretValueCommand({ SecretId: id, SecretString }));
  if (options.json) printJson(terminal, { name, values: values.length });
  terminal.note(
    `${name} is set in ${environment.name}: ${plural(values.length, 'value')} active. Functions use it within 5 minutes.`,
  );
}

async function checkExists(environment: Environment, kind: string, key: string): Promise<void> {
  const { snapshot } = await readLive(environment.configuration);
  const known = kind === 'sources' ? snapshot.sources : snapshot.workflows;
  if (Object.hasOwn(known, key)) return;
  const what = kind === 'sources' ? 'source' : 'workflow';
  throw notFound(
    `there is no ${what} "${key}" in ${environment.name}`,
    `there are: ${Object.keys(known).join(', ') || 'none'}`,
  );
}

async function valuesNow(client: SecretsManagerClient, id: string): Promise<string[] | undefined> {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    return Stored.parse(JSON.parse(SecretString ?? '')).values;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    // Damaged text: there is a secret, and nothing in it to keep. Its text must not show in an error.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return [];
    throw error;
  }
}

async function listCommand(options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const rows = await listSecrets(await environment.secrets(), `${environment.outputs.SecretsPrefix}/`);
  if (options.json) printJson(terminal, rows);
  else if (rows.length === 0) terminal.note('no secrets');
  else {
    const nowMs = Date.now();
    terminal.out(
      renderTable<SecretRow>(
        [
          { title: 'SECRET', value: ({ name }) => name, whole: true },
          {
            title: 'CHANGED',
            value: ({ changed_at }) => (changed_at === null ? 'never' : formatWhen(Date.parse(changed_at), nowMs)),
          },
        ],
        rows,
        terminal,
      ),
    );
  }
}

async function listSecrets(client: SecretsManagerClient, prefix: string): Promise<SecretRow[]> {
  const rows: SecretRow[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [prefix] }], NextToken }));
    for (const { Name, LastChangedDate, CreatedDate } of page.SecretList ?? []) {
      // The filter matches words, so a neighbour's secrets can come along.
      if (!Name?.startsWith(prefix)) continue;
      const changed = LastChangedDate ?? CreatedDate;
      rows.push({ name: Name.slice(prefix.length), changed_at: changed === undefined ? null : iso(changed.getTime()) });
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}
