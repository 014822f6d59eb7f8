import { type Command, InvalidArgumentError } from 'commander';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { retentionDaysMax, retentionDaysMin, windowHoursMax } from '../../../shared/core/configuration/retention.ts';
import { type SourceFile, SourceSettings, type SourceState } from '../../../shared/core/configuration/schema.ts';
import { effectiveSettings } from '../../../shared/core/live/effective-settings.ts';
import { sourceState } from '../../../shared/core/live/source-state.ts';
import { fieldPathProblem } from '../../../shared/core/mappings/field-path.ts';
import { sourceKind } from '../../../shared/core/sources/index.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { ofSource, stateOf, unknownSource } from '../../../shared/operations/settings/change.ts';
import { changesText } from '../../../shared/operations/settings/field-changes.ts';
import { type SettingsChange, setSettings } from '../../../shared/operations/settings/settings.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { addReason, examples, type GlobalOptions, optionsOf, positiveInteger, positiveNumber } from '../command.ts';
import { connect } from '../environment.ts';
import { printFields } from '../terminal/fields.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { askedNow } from './asked.ts';

export function register(program: Command): void {
  const settings = program
    .command('settings')
    .description("a source's settings in one environment: they take effect within 30 s and are kept through pushes");

  const show = settings
    .command('show <source>')
    .description('what is set')
    .action((source: string, _options, command: Command) => showCommand(source, optionsOf(command)));
  examples(
    show,
    ['settings show rudderstack', 'in development'],
    ['settings show rudderstack -e production --json', 'for scripts'],
  );

  const set = addReason(settings.command('set <source>'))
    .description('change what is named, leave the rest')
    .option('--enabled <on|off>', 'off: events are accepted and logged as rejected, nothing runs', onOff)
    .option('--identify <on|off|default>', 'off: identify events are logged and run nothing', orDefault(onOff))
    .option(
      '--enforce <on|off|once-set|default>',
      'on: what fails the check of the secret or signature is answered 401; once-set: as soon as there is a secret',
      orDefault(enforcement),
    )
    .option('--partial <accept|refuse>', 'batches whose signature covers only their first event', acceptOrRefuse)
    .option(
      '--destructive <verified|any>',
      'actions that delete: for no event whose check failed or did not cover it (verified), or for any',
      verifiedOrAny,
    )
    .option('--idempotency <on|off|default>', 'off: every copy of an event runs', orDefault(onOff))
    .option('--key-path <path|default>', "where the idempotency key is; default: the source's own", keyPath)
    .option(
      '--window-hours <n|default>',
      `how long a copy counts as one, up to ${windowHoursMax}; default: the kind's`,
      orDefault(positiveNumber),
    )
    .option(
      '--retention-days <n|default>',
      `how long its log rows are kept, ${retentionDaysMin}-${retentionDaysMax}; default: the environment's`,
      orDefault(positiveInteger),
    )
    .option(
      '--log-shards <n|default>',
      'partitions of its log, 1-32; each takes 1,000 events a second',
      orDefault(positiveInteger),
    )
    .action((source: string, _options, command: Command) => setCommand(source, optionsOf<SetOptions>(command)));
  examples(
    set,
    ['settings set rudderstack --enforce on', 'once events show "verified"'],
    ['settings set rudderstack --window-hours 72 -e production', 'copies count for three days'],
    ['settings set rudderstack --retention-days 30 -m "privacy review"', 'rows written from now on'],
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

function verifiedOrAny(text: string): 'verified' | 'any' {
  if (text === 'verified' || text === 'any') return text;
  throw new InvalidArgumentError('It is verified or any.');
}

const orDefault =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value | 'default' =>
    text === 'default' ? text : parse(text);

/**
 * Operations expect null for a default; the option's parser cannot return null, which Commander
 * reads as not given.
 */
function nullIfDefault<Value>(value: Value | 'default' | undefined): Value | null | undefined {
  return value === 'default' ? null : (value as Value | undefined);
}

/** The options as parsed. */
type SetOptions = Pick<SettingsChange, 'enabled' | 'partial' | 'destructive'> & {
  identify?: boolean | 'default';
  enforce?: boolean | 'once_set' | 'default';
  idempotency?: boolean | 'default';
  windowHours?: number | 'default';
  keyPath?: string;
  retentionDays?: number | 'default';
  logShards?: number | 'default';
  message?: string;
};

const keyPath = orDefault((text) => {
  const problem = fieldPathProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`It ${problem}.`);
  return text;
});

async function showCommand(source: string, options: GlobalOptions): Promise<void> {
  const { configuration, name } = await connect(options);
  const live = await readLive(configuration);
  const unknown = unknownSource(live, source);
  if (unknown) throw unknownName(unknown, name);
  print(processTerminal(), options, name, source, fileOf(live, source), sourceState(live, source));
}

async function setCommand(source: string, options: GlobalOptions & SetOptions): Promise<void> {
  const terminal = processTerminal();
  const { enabled, enforce, partial, destructive, retentionDays } = options;
  const settings: SettingsChange = {
    enabled,
    partial,
    destructive,
    identify: nullIfDefault(options.identify),
    enforce: nullIfDefault(enforce),
    idempotency: nullIfDefault(options.idempotency),
    windowHours: nullIfDefault(options.windowHours),
    keyPath: nullIfDefault(options.keyPath),
    retentionDays: nullIfDefault(retentionDays),
    logShards: nullIfDefault(options.logShards),
  };
  if (Object.values(settings).every((value) => value === undefined))
    throw usageError('nothing to set is named', 'npx signalbox settings set --help lists what there is');
  const { configuration, name } = await connect(options);
  const set = await setSettings(configuration, { source, settings, ...askedNow(options) });
  if (set.kind === 'unknown') throw unknownName(set, name);
  if (set.kind === 'invalid')
    throw usageError(`${set.field} ${set.problem}`, 'nothing was changed; npx signalbox settings set --help');
  print(terminal, options, name, source, fileOf(await readLive(configuration), source), stateOf(set.state, source));
  if (set.kind === 'unchanged') terminal.note(`It was so already (version ${set.version}).`);
  else terminal.note(`Version ${set.version}, within 30 s: ${changesText(ofSource(set.changes, source))}`);
  if (enforce === true && set.kind === 'changed')
    terminal.note('From within 30 s on, what fails the check is answered 401: many senders drop such events for good.');
  if (retentionDays !== undefined && set.kind === 'changed')
    terminal.note('Rows that are there already keep the time they were written with.');
}

/** For a source that exists. */
const fileOf = ({ snapshot }: LiveConfiguration, source: string) => snapshot.sources[source] as SourceFile;

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
  const { log_shards, retention_days, inactive_mappings, ...set } = settings;
  const { enabled, identify, enforcement, refusesPartial, deletesUnverified, idempotency } = effectiveSettings(
    sourceKind(file.kind),
    file,
    settings,
  );
  const word = (on: boolean) => (on ? 'on' : 'off');
  const own = (value: unknown) => (value === undefined ? ", the kind's default" : '');
  printFields(terminal, `Source ${source} in ${environment}`, [
    ['enabled', word(enabled)],
    ['identify', word(identify) + own(set.identify)],
    ['enforce', enforcement.replace('_', '-') + own(set.verification.enforced)],
    ['partial batches', refusesPartial ? 'refuse' : 'accept'],
    ['deletions', deletesUnverified ? 'for any event' : 'for verified events'],
    [
      'idempotency',
      `${word(idempotency.enabled)}${own(set.idempotency.enabled)}; window ${idempotency.windowHours} h${own(set.idempotency.window_hours)}`,
    ],
    ['key path', idempotency.path ?? "the source's own"],
    ['retention', retention_days === undefined ? "the environment's" : `${retention_days} days`],
    ['log shards', log_shards === undefined ? "the environment's" : String(log_shards)],
    ['inactive mappings', inactive_mappings.join(', ') || 'none'],
  ]);
}
