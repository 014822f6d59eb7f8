import { type Command, Option } from 'commander';
import type { HistoryEntry } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import { type ResourceChange, type ResourceRef, refText } from '../../../shared/core/configuration/resources.ts';
import {
  type AccessChange,
  type LogCursor,
  type LogFilter,
  type LogLine,
  logLines,
} from '../../../shared/operations/configuration/change-log.ts';
import type { HistoryLine } from '../../../shared/operations/configuration/history.ts';
import { wrongCursor } from '../../../shared/operations/tables/cursors.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, type PageOptions, printPages } from '../paging.ts';
import type { Column } from '../terminal/table.ts';
import { processTerminal, type Terminal } from '../terminal/terminal.ts';
import { settingsText } from './differences.ts';
import { resource } from './resource-options.ts';

export function addLog(config: Command): void {
  const log = config
    .command('log')
    .description('what was changed, newest first: commits, promotions, reverts, switched settings, secrets and keys')
    .option('--resource <type/key>', 'only what concerns this source, workflow or audience', resource)
    .addOption(
      new Option('--kind <kind>', 'only commits, changes of settings, of secrets, or of API keys').choices([
        'commit',
        'state',
        'secret',
        'key',
      ]),
    )
    .action((_options, command: Command) => run(optionsOf(command), command));
  examples(
    addPaging(log),
    ['config log', 'the last twenty'],
    ['config log --resource source/rudderstack --kind commit', 'how a source came to be what it is'],
    ['config log --kind secret', 'who changed which secret, and when; never values'],
    ['config log -e production --kind commit --limit 1 --json', 'what is live there, for scripts'],
  );
}

type LogOptions = GlobalOptions & { resource?: Partial<ResourceRef>; kind?: LogFilter['kind'] } & PageOptions;

/** The contract of `--json`. */
export type HistoryRow = {
  /** Of a secret or a key: the version that was live at that time; 0 before the first. */
  version: number;
  id: string;
  kind: HistoryEntry['kind'] | 'secret' | 'key';
  author: string;
  message: string;
  created_at: string;
  changes: Pick<ResourceChange, 'type' | 'key' | 'change'>[];
  settings: { path: string; before?: unknown; after?: unknown }[];
  content_hash: string | null;
  parent: string | null;
  promoted_from: { environment: string; commits: string[] } | null;
  reverts: string | null;
  /** Of a secret or a key: its name, and what was done with it. */
  access: { name: string; change: AccessChange['change'] } | null;
};

export function historyRow({ entry, changes, settings }: HistoryLine): HistoryRow {
  return {
    version: entry.version,
    id: entry.id,
    kind: entry.kind,
    author: entry.author,
    message: entry.message,
    created_at: iso(entry.createdAtMs),
    changes: changes.map(({ type, key, change }) => ({ type, key, change })),
    settings,
    content_hash: entry.snapshot ?? null,
    parent: entry.parent ?? null,
    promoted_from: entry.promotedFrom ?? null,
    reverts: entry.reverts ?? null,
    access: null,
  };
}

function logRow(line: LogLine): HistoryRow {
  if (line.kind === 'version') return historyRow(line.line);
  const { kind, id, author, message, atMs, name, change } = line.change;
  const live = line.live?.entry;
  return {
    version: live?.version ?? 0,
    id,
    kind,
    author,
    message,
    created_at: iso(atMs),
    changes: [],
    settings: [],
    content_hash: live?.snapshot ?? null,
    parent: null,
    promoted_from: null,
    reverts: null,
    access: { name, change },
  };
}

/** `12`, or `12.1795984007000`: a change of a secret or a key at that time, while 12 was live. */
function cursorOf({ version, access, created_at }: HistoryRow): string {
  return access === null ? String(version) : `${version}.${Date.parse(created_at)}`;
}

function logCursor(text: string): LogCursor {
  const [, version, at] = /^(\d{1,8})(?:\.(\d{1,15}))?$/.exec(text) ?? [];
  if (version === undefined) throw wrongCursor(text);
  return { version: Number(version), ...(at !== undefined && { atMs: Number(at) }) };
}

async function run({ resource: wanted, kind, after, ...options }: LogOptions, command: Command): Promise<void> {
  const terminal = processTerminal();
  const cursor = after === undefined ? undefined : logCursor(after);
  const { configuration: table, name } = await connect(options);
  const lines = logLines(table, {
    ...(kind && { kind }),
    ...(wanted && { resource: wanted }),
    ...(cursor && { after: cursor }),
  });
  const none = () => `nothing was changed in ${name}${wanted || kind ? ' like that' : ' yet'}`;
  const view = { noun: 'change', columns: historyColumns(terminal, Date.now()), none };
  await printPages(terminal, { rows: mapped(lines, logRow), cursorOf }, view, options, command);
}

function historyColumns({ colours }: Terminal, nowMs: number): Column<HistoryRow>[] {
  const createdAtMs = ({ created_at }: HistoryRow) => Date.parse(created_at);
  return [
    { title: 'COMMIT', value: ({ id, kind }) => (kind === 'secret' || kind === 'key' ? kind : id), whole: true },
    {
      title: 'WHEN',
      value: (row) => formatTime(createdAtMs(row)),
      short: (row) => formatAgo(createdAtMs(row), nowMs),
    },
    { title: 'AUTHOR', value: ({ author }) => author.replace(/ <.*>$/, '') },
    { title: 'CHANGED', value: changedText, paint: (text, { kind }) => (kind === 'commit' ? text : colours.dim(text)) },
    { title: 'MESSAGE', value: messageText },
  ];
}

const signs = { added: '+', changed: '', removed: '-' } as const;

function changedText({ kind, changes, settings, access }: HistoryRow): string {
  if (access !== null) return access.name;
  if (kind === 'state') return settingsText(settings) || 'nothing';
  return changes.map((change) => `${signs[change.change]}${refText(change)}`).join(' ') || 'nothing';
}

function messageText({ message, promoted_from }: HistoryRow): string {
  return promoted_from === null
    ? message
    : `${message} (${promoted_from.environment} ${promoted_from.commits.join(' ')})`;
}
