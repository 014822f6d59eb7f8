import { type Command, InvalidArgumentError } from 'commander';
import { ZodError } from 'zod';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { effectiveSettings } from '../../../shared/core/configuration/effective-settings.ts';
import { sourceState } from '../../../shared/core/configuration/prepared.ts';
import {
  type SourceFile,
  SourceSettings,
  type SourceState,
  windowHoursMax,
} from '../../../shared/core/configuration/schema.ts';
import { fieldPathProblem } from '../../../shared/core/mappings/field-path.ts';
import { sourceKind } from '../../../shared/core/sources/index.ts';
import { examples, type GlobalOptions, optionsOf, positiveInteger, positiveNumber } from '../command.ts';
import { changeSettings, currentAuthor } from '../configuration.ts';
import { connect } from '../environment.ts';
import { notFound, usageError } from '../errors.ts';
import { printFields } from '../output/fields.ts';
import { printJson, processTerminal, type Terminal } from '../output/terminal.ts';

type Changes = {
  enabled?: boolean;
  identify?: boolean;
  enforce?: boolean | 'once_set';
  partial?: 'accept' | 'refuse';
  idempotency?: boolean;
  /** `default`: the source's own. */
  keyPath?: string;
  windowHours?: number;
  logShards?: number;
};

export function register(program: Command): void {
  const settings = program
    .command('settings')
    .description("a source's settings in one environment: they take effect within 30 s and are kept through pushes");

  const show = settings
    .command('show <source>')
    .description('what is set')
    .action((source: string, _options, command: Command) => showSettings(source, optionsOf(command)));
  examples(
    show,
    ['settings show rudderstack', 'in development'],
    ['settings show rudderstack -e production --json', 'for scripts'],
  );

  const set = settings
    .command('set <source>')
    .description('change what is named, leave the rest')
    .option('--enabled <on|off>', 'off: events are accepted and logged as rejected, nothing runs', onOff)
    .option('--identify <on|off>', 'off: identify events are logged and run nothing', onOff)
    .option(
      '--enforce <on|off|once-set>',
      'on: what fails the check of the secret or signature is answered 401; once-set: as soon as there is a secret',
      enforcement,
    )
    .option('--partial <accept|refuse>', 'batches whose signature covers only their first event', acceptOrRefuse)
    .option('--idempotency <on|off>', 'off: every copy of an event runs', onOff)
    .option('--key-path <path|default>', "where the idempotency key is; default: the source's own", keyPath)
    .option('--window-hours <n>', `how long a copy counts as one, up to ${windowHoursMax}`, positiveNumber)
    .option('--log-shards <n>', 'partitions of its log, 1-32; each takes 1,000 events a second', positiveInteger)
    .action((source: string, _options, command: Command) => setSettings(source, optionsOf<Changes>(command)));
  examples(
    set,
    ['settings set rudderstack --enforce on', 'once events show "verified"'],
    ['settings set rudderstack --window-hours 72 -e production', 'copies count for three days'],
    ['settings set rudderstack --enabled off -e production', 'stop acting on its events, lose none'],
  );
}

function onOff(text: string): boolean {
  if (text === 'on') return true;
  if (text === 'off') return false;
  throw new InvalidArgumentError('It is on or off.');
}

function enforcement(text: string): boolean | 'once_set' {
  if (text === 'once-set' || text === 'once_set') return 'once_set';
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('It is on or off, or once-set.');
}

function acceptOrRefuse(text: string): 'accept' | 'refuse' {
  if (text === 'accept' || text === 'refuse') return text;
  throw new InvalidArgumentError('It is accept or refuse.');
}

const ownPath = 'default';

function keyPath(text: string): string {
  const problem = text === ownPath ? undefined : fieldPathProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`It ${problem}.`);
  return text;
}

async function showSettings(source: string, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const { state, file, name } = await readSettings(source, options);
  print(terminal, options, name, source, file, state);
}

