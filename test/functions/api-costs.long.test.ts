import { readFileSync } from 'node:fs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { itemBytes, writeUnits } from '../../shared/core/json/item-bytes.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';
import { syncCensus } from './destination-for-tests.ts';

/* docs/api.md, "What a call costs": its table is what the calls really read and write. */

let api: WorkflowsApi;
let runId: string;
beforeAll(async () => {
  api = await startWorkflowsApi();
  // What a process does once, or once an hour: the configuration, the key's hour, the list of sources and their calls.
  const { users, objects } = api.client;
  for (const id of ['known', 'second', 'third']) await users.update(id, { name: id });
  await objects.set('projects', 'p1', { name: 'P' });
  await objects.addSubscriptions('projects', 'p1', { recipients: ['second'] });
  await objects.deleteSubscriptions('projects', 'p1', { recipients: ['second'] });
  await users.merge('second', { from_user_id: 'third' });
  await users.delete('second');
  for (const id of ['a', 'b']) await objects.set('listed', id, {});
  for (const key of ['j', 'i', 'k']) await trigger(key);
  await api.deliver();
  runId = (await api.client.workflowRecipientRuns.list({ recipient: 'known' })).items[0]?.id ?? '';
  await api.client.workflows.cancel('log-it', { cancellation_key: 'o0' });
  const recipients = [{ id: 'other', team: 'red' }, { id: 'else' }];
  await objects.addSubscriptions('listed', 'a', { recipients });
  const members = [{ user: { id: 'else' } }, { user: { id: 'other' } }];
  await api.client.audiences.addMembers('vip', { members, create_audience: true });
  await api.client.audiences.removeMembers('vip', { members });
  await users.bulk.delete({ user_ids: ['third'] });
  await syncCensus(api, [{ id: 'known' }]);
  await syncCensus(api, [{ user_id: 'known', audience_key: 'nobody-made-it' }], toAudience);
  api.messages.length = 0;
});
afterAll(() => api.stop());

type Items = { Item?: Record<string, unknown>; ConditionExpression?: string };
type Request = { PutRequest?: Items };
type Input = Items & { IndexName?: string; RequestItems?: Record<string, Request[] | { Keys: unknown[] }> };

type Output = { Item?: Item; Items?: Item[]; Responses?: Record<string, Item[]> } | undefined;
type Item = Record<string, unknown>;

/** Units as DynamoDB counts them, indexes included. An item of an index has at most 1 KB. */
async function unitsOf(work: () => Promise<unknown>): Promise<{ read: number; written: number }> {
  const spy = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
  try {
    await work();
    let [read, written] = [0, 0];
    for (const [i, [command]] of spy.mock.calls.entries()) {
      const { RequestItems = {}, ...input } = command.input as Input;
      const name = command.constructor.name;
      const output = (await Promise.resolve(spy.mock.results[i]?.value).catch(() => undefined)) as Output;
      if (name === 'GetCommand') read += 1 + beyond4Kb([output?.Item ?? {}]);
      // Reads of an index are not consistent, and cost half.
      else if (name === 'QueryCommand') read += input.IndexName === undefined ? 1 : 0.5;
      else if (name === 'BatchGetCommand') {
        const keys = Object.values(RequestItems).flatMap((table) => (table as { Keys: unknown[] }).Keys);
        read += keys.length + beyond4Kb(Object.values(output?.Responses ?? {}).flat());
      } else if (name === 'BatchWriteCommand')
        for (const request of Object.values(RequestItems).flat() as Request[])
          written += unitsOfWrite(request.PutRequest);
      else written += unitsOfWrite(input);
    }
    return { read, written };
  } finally {
    spy.mockRestore();
  }
}

function beyond4Kb(items: Item[]): number {
  return items.reduce((sum, item) => sum + Math.max(0, Math.ceil(itemBytes(item) / 4096) - 1), 0);
}

function unitsOfWrite(items: Items = {}): number {
  return Math.max(1, writeUnits(items.Item ?? {})) + indexed(items);
}

/** Index `list` is written when an entity is made or deleted; the others with every row that has their key. */
function indexed({ Item = {}, ConditionExpression = '' }: Items = {}): number {
  const isMade = Item.list !== undefined && ConditionExpression.startsWith('attribute_not_exists');
  return [isMade, Item.was_there === true, Item.user_bucket, Item.problem].filter(Boolean).length;
}

