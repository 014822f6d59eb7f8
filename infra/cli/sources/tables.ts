import type { SourceRow } from '../../../shared/operations/sources/source-row.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatWhen } from '../../../shared/operations/words/times.ts';
import { printFields } from '../terminal/fields.ts';
import { renderTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function printSources(terminal: Terminal, rows: SourceRow[], nowMs: number): void {
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
          value: (row) => (row.url === null ? 'removed' : stateOf(row)),
          paint: (text, row) => (stateOf(row) === 'on' ? colours.green(text) : colours.yellow(text)),
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
  for (const { key, verification } of rows) {
    const { secret_deleted_on, enforcement } = verification;
    if (secret_deleted_on === null) continue;
    const effect = enforcement === 'off' ? '' : ', and its requests get 503';
    terminal.note(
      `The secret of ${key} is scheduled for deletion on ${secret_deleted_on}${effect}. Restore it: npx signalbox secrets restore ${key}`,
    );
  }
}

function stateOf({ enabled, paused }: SourceRow): string {
  if (paused !== null) return 'paused';
  return enabled ? 'on' : 'off';
}

function stateText({ enabled, paused, key }: SourceRow, nowMs: number): string {
  if (paused === null) return enabled ? 'on' : 'off: events are accepted and logged as rejected';
  const why = paused.reason === null ? '' : `, ${paused.reason}`;
  return `paused ${formatAgo(Date.parse(paused.since), nowMs)} by ${paused.by}${why}: events are accepted and held; npx signalbox sources resume ${key}`;
}

export function printSource(terminal: Terminal, row: SourceRow, nowMs: number): void {
  const { verification, idempotency } = row;
  const secrets =
    verification.secret_deleted_on !== null
      ? `its secret is scheduled for deletion on ${verification.secret_deleted_on}; restore it: npx signalbox secrets restore ${row.key}`
      : verification.secrets === 0
        ? 'no secret is set'
        : `${plural(verification.secrets, 'secret')} set`;
  printFields(terminal, row.name ?? row.key, [
    ['key', row.key],
    ['kind', row.kind ?? 'not in the live configuration any more; its rows are still in the log'],
    ['environment', row.environment],
    ['URL', row.url ?? 'none'],
    ...oldUrlFields(row, nowMs),
    ['state', stateText(row, nowMs)],
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
      'log rows',
      row.retention_days === null ? 'kept as long as the environment says' : `kept ${row.retention_days} days`,
    ],
    [
      'mappings',
      `${row.mappings}${row.inactive_mappings.length > 0 ? `, of which inactive: ${row.inactive_mappings.join(', ')}` : ''}`,
    ],
  ]);
}

/** One source in all environments, one row each, so that differences show. */
export function printSideBySide(terminal: Terminal, rows: SourceRow[], nowMs: number): void {
  const { colours } = terminal;
  terminal.out(`\n${colours.bold('In all environments')}`);
  terminal.out(
    renderTable<SourceRow>(
      [
        { title: 'ENVIRONMENT', value: (row) => row.environment },
        {
          title: 'STATE',
          value: (row) => (row.url === null ? 'not live' : stateOf(row)),
          paint: (text, row) => (stateOf(row) === 'on' ? colours.green(text) : colours.yellow(text)),
        },
        {
          title: 'VERIFIED',
          value: ({ verification }) =>
            `${enforcementText[verification.enforcement]}, ${plural(verification.secrets, 'secret')}`,
          short: ({ verification }) => (verification.enforced ? 'yes' : 'no'),
        },
        { title: 'IDENTIFY', value: (row) => (row.identify ? 'on' : 'off') },
        {
          title: 'WINDOW',
          value: ({ idempotency: { enabled, window_hours } }) => (enabled ? `${window_hours} h` : 'off'),
        },
        { title: 'MAPPINGS', value: (row) => String(row.mappings - row.inactive_mappings.length), align: 'right' },
        {
          title: 'LAST EVENT',
          value: (row) => (row.last_event_at === null ? 'never' : formatAgo(Date.parse(row.last_event_at), nowMs)),
        },
      ],
      rows,
      terminal,
    ),
  );
}

const enforcementText = { on: 'enforced', off: 'not enforced', once_set: 'enforced once a secret is set' } as const;

/** Old URLs and keys that are still valid, and whether they are still used. Empty without any. */
function oldUrlFields({ previous_url, previous_key, url_rotated_at }: SourceRow, nowMs: number): [string, string][] {
  const fields: [string, string][] = [];
  if (previous_url !== null) {
    const use =
      previous_url.last_used_at === null
        ? `not used since it was replaced${url_rotated_at === null ? '' : ` ${formatAgo(Date.parse(url_rotated_at), nowMs)}`}`
        : `last used ${formatAgo(Date.parse(previous_url.last_used_at), nowMs)}`;
    fields.push(['old URL', `still valid; ${use}`]);
  }
  if (previous_key !== null) {
    const use =
      previous_key.last_used_at === null
        ? 'not used'
        : `last used ${formatAgo(Date.parse(previous_key.last_used_at), nowMs)}`;
    fields.push(['old ingest key', `still accepted; ${use}`]);
  }
  return fields;
}