async function setSettings(source: string, options: GlobalOptions & Changes): Promise<void> {
  const terminal = processTerminal();
  const { enabled, identify, enforce, partial, idempotency, keyPath: path, windowHours, logShards } = options;
  const changes = { enabled, identify, enforce, partial, idempotency, path, windowHours, logShards };
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (named.length === 0)
    throw usageError('nothing to set is named', 'npx signalbox settings set --help lists what there is');
  const { configuration, name, file } = await readSettings(source, options);
  const change = (before: SourceState): SourceState => {
    const { path: keyBefore, ...keys } = before.idempotency;
    const keyNow = path === undefined ? keyBefore : path === ownPath ? undefined : path;
    return {
      ...before,
      ...(enabled !== undefined && { enabled }),
      ...(identify !== undefined && { identify }),
      verification: {
        ...before.verification,
        ...(enforce !== undefined && { enforced: enforce }),
        ...(partial !== undefined && { partial }),
      },
      idempotency: {
        ...keys,
        ...(idempotency !== undefined && { enabled: idempotency }),
        ...(keyNow !== undefined && { path: keyNow }),
        ...(windowHours !== undefined && { window_hours: windowHours }),
      },
      ...(logShards !== undefined && { log_shards: logShards }),
    };
  };
  const message = `set ${named.map(([key, value]) => `${key} ${value === true ? 'on' : value === false ? 'off' : value}`).join(', ')} of ${source}`;
  const who = { author: currentAuthor(), message, nowMs: Date.now() };
  const state = await changeSettings(configuration, source, change, who).catch(refusedSettings);
  print(terminal, options, name, source, file, state);
  if (enforce === true)
    terminal.note('From within 30 s on, what fails the check is answered 401: many senders drop such events for good.');
}

/** A value that no state may have, told as the mistake it is. */
function refusedSettings(error: unknown): never {
  if (!(error instanceof ZodError)) throw error;
  const [issue] = error.issues;
  throw usageError(
    `${issue?.path.join('.')}: ${issue?.message}`,
    'nothing was changed; npx signalbox settings set --help',
  );
}

async function readSettings(source: string, options: GlobalOptions) {
  const { configuration, name } = await connect(options);
  const live = await readLive(configuration);
  if (!Object.hasOwn(live.snapshot.sources, source)) {
    const known = Object.keys(live.snapshot.sources).join(', ') || 'none';
    throw notFound(`${name} has no source "${source}"; it has ${known}`);
  }
  const file = live.snapshot.sources[source] as SourceFile;
  return { configuration, name, file, state: sourceState(live, source) };
}

function print(
  terminal: Terminal,
  { json }: GlobalOptions,
  environment: string,
  source: string,
  file: SourceFile,
  state: SourceState,
): void {
  const settings = SourceSettings.strip().parse(state);
  if (json) {
    printJson(terminal, { environment, source, ...settings });
    return;
  }
  const { log_shards, inactive_mappings, ...set } = settings;
  const kind = sourceKind(file.kind);
  const { enabled, identify, enforcement, refusesPartial, idempotency } = effectiveSettings(kind, file, settings);
  const word = (on: boolean) => (on ? 'on' : 'off');
  const own = (value: unknown) => (value === undefined ? ' (as the kind has it)' : '');
  printFields(terminal, `Source ${source} in ${environment}`, [
    ['enabled', word(enabled)],
    ['identify', word(identify) + own(set.identify)],
    ['enforce', enforcement.replace('_', '-') + own(set.verification.enforced)],
    ['partial batches', refusesPartial ? 'refuse' : 'accept'],
    [
      'idempotency',
      `${word(idempotency.enabled)}${own(set.idempotency.enabled)}, window ${idempotency.windowHours} h${own(set.idempotency.window_hours)}`,
    ],
    ['key path', idempotency.path ?? "the source's own"],
    ['log shards', log_shards === undefined ? "the environment's" : String(log_shards)],
    ['inactive mappings', inactive_mappings.join(', ') || 'none'],
  ]);
}
