import type { HistoryEntry } from '../../adapters/dynamodb-configuration-history.ts';
import type { ResourceChange } from '../../core/configuration/resources.ts';
import { wrongCursor } from '../tables/cursors.ts';
import { iso } from '../words/iso.ts';
import type { AccessChange, LogCursor, LogLine } from './change-log.ts';
import type { HistoryLine } from './history.ts';

/** One change as programs see it: `--json` of `config log`. */
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

export function logRow(line: LogLine): HistoryRow {
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
export function cursorOfRow({ version, access, created_at }: HistoryRow): string {
  return access === null ? String(version) : `${version}.${Date.parse(created_at)}`;
}

/** @throws Refusal (invalid) for text that is no cursor of such a row */
export function logCursor(text: string): LogCursor {
  const [, version, at] = /^(\d{1,8})(?:\.(\d{1,15}))?$/.exec(text) ?? [];
  if (version === undefined) throw wrongCursor(text);
  return { version: Number(version), ...(at !== undefined && { atMs: Number(at) }) };
}
