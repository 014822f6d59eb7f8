import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { readConfigurationFiles } from '../../../shared/operations/configuration/files/configuration-files.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { notFound, type Refusal, usageError } from '../../../shared/operations/refusal.ts';
import {
  type RecordedSecrets,
  restoreSecret,
  retireSecret,
  rotateSecret,
  type SecretChanged,
  type SecretRefused,
  setSecret,
} from '../../../shared/operations/secrets/change-secret.ts';
import { contentWithSecrets } from '../../../shared/operations/secrets/content-with-secrets.ts';
import { generatedValue, pastedValue } from '../../../shared/operations/secrets/new-value.ts';
import { inUseFromMs } from '../../../shared/operations/secrets/secret-changes.ts';
import { findSecret, type KnownSecret } from '../../../shared/operations/secrets/secret-name.ts';
import { ageOf, refusedSecret, unknownSecret } from '../../../shared/operations/secrets/secret-refusal.ts';
import { type SecretRow, secretRow } from '../../../shared/operations/secrets/secret-row.ts';
import { listSecrets } from '../../../shared/operations/secrets/secret-store.ts';
import { iso, isoOrNull } from '../../../shared/operations/words/iso.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { clockTime, formatAgo } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { type DirectoryOption, withDirectory } from '../configuration/files.ts';
import { connect } from '../environment.ts';
import { readHidden } from '../terminal/hidden-input.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, printNote, processTerminal, type Terminal } from '../terminal/terminal.ts';

type SetOptions = DirectoryOption & { also?: boolean; generate?: boolean };
type RotateOptions = DirectoryOption & { generate?: boolean; force?: boolean; retire?: boolean };

const generateHelp = 'make the value here, and print it once; for senders and targets that take one of ours';

export function register(program: Command): void {
  const secrets = program
    .command('secrets')
    .description(
      'secrets of sources, workflow targets and channels for alarms: set, replace without a gap, list; values are never shown',
    );
  const set = withDirectory(secrets.command('set <name>'))
    .description('stores a secret; its value is read from standard input, or asked for without being shown')
    .option('--also', 'keep the value that is there as a second one, until the sender has changed')
    .option('--generate', generateHelp)
    .action((name: string, _options, command: Command) => setCommand(name, optionsOf(command)));
  examples(
    set,
    ['secrets set rudderstack', "asks for the value of a source's secret: the same as sources/rudderstack"],
    ['secrets set targets/order-completed < secret.txt', 'signs the posts to a target'],
    ['secrets set notifier/slack', 'the address of an incoming webhook, where alarms are told'],
    ['secrets set rudderstack --generate', 'makes one; paste what it prints at the sender'],
  );
  const rotate = withDirectory(secrets.command('rotate <name>'))
    .description('a new value beside the one in use: both are accepted until the old one is retired')
    .option('--generate', generateHelp)
    .option('--force', 'although two values are active, which ends the older')
    .option('--retire', 'end the older value: the sender uses the new one')
    .action((name: string, _options, command: Command) => rotateCommand(name, optionsOf(command)));
  examples(
    rotate,
    ['secrets rotate rudderstack', 'asks for the new value'],
    ['secrets rotate rudderstack --retire', 'once the sender uses it'],
    ['secrets rotate targets/order-completed --generate', 'makes it, and prints it once'],
  );
  const restore = secrets
    .command('restore <name>')
    .description('takes back the scheduled deletion of a secret, with the values that it had')
    .action((name: string, _options, command: Command) => restoreCommand(name, optionsOf(command)));
  examples(restore, ['secrets restore rudderstack', 'before the day that secrets list shows']);
  const list = secrets
    .command('list')
    .description('names, how many values are active and how old each is, last use; never values')
    .action((_options, command: Command) => listCommand(optionsOf(command)));
  examples(list, ['secrets list', 'of this environment'], ['secrets list -e production --json', 'for scripts']);
}

async function setCommand(text: string, options: SetOptions): Promise<void> {
  const { environment, secret, store } = await open(text, options);
  const { value, generated } = await newValue(secret, environment, options);
  const request = { name: secret.name, value, also: options.also === true, ...now() };
  print(processTerminal(), options, environment, secret, await setSecret(store, request), generated);
}

async function rotateCommand(text: string, options: RotateOptions): Promise<void> {
  const { retire, generate, force } = options;
  if (retire && (generate || force)) throw usageError('--retire takes neither --generate nor --force');
  const { environment, secret, store } = await open(text, options);
  const terminal = processTerminal();
  if (retire) {
    const retired = await retireSecret(store, { name: secret.name, ...now() });
    if (retired.kind !== 'changed') throw refused(retired, secret, environment);
    return print(terminal, options, environment, secret, retired, undefined);
  }
  const { value, generated } = await newValue(secret, environment, options);
  const request = { name: secret.name, value, evenIfTwo: force === true, ...now() };
  const rotated = await rotateSecret(store, request);
  if (rotated.kind !== 'changed') throw refused(rotated, secret, environment);
  print(terminal, options, environment, secret, rotated, generated);
  terminal.note(`1. Change it at ${secret.sharedWith}. Until then the old value works as before.`);
  terminal.note(`2. Then end the old one: npx signalbox secrets rotate ${secret.name} --retire`);
}

