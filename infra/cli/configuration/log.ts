import { type Command, Option } from 'commander';
import type { HistoryEntry } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import { type ResourceRef, refText } from '../../../shared/core/configuration/resources.ts';
import { type HistoryLine, listHistory } from '../../../shared/operations/configuration/history.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import { examples, type GlobalOptions, optionsOf, positiveInteger } from '../command.ts';
import { connect } from '../environment.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { settingsText } from './differences.ts';
import { resource } from './resource-options.ts';

export function addLog(config: Command): void {
  const log = config
    .command('log')
    .description('what was changed, newest first: commits, promotions, reverts, switched settings')
    .option('--resource <type/key>', 'only what concerns this source, workflow or audience', resource)
    .addOption(new Option('--kind <kind>', 'only commits, or only changes of settings').choices(['commit', 'state']))
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .action((_options, command: Command) => run(optionsOf(command)));
  examples(
    log,
    ['config log', 'the last twenty'],
    ['config log --resource source/rudderstack --kind commit', 'how a source came to be what it is'],
    ['config log -e production --limit 1 --json', 'what is live there, for scripts'],
  );
}

type LogOptions = GlobalOptions & { resource?: Partial<ResourceRef>; kind?: HistoryEntry['kind']; limit: number };

/** The contract of `--json`. */
export type HistoryRow = {
  version: number;
  id: string;
  kind: HistoryEntry['kind'];
  author: string;
  message: string;
  created_at: string;
  changes: { type: string; key: string; change: string }[];
  settings: { path: string; before?: unknown; after?: unknown }[];
  content_hash: string | null;
  parent: string | null;
  promoted_from: { environment: string; commits: string[] } | null;
  reverts: string | null;
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
  };
}

async function run({ resource: wanted, kind, limit, ...options }: LogOptions): Promise<void> {
  const terminal = processTerminal();
  const { configuration: table, name } = await connect(options);
  const lines = await listHistory(table, { limit, ...(kind && { kind }), ...(wanted && { resource: wanted }) });
  if (options.json) return printJson(terminal, lines.map(historyRow));
  if (lines.length === 0)
    return terminal.note(`nothing was changed in ${name}${wanted || kind ? ' like that' : ' yet'}`);
  const nowMs = Date.now();
  terminal.out(
    renderTable<HistoryLine>(
      [
        { title: 'COMMIT', value: ({ entry }) => entry.id, whole: true },
        {
          title: 'WHEN',
          value: ({ entry }) => formatTime(entry.createdAtMs),
          short: ({ entry }) => formatAgo(entry.createdAtMs, nowMs),
        },
        { title: 'AUTHOR', value: ({ entry }) => entry.author.replace(/ <.*>$/, '') },
        {
          title: 'CHANGED',
          value: changedText,
          paint: (text, { entry }) => (entry.kind === 'state' ? terminal.colours.dim(text) : text),
        },
        { title: 'MESSAGE', value: messageText },
      ],
      lines,
      terminal,
    ),
  );
}

const signs = { added: '+', changed: '', removed: '-' } as const;

function changedText({ entry, changes, settings }: HistoryLine): string {
  if (entry.kind === 'state') return settingsText(settings) || 'nothing';
  return changes.map((change) => `${signs[change.change]}${refText(change)}`).join(' ') || 'nothing';
}

function messageText({ entry: { message, promotedFrom } }: HistoryLine): string {
  return promotedFrom === undefined
    ? message
    : `${message} (${promotedFrom.environment} ${promotedFrom.commits.join(' ')})`;
}