const users = Array.from({ length: 25 }, (_, i) => ({
  ...{ id: `usr_${8000 + i}`, name: `Customer ${i}`, email: `customer.${i}@orchard.example` },
  ...{ plan: i % 2 === 0 ? 'pro' : 'free', seats: i, city: 'Lisbon' },
}));
let operation = '';

const members = (...ids: string[]) => ids.map((id) => ({ user: { id } }));
const trigger = (idempotencyKey?: string) =>
  api.client.workflows.trigger('log-it', { recipients: ['known'] }, idempotencyKey ? { idempotencyKey } : {});

const synced = Array.from({ length: 25 }, (_, i) => ({ id: `synced-${i}`, name: `N${i}` }));
const joining = synced.map(({ id }) => ({ user_id: id, audience_key: 'vip' }));
const toAudience = { object: 'audiences', operation: 'insert', key: 'user_id' };

const calls: Record<string, () => Promise<unknown>> = {
  'a read of one user, object or tenant': () => api.client.users.get('known'),
  'a list that shows 2 objects': () => api.client.objects.list('listed'),
  'a list that shows 2 subscribers': () => api.client.objects.listSubscriptions('listed', 'a'),
  'a new user': () => api.client.users.update('new', { name: 'N' }),
  'a change of a user': () => api.client.users.update('known', { plan: 'pro' }),
  'a change of a user that changes nothing': () => api.client.users.update('known', { plan: 'pro' }),
  'a new object or tenant': () => api.client.objects.set('projects', 'new', {}),
  'a change of an object or tenant': () => api.client.objects.set('projects', 'new', { name: 'N' }),
  '2 users subscribed': () => api.client.objects.addSubscriptions('projects', 'p1', { recipients: ['known', 'new'] }),
  '2 users unsubscribed': () =>
    api.client.objects.deleteSubscriptions('projects', 'p1', { recipients: ['known', 'new'] }),
  'a merge of 2 users, with 1 subscription': () => api.client.users.merge('known', { from_user_id: 'other' }),
  '2 users added to an audience': () => api.client.audiences.addMembers('vip', { members: members('known', 'new') }),
  'a list that shows 2 members': () => api.client.audiences.listMembers('vip'),
  '2 users removed from an audience': () =>
    api.client.audiences.removeMembers('vip', { members: members('known', 'new') }),
  'a run': () => api.client.workflowRecipientRuns.get(runId),
  'a list that shows 2 runs of a user': () =>
    api.client.workflowRecipientRuns.list({ recipient: 'known', page_size: 2 }),
  'a list that shows 2 runs': () => api.client.workflowRecipientRuns.list({ page_size: 2 }),
  'a deleted user': () => api.client.users.delete('known'),
  'a trigger for 1 user': () => trigger(),
  'a trigger without an `Idempotency-Key`': () =>
    api.call('POST', '/v1/workflows/log-it/trigger', { body: { recipients: ['new'] } }),
  'a repeated trigger': () => trigger('k'),
  'a cancellation': () => api.client.workflows.cancel('log-it', { cancellation_key: 'o1' }),
  'a bulk request for 25 users': async () => {
    api.messages.length = 0;
    operation = (await api.client.users.bulk.identify({ users })).id;
  },
  '· workflow-trigger sets 25 new users': () => api.deliver(),
  '· 25 users who are as they were': async () => {
    await api.client.users.bulk.identify({ users });
    return api.deliver();
  },
  '· asked for the first time after its end': () => api.client.bulkOperations.get(operation),
  '· asked again': () => api.client.bulkOperations.get(operation),
  '25 records of a sync, new users': () => syncCensus(api, synced),
  '· of users who are as they were': () => syncCensus(api, synced),
  '· of new members of an audience': () => syncCensus(api, joining, toAudience),
  '· of members who are members already': () => syncCensus(api, joining, toAudience),
  'a refused change of a user': () => api.call('PUT', '/v1/users/new', { body: { name: 5 } }),
  'a request without a valid key': () => api.call('GET', '/v1/users/new', { key: `sk_${'A'.repeat(43)}` }),
};

test('the table says what each call reads and writes', async () => {
  const measured: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const { read, written } = await unitsOf(call);
    measured.push(`| ${name} | ${read} | ${written} |`);
  }
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| Call \| Read units \| Write units \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  expect(measured).toEqual(table.trimEnd().split('\n'));
});
