import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { actionItemKey, entryFromItem } from '../../shared/adapters/dynamodb-action-log.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/* Audiences, through the official client and the gateway's code. */

let api: WorkflowsApi;
let without: () => Promise<LiveConfiguration>;
beforeAll(async () => {
  api = await startWorkflowsApi();
  without = api.deps.configuration;
});
afterAll(() => api.stop());
beforeEach(() => {
  api.messages.length = 0;
  api.deps.configuration = without;
});

const path = (key: string) => `/v1/audiences/${key}/members`;
const add = (key: string, ...members: unknown[]) =>
  api.call('POST', `${path(key)}?create_audience=true`, { body: { members } });
const entriesOf = async (key: string, query = '') =>
  ((await api.call('GET', `${path(key)}${query}`)).body as { entries: Record<string, unknown>[] }).entries;
const membersOf = async (key: string) => (await entriesOf(key)).map(({ user_id, tenant }) => [user_id, tenant]);
const actionsOf = async (id: string) => {
  const { Item } = await api.tables.client.send(new GetCommand({ TableName: 'ActionLog', Key: actionItemKey(id) }));
  return Item === undefined ? undefined : entryFromItem(Item).actions;
};
const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** The live configuration with an audience of its files, and a workflow that greets new members of it. */
async function withGreeting(key: string): Promise<LiveConfiguration> {
  const live = await without();
  const snapshot = {
    ...live.snapshot,
    audiences: { [key]: {} },
    workflows: { hello: { audience: key } },
  } as unknown as LiveConfiguration['snapshot'];
  return { ...live, snapshot };
}

