import { type Command, InvalidArgumentError } from 'commander';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { sourceState } from '../../../shared/core/configuration/prepared.ts';
import {
  retentionDaysMax,
  retentionDaysMin,
  SourceSettings,
  type SourceState,
  windowHoursMax,
} from '../../../shared/core/configuration/schema.ts';
import { fieldPathProblem } from '../../../shared/core/mappings/field-path.ts';
import { addReason, examples, type GlobalOptions, optionsOf, positiveInteger, positiveNumber } from '../command.ts';
import { connect } from '../environment.ts';
import { usageError } from '../errors.ts';
import { printFields } from '../output/fields.ts';
import { printJson, processTerminal, type Terminal } from '../output/terminal.ts';
import { askedNow, unknownName } from '../state/asked.ts';
import { ofSource, stateOf, unknownSource } from '../state/change.ts';
import { changesText } from '../state/field-changes.ts';
import { type SettingsChange, setSettings } from '../state/settings.ts';

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
    .option('--identify <on|off>', 'off: identify events are logged and run nothing', onOff)
    .option('--enforce <on|off>', 'on: what fails the check of the secret or signature is answered 401', onOff)
    .option('--idempotency <on|off>', 'off: every copy of an event runs', onOff)
    .option('--key-path <path|default>', "where the idempotency key is; default: the source's own", keyPath)
    .option('--window-hours <n>', `how long a copy counts as one, up to ${windowHoursMax}`, positiveNumber)
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

const orDefault =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value | 'default' =>
    text === 'default' ? text : parse(text);

/** What an operation knows a default as; the parser of the command line takes null for nothing given. */
function nullIfDefault<Value>(value: Value | 'default' | undefined): Value | null | undefined {
  return value === 'default' ? null : (value as Value | undefined);
}

/** As the command line has them. */
type SetOptions = Pick<SettingsChange, 'enabled' | 'identify' | 'enforce' | 'idempotency' | 'windowHours'> & {
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
  print(processTerminal(), options, name, source, sourceState(live, source));
}

async function setCommand(source: string, options: GlobalOptions & SetOptions): Promise<void> {
  const terminal = processTerminal();
  const { enabled, identify, enforce, idempotency, windowHours, retentionDays } = options;
  const settings: SettingsChange = {
    ...{ enabled, identify, enforce, idempotency, windowHours },
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
  print(terminal, options, name, source, stateOf(set.state, source));
  if (set.kind === 'unchanged') terminal.note(`It was so already (version ${set.version}).`);
  else terminal.note(`Version ${set.version}, within 30 s: ${changesText(ofSource(set.changes, source))}`);
  if (enforce === true && set.kind === 'changed')
    terminal.note('From within 30 s on, what fails the check is answered 401: many senders drop such events for good.');
  if (retentionDays !== undefined && set.kind === 'changed')
    terminal.note('Rows that are there already keep the time they were written with.');
}

function print(
  terminal: Terminal,
  { json }: GlobalOptions,
  environment: string,
  source: string,
  state: SourceState,
): void {
  const settings = SourceSettings.strip().parse(state);
  if (json) {
    printJson(terminal, { environment, source, ...settings });
    return;
  }
  const { enabled, identify, verification, idempotency, log_shards, retention_days, inactive_mappings } = settings;
  const word = (on: boolean) => (on ? 'on' : 'off');
  printFields(terminal, `Source ${source} in ${environment}`, [
    ['enabled', word(enabled)],
    ['identify', word(identify)],
    ['enforce', word(verification.enforced)],
    ['idempotency', `${word(idempotency.enabled)}, window ${idempotency.window_hours} h`],
    ['key path', idempotency.path ?? "the source's own"],
    ['retention', retention_days === undefined ? "the environment's" : `${retention_days} days`],
    ['log shards', log_shards === undefined ? "the environment's" : String(log_shards)],
    ['inactive mappings', inactive_mappings.join(', ') || 'none'],
  ]);
}
