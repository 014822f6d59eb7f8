import { DeleteCommand, PutCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { writeIf } from '../../adapters/dynamodb.ts';
import { deleteEach } from '../../adapters/dynamodb-delete-each.ts';
import type { ItemKey } from '../../adapters/dynamodb-get-each.ts';
import type { Environment } from '../environment.ts';
import type { Item } from '../tables/tables.ts';

/** What an erasure changes. Each row counts once. */
export const erasedKinds = ['events', 'actions', 'runs', 'directory', 'claims', 'mentions', 'jobs'] as const;
export type ErasedKind = (typeof erasedKinds)[number];
export type ErasedCounts = Record<ErasedKind, number>;

export const noCounts = (): ErasedCounts => Object.fromEntries(erasedKinds.map((kind) => [kind, 0])) as ErasedCounts;

type Condition = Pick<
  UpdateCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** Makes the changes of an erasure, or only counts them. */
export type Changes = {
  /** Nothing is changed. */
  readonly isCounting: boolean;
  readonly counts: ErasedCounts;
  /** @returns false when the row has changed since it was read */
  put(kind: ErasedKind, table: string, item: Item, condition: Condition): Promise<boolean>;
  /** @returns false when the row has changed since it was read */
  update(
    kind: ErasedKind,
    table: string,
    key: ItemKey,
    change: Omit<UpdateCommandInput, 'TableName' | 'Key'>,
  ): Promise<boolean>;
  remove(kind: ErasedKind, table: string, key: ItemKey): Promise<void>;
  /** Many of one table together. */
  removeEach(kind: ErasedKind, table: string, keys: readonly ItemKey[]): Promise<void>;
};

export function makeChanges({ documents }: Pick<Environment, 'documents'>): Changes {
  const counts = noCounts();
  const count = countOnce(counts);
  const counted = async (kind: ErasedKind, table: string, key: Item, write: Promise<unknown>) => {
    const isWritten = await writeIf(write, 'erasing a person');
    if (isWritten) count(kind, table, key);
    return isWritten;
  };
  return {
    isCounting: false,
    counts,
    put: (kind, TableName, item, condition) =>
      counted(kind, TableName, item, documents.send(new PutCommand({ TableName, Item: item, ...condition }))),
    update: (kind, TableName, key, change) =>
      counted(kind, TableName, key, documents.send(new UpdateCommand({ TableName, Key: key, ...change }))),
    async remove(kind, TableName, key) {
      const { pk, sk } = key;
      await counted(kind, TableName, key, documents.send(new DeleteCommand({ TableName, Key: { pk, sk } })));
    },
    async removeEach(kind, table, keys) {
      await deleteEach(documents, keys, { table, what: 'erasing a person' });
      for (const key of keys) count(kind, table, key);
    },
  };
}

/** Counts what would be changed. */
export function countChanges(): Changes {
  const counts = noCounts();
  const count = countOnce(counts);
  const wouldChange = async (kind: ErasedKind, table: string, key: Item) => {
    count(kind, table, key);
    return true;
  };
  return {
    isCounting: true,
    counts,
    put: wouldChange,
    update: wouldChange,
    remove: async (kind, table, key) => count(kind, table, key),
    removeEach: async (kind, table, keys) => {
      for (const key of keys) count(kind, table, key);
    },
  };
}

/** Several events may lead to one row. */
function countOnce(counts: ErasedCounts): (kind: ErasedKind, table: string, key: Item) => void {
  const seen = new Set<string>();
  return (kind, table, { pk, sk }) => {
    const name = `${table}\n${pk}\n${sk}`;
    if (!seen.has(name)) counts[kind]++;
    seen.add(name);
  };
}