describe('audiences.addMembers', () => {
  test('sets users that are described, adds everyone, and answers 204', async () => {
    const members = [
      { user: { id: 'a1', name: 'Ana', plan: 'pro' }, tenant: 'acme' },
      { user: { id: 'a1' } },
      { user: { id: 'unknown' }, tenant: '' },
    ] as unknown as Knock.AudienceAddMembersParams['members'];
    const sent = await api.client.audiences.addMembers('vip', { members, create_audience: true }).withResponse();
    expect([sent.response.status, sent.data]).toEqual([204, null]);
    expect(await api.client.users.get('a1')).toMatchObject({ name: 'Ana', plan: 'pro' });
    const { entries, page_info } = await api.client.audiences.listMembers('vip');
    expect(entries).toEqual([
      { ...member('a1', null), user: expect.objectContaining({ id: 'a1', name: 'Ana' }) },
      { ...member('a1', 'acme'), user: expect.objectContaining({ id: 'a1', name: 'Ana' }) },
      { ...member('unknown', null), user: expect.objectContaining({ __typename: 'User', id: 'unknown', name: null }) },
    ]);
    const unknown = entries[2] as Knock.AudienceMember;
    expect(unknown.user.updated_at).toBe(unknown.added_at);
    expect(page_info).toMatchObject({ after: null, before: null, page_size: 50 });
    const id = sent.response.headers.get('x-request-id') ?? '';
    expect(await actionsOf(id)).toMatchObject([
      {
        action: 'audiences_add_member',
        status: 'succeeded',
        result: { key: 'vip', added: 3, members: 3, missing_users: 1 },
        warnings: [{ code: 'user_missing' }],
      },
    ]);
  });

  test('an audience that is not there is 404, sets no user, and is made only if asked for', async () => {
    const members = [{ user: { id: 'a2', name: 'Bo' } }];
    for (const query of ['', '?create_audience=false']) {
      const answer = await api.call('POST', `${path('nowhere')}${query}`, { body: { members } });
      expect(answer).toMatchObject({ status: 404, body: { code: 'audience_missing', type: 'invalid_request_error' } });
    }
    expect(await thrownBy(api.client.users.get('a2'))).toBeInstanceOf(Knock.NotFoundError);
    for (const method of ['GET', 'DELETE']) {
      const body = method === 'GET' ? undefined : { members };
      expect(await api.call(method, path('nowhere'), { body })).toMatchObject({
        status: 404,
        body: { code: 'audience_missing' },
      });
    }
    expect(await thrownBy(api.client.audiences.listMembers('nowhere'))).toBeInstanceOf(Knock.NotFoundError);
  });

  test('an audience of a file is there without being made', async () => {
    api.deps.configuration = () => withGreeting('of-file');
    expect(await api.call('GET', path('of-file'))).toMatchObject({ status: 200, body: { entries: [] } });
  });

  test('whoever is in already stays as added', async () => {
    await add('again', { user: 'x1' });
    const [before] = await entriesOf('again');
    await add('again', { user: 'x1' }, { user: { id: 'x1' } });
    expect(await entriesOf('again')).toEqual([before]);
  });

  test('wins over everything that was said before, also by a clock that is ahead', async () => {
    const aheadMs = Date.now() + 3_600_000;
    const { audiences, directory } = api.deps;
    await add('ahead', { user: 'y1' });
    await audiences.remove('ahead', [{ userId: 'y1', tenant: null }], { sourceTimeMs: aheadMs, nowMs: Date.now() });
    await directory.writeIfUnchanged(
      { ref: { kind: 'user', id: 'y2' }, deletedSourceTimeMs: aheadMs, wasThere: true, deletedAtMs: 5, version: 1 },
      0,
    );
    expect(await add('ahead', { user: 'y1' }, { user: { id: 'y2', name: 'New' } })).toMatchObject({ status: 204 });
    expect(await membersOf('ahead')).toEqual([
      ['y1', null],
      ['y2', null],
    ]);
    expect(await api.client.users.get('y2')).toMatchObject({ name: 'New' });
    expect(
      await api.call('DELETE', path('ahead'), { body: { members: [{ user: 'y1' }, { user: 'y2' }] } }),
    ).toMatchObject({ status: 204 });
    expect(await membersOf('ahead')).toEqual([]);
  });

  test.each<[string, unknown, string, string]>([
    ['no members', {}, 'members', 'is required'],
    ['no list', { members: {} }, 'members', 'must be a list, not a map'],
    ['an empty list', { members: [] }, 'members', 'at least 1 entry'],
    ['more than 1,000', { members: Array(1001).fill({ user: 'u' }) }, 'members', 'at most 1000 entries'],
    ['a member without a user', { members: [{ tenant: 't' }] }, 'members.0.user', 'is required'],
    ['a user without an id', { members: [{ user: 'u' }, { user: {} }] }, 'members.1.user', 'a map with its id'],
    ['an id that cannot be one', { members: [{ user: 'a/b' }] }, 'members.0', 'must not contain'],
    ['an object', { members: [{ user: { id: 'p', collection: 'c' } }] }, 'members.0', 'must be a user'],
    ['a tenant with a blank', { members: [{ user: 'u', tenant: 'a b' }] }, 'members.0', 'tenant'],
    [
      'a user who is too large',
      { members: [{ user: { id: 'big', text: 'x'.repeat(270_000) } }] },
      'members.0.user',
      'at most',
    ],
  ])('refuses %s, and adds no one', async (_name, body, field, words) => {
    const answer = await api.call('POST', `${path('strict')}?create_audience=true`, { body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_params', errors: [{ field }] } });
    expect((answer.body as { errors: { message: string }[] }).errors[0]?.message).toContain(words);
    expect((await api.deps.audiences.membersOf('strict', { limit: 9 })).entries).toEqual([]);
  });

  test('refuses a key that can be no audience, and another word than true or false', async () => {
    expect(await api.call('GET', path('No'))).toMatchObject({ status: 422, body: { errors: [{ field: 'key' }] } });
    const answer = await api.call('POST', `${path('a')}?create_audience=yes`, { body: { members: [{ user: 'u' }] } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'create_audience' }] } });
  });

  test('values that a directory warns about are stored, and named in the action log', async () => {
    const answer = await add('odd', { user: { id: 'odd1', email: 'no address', locale: '' } });
    expect(answer.status).toBe(204);
    const [action] = (await actionsOf(answer.headers['x-request-id'] as string)) ?? [];
    expect(action?.warnings?.[0]?.message).toBe('odd1: email is not an e-mail address; it was stored as given');
  });
});

