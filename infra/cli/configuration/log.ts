import { type Command, Option } from 'commander';
import { type ResourceRef, refText } from '../../../shared/core/configuration/resources.ts';
import { type LogFilter, logLines } from '../../../shared/operations/configuration/change-log.ts';
import {
  cursorOfRow,
  type HistoryRow,
  logCursor,
  logRow,
} from '../../../shared/operations/configuration/history-row.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
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
  await printPages(terminal, { rows: mapped(lines, logRow), cursorOf: cursorOfRow }, view, options, command);
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
