import type { Command } from 'commander';
import { type EffectiveSettings, effectiveSettings } from '../../../shared/core/configuration/effective-settings.ts';
import { sourceState } from '../../../shared/core/configuration/prepared.ts';
import { SourceFile, type SourceState } from '../../../shared/core/configuration/schema.ts';
import { sourceKind } from '../../../shared/core/sources/index.ts';
import { examples, optionsOf } from '../command.ts';
import { connect, type Environment } from '../environment.ts';
import { printFields } from '../output/fields.ts';
import { renderTable } from '../output/table.ts';
import { printJson, processTerminal, type Terminal } from '../output/terminal.ts';
import { plural } from '../output/text.ts';
import { formatAgo, formatWhen } from '../output/times.ts';
import { eventLogOf, listEvents } from '../queries/events.ts';
import { ingestUrls, secretsOf } from '../queries/ingest-urls.ts';
import { type KnownSource, pickSources, readSources, type SourceDirectory } from '../queries/known-sources.ts';
import { iso, type SourceRow } from '../rows.ts';
import { addAdd } from '../sources/add.ts';
import { addKinds } from '../sources/kinds.ts';

export function register(program: Command): void {
  const sources = program
    .command('sources [key]')
    .description('sources: kind, ingest URL, last event, settings of this environment')
    .action((key: string | undefined, _options, command: Command) => sourcesCommand(key, optionsOf(command)));
  addKinds(sources);
  addAdd(sources);
  examples(
    sources,
    ['sources', 'all of them'],
    ['sources rudderstack', 'one, with its settings'],
    ['sources -e production --json', 'for scripts'],
  );
}

async function sourcesCommand(key: string | undefined, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const directory = await readSources(environment);
  const picked = pickSources(directory.known, key);
  const rows = await sourceRows(environment, directory, picked);
  if (options.json) printJson(terminal, rows);
  else if (key !== undefined) for (const row of rows) printSource(terminal, row, Date.now());
  else printSources(terminal, rows, Date.now());
  if (!options.json && rows.some(({ url }) => url !== null))
    terminal.note('A URL is a credential: whoever knows it can send events. Give each sender only its own.');
}

// A source that was removed still has rows, and settings nobody reads.
const nobody = SourceFile.parse({ kind: '-', name: '-' });

const enforcementText = { on: 'enforced', off: 'not enforced', once_set: 'enforced once a secret is set' } as const;

function verificationOf(enforcement: EffectiveSettings['enforcement'], secrets: number): SourceRow['verification'] {
  return { enforced: enforcement === 'on' || (enforcement === 'once_set' && secrets > 0), enforcement, secrets };
}

/** Rows of sources, with their newest event of the last days. */
export async function sourceRows(
  environment: Environment,
  { live }: SourceDirectory,
  sources: KnownSource[],
): Promise<SourceRow[]> {
  const secrets = await secretsOf(environment);
  const urlOf = await ingestUrls(environment, secrets);
  return Promise.all(
    sources.map(async (source): Promise<SourceRow> => {
      const { key } = source;
      const file = Object.hasOwn(live.snapshot.sources, key) ? live.snapshot.sources[key] : undefined;
      const state = sourceState(live, key);
      const settings = effectiveSettings(sourceKind(file?.kind ?? ''), file ?? nobody, state);
      const [newest, values] = await Promise.all([
        newestEvent(environment, source),
        secrets.valuesOf(`sources/${key}`),
      ]);
      const lastEventAtMs = newest?.receivedAtMs ?? source.lastEventAtMs;
      return {
        key,
        kind: file?.kind ?? null,
        name: file?.name ?? null,
        environment: environment.name,
        url: file === undefined ? null : urlOf(key, state.url),
        enabled: file !== undefined && state.enabled,
        last_event_at: lastEventAtMs === undefined ? null : iso(lastEventAtMs),
        last_event_id: newest?.id ?? null,
        verification: verificationOf(settings.enforcement, values?.length ?? 0),
        idempotency: {
          enabled: settings.idempotency.enabled,
          path: file === undefined ? null : keyPathOf(file, state),
          window_hours: settings.idempotency.windowHours,
        },
        identify: settings.identify,
        mappings: file?.mappings.length ?? 0,
        inactive_mappings: state.inactive_mappings,
      };
    }),
  );
}

/** Where the idempotency key is read; several paths are tried in order. Null: the vendor sends none. */
function keyPathOf(file: SourceFile, { idempotency }: SourceState): string | null {
  const paths = sourceKind(file.kind)?.idempotencyKeyPaths.map(({ text }) => text) ?? [];
  return idempotency.path ?? file.idempotency_key_path ?? (paths.join(', ') || null);
}

/** The newest row, looked for around the time that the registry knows to the hour. */
async function newestEvent(environment: Environment, source: KnownSource) {
  if (source.lastEventAtMs === undefined) return undefined;
  const nowMs = Date.now();
  const [newest] = await listEvents(eventLogOf(environment), {
    sources: [source],
    sinceMs: source.lastEventAtMs,
    untilMs: Math.min(nowMs, source.lastEventAtMs + 2 * 3_600_000) + 5 * 60_000,
    limit: 1,
  });
  return newest;
}

function printSources(terminal: Terminal, rows: SourceRow[], nowMs: number): void {
  if (rows.length === 0) {
    terminal.note('no source is configured yet: npx signalbox config push --commit');
    return;
  }
  const { colours } = terminal;
  terminal.out(
    renderTable<SourceRow>(
      [
        { title: 'SOURCE', value: (row) => row.key, paint: colours.bold },
        { title: 'KIND', value: (row) => row.kind ?? '-' },
        {
          title: 'STATE',
          value: (row) => (row.url === null ? 'removed' : row.enabled ? 'on' : 'off'),
          paint: (text, row) => (row.enabled ? colours.green(text) : colours.yellow(text)),
        },
        {
          title: 'LAST EVENT',
          value: (row) => (row.last_event_at === null ? 'never' : formatAgo(Date.parse(row.last_event_at), nowMs)),
        },
        { title: 'MAPPINGS', value: (row) => String(row.mappings - row.inactive_mappings.length), align: 'right' },
        { title: 'URL', value: (row) => row.url ?? '-', whole: true },
      ],
      rows,
      terminal,
    ),
  );
}

function printSource(terminal: Terminal, row: SourceRow, nowMs: number): void {
  const { verification, idempotency } = row;
  const secrets = verification.secrets === 0 ? 'no secret is set' : `${plural(verification.secrets, 'secret')} set`;
  printFields(terminal, row.name ?? row.key, [
    ['key', row.key],
    ['kind', row.kind ?? 'not in the live configuration any more; its rows are still in the log'],
    ['environment', row.environment],
    ['URL', row.url ?? 'none'],
    ['state', row.enabled ? 'on' : 'off: events are accepted and logged as rejected'],
    [
      'last event',
      row.last_event_at === null
        ? 'never'
        : `${formatWhen(Date.parse(row.last_event_at), nowMs)}${row.last_event_id ? `, ${row.last_event_id}` : ''}`,
    ],
    ['verification', `${enforcementText[verification.enforcement]}; ${secrets}`],
    [
      'idempotency',
      idempotency.enabled
        ? `key at ${idempotency.path ?? 'no path: none'}, window ${idempotency.window_hours} h`
        : 'off: every copy of an event runs',
    ],
    ['identify', row.identify ? 'on' : 'off: identify events run nothing'],
    [
      'mappings',
      `${row.mappings}${row.inactive_mappings.length > 0 ? `, of which inactive: ${row.inactive_mappings.join(', ')}` : ''}`,
    ],
  ]);
}