describe('workflows that greet new members', () => {
  test('are handed over, under the id by which the members are new, before anyone is added', async () => {
    api.deps.configuration = () => withGreeting('welcome');
    await api.call('POST', path('welcome'), { body: { members: [{ user: 'old' }] } });
    api.messages.length = 0;
    const { audiences } = api.deps;
    const order: string[] = [];
    const queue = api.deps.actionsQueue;
    api.deps.actionsQueue = {
      sendEach(messages) {
        order.push('handed over');
        return queue.sendEach(messages);
      },
    };
    api.deps.audiences = {
      ...audiences,
      add(...given) {
        order.push('added');
        return audiences.add(...given);
      },
    };
    const members = [{ user: { id: 'new', name: 'Newcomer' }, tenant: 't1' }, { user: 'old' }];
    const answer = await api.call('POST', path('welcome'), { body: { members } });
    Object.assign(api.deps, { actionsQueue: queue, audiences });
    expect([answer.status, order]).toEqual([204, ['handed over', 'added']]);
    const id = answer.headers['x-request-id'] as string;
    const [message] = api.messages;
    const payload = {
      key: 'welcome',
      members: [
        { user: 'new', tenant: 't1' },
        { user: 'old', tenant: null },
      ],
    };
    expect(message).toMatchObject({
      execution: id,
      invocations: [{ id: invocationId(id, 'api'), action: 'audiences_add_member', payload }],
    });
    // The row is that of the second run. Under the same id and time it finds only who is new.
    expect(await actionsOf(id)).toBeUndefined();
    const keys = [
      { userId: 'new', tenant: 't1' },
      { userId: 'old', tenant: null },
    ];
    const wish = { by: invocationId(id, 'api'), sourceTimeMs: message?.occurredAtMs ?? 0, nowMs: Date.now() };
    expect(await audiences.add('welcome', keys, wish)).toEqual(['created', 'unchanged']);
  });

  // `welcome` greets members of `beta`.
  test('start for who is new, with the tenant and what the request said of the user, and once', async () => {
    const runsOf = async (id: string) => {
      const { Items = [] } = await api.tables.client.send(
        new QueryCommand({
          TableName: 'WorkflowRuns',
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': id },
        }),
      );
      return Items.map(({ workflow, tenant }) => [workflow, tenant]).sort();
    };
    await api.client.users.update('b1', { name: 'Old name' });
    const members = [
      { user: { id: 'b1', name: 'Bo' }, tenant: 't1' },
      { user: { id: 'b1' } },
      { user: { id: 'b2', name: 'Cy' } },
    ];
    await api.client.audiences.addMembers('beta', { members, create_audience: true });
    await api.deliver();
    expect([await runsOf('b1'), await runsOf('b2')]).toEqual([
      [
        ['welcome', undefined],
        ['welcome', 't1'],
      ],
      [['welcome', undefined]],
    ]);
    await api.client.audiences.addMembers('beta', { members: [...members, { user: { id: 'b3', name: 'Di' } }] });
    await api.deliver();
    expect(await runsOf('b2')).toHaveLength(1);
    expect(await runsOf('b3')).toHaveLength(1);
    await api.client.audiences.removeMembers('beta', { members });
    expect(api.messages).toEqual([]);
  });

  test('a queue that takes nothing is 503, and no one is added who would never be greeted', async () => {
    api.deps.configuration = () => withGreeting('away');
    const queue = api.deps.actionsQueue;
    api.deps.actionsQueue = { sendEach: async (sent) => sent.map(() => ({ sent: false, error: new Error('away') })) };
    const answer = await api.call('POST', path('away'), { body: { members: [{ user: 'm' }] } });
    api.deps.actionsQueue = queue;
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    expect(await membersOf('away')).toEqual([]);
  });
});

