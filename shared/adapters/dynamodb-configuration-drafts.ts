import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { checkRefs, type Resource, type ResourceRef } from '../core/configuration/resources.ts';
import type { EnvironmentFile } from '../core/configuration/schema.ts';
import { writeIf } from './dynamodb.ts';
import {
  checkItemFits,
  deleteParts,
  pack,
  partsIn,
  readParts,
  unpack,
  writeParts,
} from './dynamodb-configuration-parts.ts';
import type { ConfigurationTable } from './dynamodb-configuration-table.ts';

/**
 * One resource's change: its new content, and its base, the hash of the committed content that the
 * change was made on.
 */
export type DraftChange = ResourceRef & {
  change: 'added' | 'changed' | 'removed';
  /** Absent when the resource did not exist. */
  base?: string;
  /** Absent when the resource is removed. */
  content?: Resource;
};

/**
 * The content that was pushed to an environment and is not committed: at most one, shared by all
 * who work there. Functions never read it.
 */
export type Draft = {
  id: string;
  /** The live version at the push. */
  baseVersion: number;
  author: string;
  updatedAtMs: number;
  changes: DraftChange[];
  /** First values for sources that are new here when they are committed. */
  seed?: EnvironmentFile;
};

type Content = { contents: (Resource | null)[]; seed?: EnvironmentFile };

export async function readDraft(table: ConfigurationTable): Promise<Draft | undefined> {
  const item = await readDraftItem(table);
  if (item === undefined) return undefined;
  const packed = await readParts(table, partition(item.id), true);
  if (packed === undefined) {
    // Another push replaced it between the two reads.
    if ((await readDraftItem(table))?.id !== item.id) return readDraft(table);
    throw new Error(`the content of draft ${item.id} is not in the table; push it again`);
  }
  checkRefs(item.changes, `draft ${item.id}`);
  const { contents, seed }: Content = JSON.parse(unpack(packed).toString('utf8'));
  return {
    id: item.id,
    baseVersion: item.base_version,
    author: item.author,
    updatedAtMs: Date.parse(item.updated_at),
    changes: item.changes.map((change, i) => ({ ...change, ...(contents[i] && { content: contents[i] }) })),
    ...(seed && { seed }),
  };
}

type DraftItem = {
  id: string;
  parts: number;
  base_version: number;
  author: string;
  updated_at: string;
  changes: Omit<DraftChange, 'content'>[];
};

async function readDraftItem({ client, table }: ConfigurationTable): Promise<DraftItem | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
  return Item as DraftItem | undefined;
}

const key = { pk: 'draft', sk: 'draft' };
const partition = (id: string) => `draft#${id}`;

/**
 * Replaces the draft `seen` (undefined: there was none); without changes it deletes the draft. It
 * writes the new content before the item that names it, and deletes the old content afterwards. A
 * crash leaves only parts that are never read.
 * @returns false when the draft was changed meanwhile; this call then changed nothing
 */
export async function replaceDraft(
  table: ConfigurationTable,
  seen: Draft | undefined,
  draft: Omit<Draft, 'id'>,
): Promise<boolean> {
  const before = await readDraftItem(table);
  if (before?.id !== seen?.id) return false;
  if (draft.changes.length === 0 && before === undefined) return true;
  const condition = before
    ? { ConditionExpression: 'id = :seen', ExpressionAttributeValues: { ':seen': before.id } }
    : { ConditionExpression: 'attribute_not_exists(pk)' };
  const isReplaced =
    draft.changes.length === 0
      ? await writeIf(
          table.client.send(new DeleteCommand({ TableName: table.table, Key: key, ...condition })),
          'dropping the draft',
        )
      : await putDraft(table, draft, condition);
  if (!isReplaced) return false;
  if (before) await deleteParts(table, partition(before.id), before.parts);
  return true;
}

async function putDraft(table: ConfigurationTable, draft: Omit<Draft, 'id'>, condition: object): Promise<boolean> {
  const { changes, seed, baseVersion, author, updatedAtMs } = draft;
  const id = crypto.randomUUID();
  const content: Content = { contents: changes.map(({ content }) => content ?? null), ...(seed && { seed }) };
  const packed = pack(JSON.stringify(content));
  const item: DraftItem = {
    id,
    parts: partsIn(packed),
    base_version: baseVersion,
    author,
    updated_at: new Date(updatedAtMs).toISOString(),
    changes: changes.map(({ content: _content, ...change }) => change),
  };
  // Checked before the first write, so that a draft that is too large leaves nothing behind.
  checkItemFits({ ...key, ...item }, 'the draft');
  await writeParts(table, partition(id), packed);
  return writeIf(
    table.client.send(new PutCommand({ TableName: table.table, Item: { ...key, ...item }, ...condition })),
    'writing the draft',
  );
}
