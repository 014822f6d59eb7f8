import { audienceItemKey } from '../../adapters/dynamodb-audiences.ts';
import { entityItemKey, entityPartition } from '../../adapters/dynamodb-directory.ts';
import type { ItemKey } from '../../adapters/dynamodb-get-each.ts';
import { markPartition } from '../../adapters/dynamodb-workflow-runs.ts';
import type { EntityRef } from '../../core/ids/entity-ref.ts';
import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import { listAudiences } from '../directory/directory.ts';
import { type Item, queryItems } from '../tables/tables.ts';
import { type Erasing, readItem } from './erasing.ts';

/**
 * Erases what the directory has under a person's id: subscriptions and memberships both ways, and
 * last the user. A row at the other end goes before its inverse, which leads to it.
 */
export async function eraseFromDirectory(id: string, erasing: Erasing): Promise<void> {
  const { environment, changes } = erasing;
  const { DirectoryTable } = environment.outputs;
  let profile: ItemKey | undefined;
  for await (const item of directoryItems(id, erasing)) {
    const key = keyOf(item);
    if (key.sk === 'profile') {
      profile = key;
      continue;
    }
    const other = otherEnd(id, key.sk);
    if (other !== undefined && (await readItem(environment, DirectoryTable, other)) !== undefined)
      await changes.remove('directory', DirectoryTable, other);
    await changes.remove('directory', DirectoryTable, key);
  }
  for await (const item of membershipMarks(id, erasing)) await changes.remove('directory', DirectoryTable, keyOf(item));
  if (profile !== undefined) await changes.remove('directory', DirectoryTable, profile);
}

/** Everything in a user's partition: one Query. */
export function directoryItems(id: string, { environment }: Pick<Erasing, 'environment'>): AsyncGenerator<Item> {
  const { documents, outputs } = environment;
  return queryItems(documents, {
    TableName: outputs.DirectoryTable,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': entityPartition(userRef(id)) },
    ConsistentRead: true,
  });
}

/** Marks of memberships that ended have no inverse. There are few audiences, so each is asked. */
export async function* membershipMarks(
  id: string,
  { environment, sources }: Pick<Erasing, 'environment' | 'sources'>,
): AsyncGenerator<Item> {
  const { documents, outputs } = environment;
  for (const { key } of await listAudiences(environment, sources.live))
    yield* queryItems(documents, {
      TableName: outputs.DirectoryTable,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :member)',
      ExpressionAttributeValues: { ':pk': audienceItemKey(key).pk, ':member': `member#${id}#` },
      ConsistentRead: true,
    });
}

function otherEnd(id: string, sk: string): ItemKey | undefined {
  const [kind, name = '', tenant = ''] = sk.split('#');
  if (kind === 'subscription') return { pk: `object#${name}`, sk: `subscriber#${id}` };
  if (kind === 'membership') return { pk: audienceItemKey(name).pk, sk: `member#${id}#${tenant}` };
  return undefined;
}

/**
 * Removes rows to which only an action leads: marks of subscriptions that ended, and marks that
 * cancel the person's runs.
 */
export async function removeHiddenRelations(
  { actions }: { actions: readonly Pick<ActionOutcome, 'payload'>[] },
  { environment, names, changes }: Erasing,
): Promise<void> {
  const { DirectoryTable, WorkflowRunsTable } = environment.outputs;
  for (const { payload } of actions) {
    const { collection, id, key, cancellation_key: cancellationKey } = payload;
    for (const person of names.ids) {
      if (typeof collection === 'string' && id !== undefined) {
        const row = { pk: entityPartition({ kind: 'object', collection, id: String(id) }), sk: `subscriber#${person}` };
        if (await readItem(environment, DirectoryTable, row)) await changes.remove('directory', DirectoryTable, row);
      }
      if (typeof key === 'string' && cancellationKey !== undefined && cancellationKey !== null) {
        const mark = { pk: markPartition(key, String(cancellationKey)), sk: `=${person}` };
        if (await readItem(environment, WorkflowRunsTable, mark)) await changes.remove('runs', WorkflowRunsTable, mark);
      }
    }
  }
}

export const userRef = (id: string): EntityRef => ({ kind: 'user', id });
export const profileKey = (id: string) => entityItemKey(userRef(id));

function keyOf({ pk, sk }: Item): ItemKey {
  return { pk: String(pk), sk: String(sk) };
}
