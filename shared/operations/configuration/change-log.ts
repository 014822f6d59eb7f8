import { listApiKeys } from '../../adapters/dynamodb-api-keys.ts';
import { readHistory } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import type { ResourceRef } from '../../core/configuration/resources.ts';
import { apiKeyId } from '../../core/ids/api-key.ts';
import { listSecretChanges, type SecretChange } from '../secrets/secret-changes.ts';
import { plural } from '../words/text.ts';
import { concerns, type HistoryLine, historyLines } from './history.ts';

/** A secret or a key of the API that was changed; it makes no version, and never shows a value. */
export type AccessChange = {
  kind: 'secret' | 'key';
  id: string;
  /** `sources/rudderstack`; of a key its name. */
  name: string;
  change: SecretChange['change'] | 'created' | 'revoked';
  author: string;
  message: string;
  atMs: number;
};

export type LogLine =
  | { kind: 'version'; line: HistoryLine }
  /** `live`: the version that was live at that time. */
  | { kind: 'access'; change: AccessChange; live: HistoryLine | undefined };

export type LogFilter = {
  kind?: 'commit' | 'state' | 'secret' | 'key' | undefined;
  resource?: Partial<ResourceRef> | undefined;
  /** Goes on behind this line. */
  after?: LogCursor;
};

/** A version, or a change of access at a time while this version was live. */
export type LogCursor = { version: number; atMs?: number };

/**
 * Everything that was changed, newest first: versions of the configuration, and secrets and keys
 * between them. Versions keep their own order, whatever the clocks of their authors said.
 */
export async function* logLines(
  table: ConfigurationTable,
  { kind, resource, after }: LogFilter,
): AsyncGenerator<LogLine> {
  const access = await accessChanges(table, { kind, resource, beforeMs: await beforeMs(table, after) });
  const below = after && (after.atMs === undefined ? after.version : after.version + 1);
  // Also those that are not asked for: they tell which version was live.
  const versions = historyLines(table, below === undefined ? {} : { after: below });
  for await (const line of versions) {
    while (access[0] !== undefined && access[0].atMs >= line.entry.createdAtMs)
      yield { kind: 'access', change: access.shift() as AccessChange, live: line };
    const isWanted = kind === undefined || kind === line.entry.kind;
    if (isWanted && (resource === undefined || concerns(line, resource))) yield { kind: 'version', line };
  }
  for (const change of access) yield { kind: 'access', change, live: undefined };
}

async function beforeMs(table: ConfigurationTable, after: LogCursor | undefined): Promise<number> {
  if (after === undefined) return Number.POSITIVE_INFINITY;
  return after.atMs ?? (await readHistory(table, after.version))?.createdAtMs ?? Number.POSITIVE_INFINITY;
}

async function accessChanges(
  table: ConfigurationTable,
  { kind, resource, beforeMs }: Pick<LogFilter, 'kind' | 'resource'> & { beforeMs: number },
): Promise<AccessChange[]> {
  const [secrets, keys] = await Promise.all([
    kind === undefined || kind === 'secret' ? listSecretChanges(table) : [],
    // A key belongs to no resource.
    (kind === undefined || kind === 'key') && resource === undefined ? keyChanges(table) : [],
  ]);
  const ofSecrets = secrets
    .filter(({ name }) => resource === undefined || isOf(name, resource))
    .map(({ id, name, change, values, author, atMs }): AccessChange => {
      const message = `${change}: ${plural(values, 'value')} active`;
      return { kind: 'secret', id, name, change, author, atMs, message };
    });
  return [...ofSecrets, ...keys].filter(({ atMs }) => atMs < beforeMs).sort((a, b) => b.atMs - a.atMs);
}

/** A key tells itself when and by whom it was made and revoked. */
async function keyChanges(table: ConfigurationTable): Promise<AccessChange[]> {
  return (await listApiKeys(table)).flatMap((key): AccessChange[] => {
    const { hash, kind, name, createdAtMs, createdBy, revokedAtMs, revokedBy } = key;
    const of = (change: 'created' | 'revoked', author: string, atMs: number): AccessChange => ({
      kind: 'key',
      id: apiKeyId(hash),
      name,
      change,
      author,
      atMs,
      message: `${change}: ${kind} key ${apiKeyId(hash)}`,
    });
    const made = of('created', createdBy, createdAtMs);
    return revokedAtMs === undefined ? [made] : [made, of('revoked', revokedBy ?? 'an unknown author', revokedAtMs)];
  });
}

const folders = { source: 'sources', workflow: 'targets', audience: undefined } as const;

/** Secrets belong to a source, or to a workflow's target. */
function isOf(name: string, { type, key }: Partial<ResourceRef>): boolean {
  const [folder, owner] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)];
  return (type === undefined || folders[type] === folder) && (key === undefined || owner === key);
}