describe('audiences.removeMembers', () => {
  beforeEach(() => add('leave', { user: 'a' }, { user: 'a', tenant: 't' }, { user: 'a+b' }, { user: 'c d' }));

  test('removes the named rows; without a tenant only the row without one', async () => {
    expect(
      await api.client.audiences.removeMembers('leave', {
        members: [{ user: { id: 'a' } }, { user: { id: 'never' } }],
      }),
    ).toBeNull();
    expect(await membersOf('leave')).toEqual([
      ['a', 't'],
      ['a+b', null],
      ['c d', null],
    ]);
  });

  // What a request line carries is decoded once. A plus sign in JSON stays one, since templates write it as it is.
  test.each([
    [
      'raw',
      '[{"user":{"id":"a+b"},"tenant":""}]',
      [
        ['a', null],
        ['a', 't'],
        ['c d', null],
      ],
    ],
    [
      'percent-encoded',
      encodeURIComponent('[{"user":{"id":"c d"}},{"user":"a","tenant":"t"}]'),
      [
        ['a', null],
        ['a+b', null],
      ],
    ],
  ])('takes its members from the query, %s', async (_name, text, left) => {
    expect(await api.call('DELETE', `${path('leave')}?members=${text}`)).toMatchObject({ status: 204 });
    expect(await membersOf('leave')).toEqual(left);
  });

  test('the body wins over the query', async () => {
    const target = `${path('leave')}?members=${encodeURIComponent('[{"user":"a"}]')}`;
    expect(await api.call('DELETE', target, { body: { members: [{ user: 'c d' }] } })).toMatchObject({ status: 204 });
    expect(await membersOf('leave')).toEqual([
      ['a', null],
      ['a', 't'],
      ['a+b', null],
    ]);
  });

  test.each([
    ['neither', '', 422, 'members: is required'],
    ['text that is not JSON', '?members=[{"user"}]', 400, 'members is not JSON: line 1, column 9'],
    ['no list', '?members={"user":"a"}', 422, 'members: must be a list, not a map'],
    ['a wrong entry', '?members=[{"tenant":"t"}]', 422, 'members.0.user: is required'],
    ['an empty list', '?members=[]', 422, 'members: must have at least 1 entry'],
  ])('refuses %s, and removes no one', async (_name, query, status, words) => {
    const answer = await api.call('DELETE', `${path('leave')}${query}`);
    expect(answer.status).toBe(status);
    expect((answer.body as { message: string }).message).toContain(words);
    expect(await membersOf('leave')).toHaveLength(4);
  });
});

describe('audiences.listMembers', () => {
  test('pages in both directions, each member once, over those that were removed', async () => {
    const ids = ['m1', 'm2', 'm3', 'm4', 'm5'];
    await add('pages', ...ids.map((user) => ({ user })), { user: 'm3', tenant: 'member' });
    await api.call('DELETE', path('pages'), { body: { members: [{ user: 'm2' }] } });
    const seen: unknown[] = [];
    let after = '';
    let before = '';
    do {
      const answer = await api.call('GET', `${path('pages')}?page_size=2${after}`);
      const { entries, page_info } = answer.body as {
        entries: { user_id: string }[];
        page_info: { after: string; before: string };
      };
      seen.push(entries.map(({ user_id }) => user_id));
      before = page_info.before;
      after = page_info.after && `&after=${page_info.after}`;
    } while (after);
    expect(seen).toEqual([['m1', 'm3'], ['m3', 'm4'], ['m5']]);
    expect((await entriesOf('pages', `?page_size=2&before=${before}`)).map(({ user_id }) => user_id)).toEqual([
      'm3',
      'm4',
    ]);
  });
});

describe('many members', () => {
  const many = (name: string) => Array.from({ length: 120 }, (_, i) => ({ user: `${name}-${i}` }));

  test('a request that was cut short goes on with who is not in yet', async () => {
    const { client } = api.tables;
    await add('cut', ...many('cut').slice(0, 60));
    const send = jest.spyOn(client, 'send');
    const added: string[] = [];
    let writes = 0;
    send.mockImplementation((async (command: { input: { Item?: { sk: string } }; constructor: { name: string } }) => {
      const sk = command.input.Item?.sk ?? '';
      if (command.constructor.name === 'PutCommand' && sk.startsWith('member#')) {
        if (++writes > 20) throw new RetryableError('the table is away');
        added.push(sk);
      }
      return original(command);
    }) as never);
    const original = Object.getPrototypeOf(client).send.bind(client);
    const answer = await add('cut', ...many('cut'));
    send.mockRestore();
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(added.filter((sk) => Number(/-(\d+)#/.exec(sk)?.[1]) < 60)).toEqual([]);
    expect(await add('cut', ...many('cut'))).toMatchObject({ status: 204 });
    expect((await api.deps.audiences.membersOf('cut', { limit: 1000 })).entries).toHaveLength(120);
  });

  test('no time for them is 503, not half an answer', async () => {
    const { nowMs } = api.deps;
    const startMs = Date.now();
    let calls = 0;
    api.deps.nowMs = () => startMs + 8_000 * calls++;
    const answer = await add('slow', ...many('slow'));
    api.deps.nowMs = nowMs;
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
  });
});

function member(user_id: string, tenant: string | null) {
  return {
    __typename: 'AudienceMember',
    user_id,
    user: expect.anything(),
    tenant,
    added_at: expect.stringMatching(/^\d{4}-.*Z$/),
  };
}