/** By its name alone: a secret can outlive its source, and the ingest key has none. */
async function restoreCommand(text: string, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const store = await storeOf(environment);
  const name = text.includes('/') || text === 'ingest' ? text : `sources/${text}`;
  const restored = await restoreSecret(store, { name, ...now() });
  if (restored.kind === 'not_set') {
    const deleted = (await listSecrets(store)).filter(({ deletedOnMs }) => deletedOnMs !== undefined);
    throw notFound(
      `there is no secret ${name} in ${environment.name}`,
      `scheduled for deletion: ${deleted.map((secret) => secret.name).join(', ') || 'none'}`,
    );
  }
  if (options.json)
    printJson(terminal, { environment: environment.name, name, restored: restored.kind === 'restored' });
  terminal.note(
    restored.kind === 'restored'
      ? `${name} is restored in ${environment.name}: ${plural(restored.values, 'value')} active. Functions use it within 5 minutes.`
      : `${name} is not scheduled for deletion in ${environment.name}; nothing was changed.`,
  );
}

async function open(text: string, options: DirectoryOption) {
  const environment = await connect(options);
  const { snapshot: files } = readConfigurationFiles(options.dir);
  const content = await contentWithSecrets(environment.configuration, files);
  const secret = findSecret(text, content, environment.name);
  if ('kind' in secret) throw unknownSecret(secret, environment.name);
  return { environment, secret, store: await storeOf(environment) };
}

async function storeOf(environment: Environment): Promise<RecordedSecrets> {
  const { configuration: changes, outputs } = environment;
  return { client: await environment.secrets(), prefix: outputs.SecretsPrefix, changes };
}

const now = () => ({ author: currentAuthor(), nowMs: Date.now() });

async function newValue(
  secret: KnownSecret,
  environment: Environment,
  options: { generate?: boolean },
): Promise<{ value: string; generated?: string }> {
  if (options.generate) {
    const { value } = generatedValue(secret, randomBytes(32));
    return { value, generated: value };
  }
  const typed = await readHidden(`New value of ${secret.name} in ${environment.name} (${environment.where}): `);
  const { value, removed } = pastedValue(secret, typed.replace(/\r?\n$/, ''));
  if (removed.length > 0) printNote(`Removed from what was pasted: ${removed.join(', ')}.`);
  return { value };
}

function refused(refusal: SecretRefused, { name }: KnownSecret, environment: Environment): Refusal {
  return refusedSecret(refusal, name, environment.name, Date.now());
}

/**
 * The only place that prints a value: one that was made here, once, so that the operator can paste
 * it.
 */
function print(
  terminal: Terminal,
  { json }: GlobalOptions,
  environment: Environment,
  { name }: KnownSecret,
  { values, ended, restored, changedAtMs }: SecretChanged,
  generated: string | undefined,
): void {
  const set_at = values.map(({ setAtMs }) => isoOrNull(setAtMs));
  if (json)
    printJson(terminal, {
      environment: environment.name,
      name,
      values: values.length,
      set_at,
      ended,
      restored,
      in_use_by: iso(inUseFromMs(changedAtMs)),
      ...(generated && { generated }),
    });
  else if (generated !== undefined) terminal.out(generated);
  if (generated !== undefined)
    terminal.note(
      'This is the only time that the value is shown. It is a credential: mind the history of your terminal.',
    );
  if (restored) terminal.note(`${name} was scheduled for deletion; it is restored.`);
  const over = ended === 0 ? '' : `, ${plural(ended, 'older one', 'older ones')} ended`;
  terminal.note(
    `${name} is set in ${environment.name}: ${plural(values.length, 'value')} active${over}. Functions use it within 5 minutes, the last by ${clockTime(inUseFromMs(changedAtMs))}.`,
  );
}

async function listCommand(options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const rows = (await listSecrets(await storeOf(environment))).map(secretRow);
  if (options.json) return printJson(terminal, rows);
  if (rows.length === 0) return terminal.note('no secrets');
  const nowMs = Date.now();
  terminal.out(
    renderTable<SecretRow>(
      [
        { title: 'SECRET', value: ({ name }) => name, whole: true },
        { title: 'VALUES', value: ({ values }) => (values === null ? '-' : String(values)), align: 'right' },
        { title: 'SET', value: (row) => agesOf(row, nowMs) },
        ...(rows.some(({ deleted_on }) => deleted_on !== null)
          ? [{ title: 'DELETED ON', value: ({ deleted_on }: SecretRow) => deleted_on ?? '' }]
          : []),
        { title: 'LAST USED', value: ({ last_used_on }) => lastUsed(last_used_on, nowMs) },
      ],
      rows,
      terminal,
    ),
  );
  for (const { name, deleted_on } of rows) {
    if (deleted_on !== null)
      terminal.note(
        `${name} is scheduled for deletion on ${deleted_on}, and nothing can use it. Restore it: npx signalbox secrets restore ${name}`,
      );
  }
  terminal.note(
    'Last use is a day in UTC, and counts what this tool reads; on AWS the list may be five minutes behind.',
  );
}

function agesOf({ set_at, changed_at }: SecretRow, nowMs: number): string {
  if (set_at.length > 0) return set_at.map((at) => ageOf(at === null ? undefined : Date.parse(at), nowMs)).join(', ');
  return changed_at === null ? '-' : `changed ${formatAgo(Date.parse(changed_at), nowMs)}`;
}

function lastUsed(day: string | null, nowMs: number): string {
  if (day === null) return 'never';
  const days = Math.floor((nowMs - Date.parse(day)) / 86_400_000);
  return days === 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`;
}
