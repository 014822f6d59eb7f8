import { readFileSync } from 'node:fs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

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
});
afterAll(() => api.stop());

type Items = { Item?: Record<string, unknown>; ConditionExpression?: string };
type Request = { PutRequest?: Items };
type Input = Items & { IndexName?: string; RequestItems?: Record<string, Request[] | { Keys: unknown[] }> };

/** Units of items of at most 1 KB (writes) and 4 KB (reads), indexes included. */
async function unitsOf(work: () => Promise<unknown>): Promise<{ read: number; written: number }> {
  const spy = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
  try {
    await work();
    let [read, written] = [0, 0];
    for (const [command] of spy.mock.calls) {
      const { RequestItems = {}, ...input } = command.input as Input;
      const name = command.constructor.name;
      if (name === 'GetCommand') read += 1;
      // Reads of an index are not consistent, and cost half.
      else if (name === 'QueryCommand') read += input.IndexName === undefined ? 1 : 0.5;
      else if (name === 'BatchGetCommand')
        read += Object.values(RequestItems).reduce((sum, table) => sum + (table as { Keys: unknown[] }).Keys.length, 0);
      else if (name === 'BatchWriteCommand')
        for (const request of Object.values(RequestItems).flat() as Request[])
          written += 1 + indexed(request.PutRequest);
      else written += 1 + indexed(input);
    }
    return { read, written };
  } finally {
    spy.mockRestore();
  }
}

/** Index `list` is written when an entity is made or deleted; the others with every row that has their key. */
function indexed({ Item = {}, ConditionExpression = '' }: Items = {}): number {
  const isMade = Item.list !== undefined && ConditionExpression.startsWith('attribute_not_exists');
  return [isMade, Item.was_there === true, Item.user_bucket, Item.problem].filter(Boolean).length;
}

const members = (...ids: string[]) => ids.map((id) => ({ user: { id } }));
const trigger = (idempotencyKey?: string) =>
  api.client.workflows.trigger('log-it', { recipients: ['known'] }, idempotencyKey ? { idempotencyKey } : {});

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
  'a refused change': () => api.call('PUT', '/v1/users/new', { body: { name: 5 } }),
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
