import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from '@jest/globals';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { readDraft } from '../../../shared/adapters/dynamodb-configuration-drafts.ts';
import { readHistory } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import type { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { pushDraft } from '../../../shared/operations/configuration/drafts.ts';
import { planPull } from '../../../shared/operations/configuration/files/plan-pull.ts';
import { ana, content, emptyMemoryEnvironment, nowMs } from './world.ts';

/* A person who can write to the table must not write into the checkout of the one who pulls. */

const shop = content({ shop: ['order'] }, { order: 'Order' });
const hostile = (key: string): Snapshot => ({
  ...shop,
  sources: { [key]: shop.sources.shop as Snapshot['sources'][string] },
});
const keys = ['../../x', 'a/b', '/etc/x', '..', 'C:\\x', '', 'x\u001b[2J', '__proto__x/', 'constructor'];

test.each(keys)('a snapshot with the key %j is unreadable, wherever it is read', async (key) => {
  const table = emptyMemoryEnvironment();
  await pushAndCommit(table, { ...ana, snapshot: hostile(key), seed: undefined });
  await expect(readLive(table)).rejects.toMatchObject({ name: 'UnreadableConfiguration', reason: 'snapshot_unknown' });
});

test.each(keys)('no file is planned for the key %j', (key) => {
  expect(() => planPull('config', hostile(key))).toThrow('has a key that is not a name of a file');
});

test.each(keys)('a draft and a commit that name %j are refused by name', async (key) => {
  const table = emptyMemoryEnvironment();
  await pushDraft(table, { snapshot: hostile(key), seed: undefined, author: 'Ana', nowMs });
  await expect(readDraft(table)).rejects.toMatchObject({ name: 'OddStoredKey' });
  await pushAndCommit(table, { ...ana, snapshot: shop, seed: undefined }).catch(() => undefined);
  const { client } = table;
  const changes = [{ type: 'source', key, change: 'added', hash: 'x' }];
  const entry = {
    id: '1-aaaaaaaa',
    version: 1,
    kind: 'commit',
    author: 'Ben',
    message: 'm',
    created_at: '2026-11-21T03:00:00Z',
  };
  await client.send(
    new PutCommand({
      TableName: table.table,
      Item: {
        pk: 'history',
        sk: 'v00000001#1-aaaaaaaa',
        ...entry,
        state: { sources: {}, inactive_workflows: [] },
        changes,
      },
    }),
  );
  await expect(readHistory(table, 1)).rejects.toMatchObject({ name: 'OddStoredKey' });
});
