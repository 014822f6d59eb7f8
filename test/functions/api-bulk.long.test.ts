import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type Knock from '@knocklabs/node';
import { explainBatch } from '../../functions/dead-letter/explain-parked.ts';
import { makeBulkOperations } from '../../shared/adapters/dynamodb-bulk-operations.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { requestOfApiRunId } from '../../shared/core/ids/api-run-id.ts';
import { executionsOf } from '../../shared/core/ids/executions-of.ts';
import { type ActionsMessage, encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { actionsRecord } from '../support/actions-message.ts';
import { dieAt, type Fate } from '../support/die-at.ts';
import { makeFakeEventLog } from '../support/fakes.ts';
import { makeRandom } from '../support/random.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';
import { startApi, type TestApi } from './api-for-tests.ts';

/* Bulk operations, through the official client, with the real workflow-trigger behind the queue. */

let api: TestApi;
let trigger: ReturnType<typeof makeTrigger>;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  trigger = makeTrigger();
  const { directory, subscriptions, audiences, actionLog, actionsQueue, clock } = trigger;
  Object.assign(api.deps, { directory, subscriptions, audiences, actionLog, actionsQueue, nowMs: () => clock.nowMs });
});

type Operation = Knock.BulkOperation;
const get = (id: string) => api.client.bulkOperations.get(id);
const ids = (count: number, name = 'u') => Array.from({ length: count }, (_, i) => `${name}${i}`);
const usersOf = (...named: string[]) => named.map((id) => ({ id, name: `Name of ${id}` }));
const messages = () => trigger.actionsQueue.sent as ActionsMessage[];
const attributesOf = (id: string) => trigger.directory.entities.get(id)?.attributes;

async function settled({ id }: Operation): Promise<Operation> {
  await trigger.settle();
  return get(id);
}

/** Hands what is in the queue over in another order. */
async function deliver(given: ActionsMessage[]): Promise<void> {
  trigger.actionsQueue.sent.length = 0;
  for (const message of given) await trigger.deliver([message]);
  await trigger.settle();
}

describe('users.bulk.identify', () => {
  test('answers an operation that is queued, and in the end completed, with every user set', async () => {
    const { data: queued, response } = await api.client.users.bulk
      .identify({ users: [...usersOf(...ids(30)), { id: 'odd', email: '', phone: '+34910000001', plan: null }] })
      .withResponse();
    const request = response.headers.get('x-request-id') ?? '';
    expect(queued).toEqual({
      ...{ __typename: 'BulkOperation', id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: 'users.identify' },
      ...{ status: 'queued', estimated_total_rows: 31, processed_rows: 0, success_count: 0, error_count: 0 },
      ...{ error_items: [], progress_path: `/v1/bulk_operations/${queued.id}` },
      ...{ started_at: null, completed_at: null, failed_at: null },
      ...{ inserted_at: expect.stringMatching(/Z$/), updated_at: queued.inserted_at },
    });
    expect(requestOfApiRunId(queued.id)).toBe(request);
    expect(await get(queued.id)).toEqual(queued);

    const [first] = messages().splice(0, 1) as [ActionsMessage];
    await trigger.deliver([first]);
    expect(await get(queued.id)).toMatchObject({ status: 'processing', processed_rows: 25, success_count: 25 });

    const done = await settled(queued);
    expect(done).toEqual({
      ...queued,
      ...{ status: 'completed', processed_rows: 31, success_count: 31 },
      ...{ started_at: expect.stringMatching(/Z$/), completed_at: expect.stringMatching(/Z$/) },
      updated_at: expect.stringMatching(/Z$/),
    });
    expect(attributesOf('u29')).toEqual({ name: 'Name of u29' });
    // A template makes "" of null: a field that is blank counts as absent.
    expect(attributesOf('odd')).toEqual({ phone_number: '+34910000001', plan: null });
  });

  test('an item that is wrong fails alone, and its row says why', async () => {
    const users = [
      { id: 'good' },
      { id: 'a/b', name: 'X' },
      { id: '' },
      { id: 'big', text: 'x'.repeat(270_000) },
      { id: 7 },
    ];
    const done = await settled(await api.client.users.bulk.identify({ users: users as never }));
    expect(done).toMatchObject({
      ...{ status: 'completed', estimated_total_rows: 5, processed_rows: 5, success_count: 2, error_count: 3 },
      error_items: [{ id: 'a/b' }, { id: '' }, { id: 'big' }],
    });
    const rows = executionsOf('api', requestOfApiRunId(done.id) ?? '', 3).flatMap(
      (one) => trigger.row(one)?.actions ?? [],
    );
    expect(Object.fromEntries(rows.map(({ mapping, reason, status }) => [mapping, reason ?? status]))).toEqual({
      ...{ 'api-0': 'succeeded', 'api-1': 'invalid_params', 'api-2': 'required_field_missing' },
      ...{ 'api-3': 'invalid_params', 'api-4': 'succeeded' },
    });
    expect(attributesOf('7')).toEqual({});
  });

  test('what is as large as no message is its own failure, named with the sizes', async () => {
    const users = [{ id: 'huge', text: 'x'.repeat(290_000) }, { id: 'small' }];
    const done = await settled(await api.client.users.bulk.identify({ users }));
    expect(done).toMatchObject({ status: 'completed', success_count: 1, error_items: [{ id: 'huge' }] });
    const [action] = trigger.row(requestOfApiRunId(done.id))?.actions ?? [];
    expect(action).toMatchObject({ reason: 'parameters_too_large', detail: expect.stringContaining('at most 286720') });
  });

  test('users who are as they were are not written again', async () => {
    const users = usersOf(...ids(40));
    await settled(await api.client.users.bulk.identify({ users }));
    const { writes } = trigger.directory;
    trigger.clock.nowMs += 1000;
    const again = await settled(await api.client.users.bulk.identify({ users }));
    expect(again).toMatchObject({ status: 'completed', success_count: 40 });
    expect(trigger.directory.writes).toBe(writes);
  });

  test.each<[string, unknown, string, string]>([
    ['no users', {}, 'users', 'is required'],
    ['no list', { users: { id: 'u' } }, 'users', 'must be a list, not a map'],
    ['an empty list', { users: [] }, 'users', 'at least 1'],
    ['more than 1,000', { users: usersOf(...ids(1001)) }, 'users', 'at most 1000'],
    ['an item without an id', { users: [{ id: 'u' }, { name: 'X' }] }, 'users.1.id', 'is required'],
    ['an item that is no map', { users: ['u'] }, 'users.0', 'must be a map, not text'],
  ])('refuses %s as a whole, and hands nothing over', async (_name, body, field, words) => {
    const answer = await api.call('POST', '/v1/users/bulk/identify', { body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_params', errors: [{ field }] } });
    expect((answer.body as { errors: { message: string }[] }).errors[0]?.message).toContain(words);
    expect(messages()).toEqual([]);
  });
});

describe('the order of what is said of one user', () => {
  const namesIn = async (order: (all: ActionsMessage[]) => ActionsMessage[], ...requests: string[][]) => {
    for (const names of requests) {
      await api.client.users.bulk.identify({ users: names.map((name) => ({ id: 'same', name, [name]: true })) });
      trigger.clock.nowMs += 1;
    }
    await deliver(order([...messages()]));
    return attributesOf('same');
  };

  test.each([
    ['as sent', (all: ActionsMessage[]) => all],
    ['backwards', (all: ActionsMessage[]) => all.toReversed()],
  ])('of one request the last item wins, of two requests the later: delivered %s', async (_name, order) => {
    expect(await namesIn(order, ['a', 'b', 'c', 'b'])).toEqual({ name: 'b', a: true, b: true, c: true });
    trigger.directory.entities.clear();
    expect(await namesIn(order, ['a', 'b', 'z'], ['c'])).toEqual({ name: 'c', a: true, b: true, c: true, z: true });
  });

  test('a delete and an identify are in the order of their requests, too', async () => {
    await api.client.users.bulk.identify({ users: usersOf('one', 'two') });
    trigger.clock.nowMs += 1;
    await api.client.users.bulk.delete({ user_ids: ['one', 'two'] });
    trigger.clock.nowMs += 1;
    await api.client.users.bulk.identify({ users: [{ id: 'two', plan: 'new' }] });
    await deliver([...messages()].toReversed());
    expect([attributesOf('one'), attributesOf('two')]).toEqual([undefined, { plan: 'new' }]);
  });
});

describe('the other bulk calls', () => {
  test('users.bulk.delete takes those away who are there, and counts those who are not', async () => {
    await settled(await api.client.users.bulk.identify({ users: usersOf('x', 'y') }));
    trigger.clock.nowMs += 1;
    const done = await settled(await api.client.users.bulk.delete({ user_ids: ['x', 'never', 'x'] }));
    expect(done).toMatchObject({
      name: 'users.delete',
      status: 'completed',
      estimated_total_rows: 3,
      success_count: 3,
    });
    expect([...trigger.directory.entities.keys()]).toEqual(['y']);
  });

  test('objects.bulk.set and delete', async () => {
    const set = await settled(
      await api.client.objects.bulk.set('projects', {
        objects: [{ id: 'p1', name: 'P', status: 'open' }, { id: 'p2' }],
      }),
    );
    expect(set).toMatchObject({ name: 'objects.set', status: 'completed', success_count: 2 });
    expect(await api.client.objects.get('projects', 'p1')).toMatchObject({ properties: { name: 'P', status: 'open' } });
    trigger.clock.nowMs += 1;
    const gone = await settled(await api.client.objects.bulk.delete('projects', { object_ids: ['p1', 'a/b'] }));
    expect(gone).toMatchObject({ name: 'objects.delete', error_items: [{ collection: 'projects', id: 'a/b' }] });
    expect([...trigger.directory.entities.keys()]).toEqual(['projects/p2']);
    expect(await api.call('POST', '/v1/objects/$users/bulk/set', { body: { objects: [{ id: 'u' }] } })).toMatchObject({
      status: 422,
    });
  });

  test('tenants.bulk.set takes ids and maps; delete takes a query or a body', async () => {
    const tenants = [
      't1',
      { id: 't2', name: 'Two', settings: { branding: { primary_color: '#ff0000' } }, plan: 'pro' },
    ];
    const set = await settled(await api.client.tenants.bulk.set({ tenants }));
    expect(set).toMatchObject({ name: 'tenants.set', status: 'completed', success_count: 2 });
    expect(await api.client.tenants.get('t2')).toMatchObject({
      ...{ name: 'Two', plan: 'pro', settings: { branding: { primary_color: '#ff0000' } } },
    });
    trigger.clock.nowMs += 1;
    const byQuery = await settled(await api.client.tenants.bulk.delete({ tenant_ids: ['t1'] }));
    expect(byQuery).toMatchObject({ name: 'tenants.delete', status: 'completed', success_count: 1 });
    expect([...trigger.directory.entities.keys()]).toEqual(['$tenants/t2']);
    const body = { tenant_ids: ['t2'] };
    expect(await api.call('POST', '/v1/tenants/bulk/delete', { body })).toMatchObject({ status: 200 });
    await trigger.settle();
    expect(trigger.directory.entities.size).toBe(0);
    const nothing = await api.call('POST', '/v1/tenants/bulk/delete');
    expect(nothing).toMatchObject({ status: 422, body: { errors: [{ field: 'tenant_ids', type: 'required' }] } });
  });

  test('subscriptions are added and ended; an item whose recipient stays unknown fails, the others are there', async () => {
    await settled(await api.client.users.bulk.identify({ users: usersOf('a', 'b') }));
    trigger.clock.nowMs += 1;
    const added = await api.client.objects.bulk.addSubscriptions('projects', {
      subscriptions: [
        { id: 'p1', recipients: ['a', { id: 'new', name: 'New' }], properties: { role: 'admin' } },
        { id: 'p2', recipients: ['b', 'ghost'], properties: null },
      ],
    });
    // An identify may be under way: the item waits for it, as an event would.
    await trigger.deliver(messages().splice(0, 1));
    expect(await get(added.id)).toMatchObject({ status: 'processing', processed_rows: 1 });
    expect(await settled(added)).toMatchObject({
      ...{ name: 'objects.addSubscriptions', status: 'completed', success_count: 1, error_count: 1 },
      error_items: [{ collection: 'projects', id: 'p2' }],
    });
    const subscribers = async (id: string) =>
      (await api.client.objects.listSubscriptions('projects', id)).entries.map(({ recipient }) => recipient.id);
    expect([await subscribers('p1'), await subscribers('p2')]).toEqual([['a', 'new'], ['b']]);

    trigger.clock.nowMs += 1;
    const ended = await api.client.objects.bulk.deleteSubscriptions('projects', {
      subscriptions: [
        { id: 'p1', recipients: ['a', 'never'] },
        { id: 'absent', recipients: ['a'] },
      ],
    });
    expect(await settled(ended)).toMatchObject({ name: 'objects.deleteSubscriptions', success_count: 2 });
    expect(await subscribers('p1')).toEqual(['new']);
  });

  test('recipients that are described at length are spread over messages, and count as one item', async () => {
    const recipients = ids(100).map((id) => ({ id, about: id.repeat(10_000) }));
    const added = await api.client.objects.bulk.addSubscriptions('projects', {
      subscriptions: [{ id: 'p', recipients }],
    });
    expect(messages().length).toBeGreaterThan(10);
    expect(messages().every((message) => 'text' in encodeActionsMessage(message))).toBe(true);
    const [first, ...others] = [...messages()];
    trigger.actionsQueue.sent.length = 0;
    await trigger.deliver([first as ActionsMessage]);
    expect(await get(added.id)).toMatchObject({ status: 'processing', processed_rows: 0, estimated_total_rows: 1 });
    await deliver(others);
    expect(await get(added.id)).toMatchObject({ status: 'completed', processed_rows: 1, success_count: 1 });
    expect(trigger.subscriptions.rows.size).toBe(100);
  });

  test('an execution never gets more recipients than it has time for', async () => {
    const subscriptions = ids(30, 'p').map((id) => ({ id, recipients: ids(40), properties: {} }));
    await api.client.objects.bulk.addSubscriptions('projects', { subscriptions });
    for (const { invocations } of messages())
      expect(invocations.flatMap(({ payload }) => payload.recipients).length).toBeLessThanOrEqual(100);
  });

  test('bulk stays the name of a user, an object or a tenant', async () => {
    await api.client.users.update('bulk', { name: 'Bulk' });
    expect(await api.client.users.get('bulk')).toMatchObject({ name: 'Bulk' });
    await api.client.objects.set('bulk', 'set', { name: 'S' });
    expect(await api.client.objects.get('bulk', 'set')).toMatchObject({ properties: { name: 'S' } });
    await api.client.objects.set('projects', 'bulk', {});
    expect(await api.client.objects.addSubscriptions('projects', 'bulk', { recipients: ['bulk'] })).toHaveLength(1);
    expect(await api.client.tenants.set('bulk', { name: 'T' })).toMatchObject({ id: 'bulk' });
    expect(await api.client.users.delete('bulk')).toBeNull();
    expect((await api.call('GET', '/v1/users/bulk')).status).toBe(404);
  });
});

describe('what may go wrong on the way', () => {
  test('a message that is delivered twice, in part at the same time, counts once', async () => {
    const operation = await api.client.users.bulk.identify({ users: usersOf(...ids(60)) });
    const all = [...messages()];
    await Promise.all([trigger.deliver(all), trigger.deliver(all.toReversed())]);
    expect(await get(operation.id)).toMatchObject({ status: 'completed', processed_rows: 60, error_count: 0 });
    await deliver([...all, ...all.toReversed()]);
    expect(await get(operation.id)).toMatchObject({ status: 'completed', processed_rows: 60, success_count: 60 });
  });

  test('a table that is away for one user delays only that one; it is tried again', async () => {
    const { directory } = trigger;
    const write = directory.writeIfUnchanged.bind(directory);
    let isAway = true;
    directory.writeIfUnchanged = async (entity, version) => {
      if (isAway && entity.ref.id === 'u3') throw new RetryableError('away');
      return write(entity, version);
    };
    const operation = await api.client.users.bulk.identify({ users: usersOf(...ids(5)) });
    await trigger.deliver(messages().splice(0, 1));
    expect(await get(operation.id)).toMatchObject({ status: 'processing', processed_rows: 4, success_count: 4 });
    isAway = false;
    expect(await settled(operation)).toMatchObject({ status: 'completed', success_count: 5 });
  });

  test('a process that dies at any of its calls changes no count', async () => {
    const request = () =>
      api.client.objects.bulk.addSubscriptions('projects', {
        subscriptions: [
          { id: 'p1', recipients: [{ id: 'a', plan: 'pro' }] },
          { id: 'p2', recipients: ['ghost'] },
        ],
      });
    const { actionLog, actionsQueue, directory, subscriptions } = trigger;
    const dieAndRepeat = async (fate?: Fate) => {
      directory.entities.clear();
      const operation = await request();
      const [message] = messages().splice(0, 1) as [ActionsMessage];
      const dying = dieAt({ actionLog, actionsQueue, directory, subscriptions }, fate);
      await trigger.deliver([message], dying.ports).catch(() => undefined);
      trigger.clock.nowMs += 360_000;
      await trigger.deliver([message], { receiveCount: 2 });
      return { calls: dying.calls(), done: await settled(operation) };
    };
    const { calls, done } = await dieAndRepeat();
    const counts = { status: 'completed', processed_rows: 2, success_count: 1, error_count: 1 };
    expect(done).toMatchObject({ ...counts, error_items: [{ collection: 'projects', id: 'p2' }] });
    expect(calls).toBeGreaterThan(5);
    for (let at = 0; at < calls; at++)
      for (const when of ['before', 'after'] as const)
        expect({ at, when, ...(await dieAndRepeat({ at, when })).done }).toMatchObject({ at, when, ...counts });
  });

  test('messages that were given up end the operation: with errors, or failed when all were', async () => {
    const { actionLog, claims, metrics, log } = trigger;
    const deps = { eventLog: makeFakeEventLog(), actionLog, claims, metrics, log, nowMs: () => trigger.clock.nowMs };
    const park = async (given: ActionsMessage[]) =>
      expect(
        (
          await explainBatch(
            given.map((one) => actionsRecord(one, 11)),
            deps,
          )
        ).batchItemFailures,
      ).toEqual([]);
    const some = await api.client.users.bulk.identify({ users: usersOf(...ids(30)) });
    const [first, second] = messages().splice(0, 2) as [ActionsMessage, ActionsMessage];
    await trigger.deliver([first]);
    await park([second]);
    expect(await get(some.id)).toMatchObject({
      ...{ status: 'completed', processed_rows: 30, success_count: 25, error_count: 5, failed_at: null },
      error_items: ids(30)
        .slice(25)
        .map((id) => ({ id })),
    });
    const all = await api.client.users.bulk.identify({ users: usersOf(...ids(30)) });
    await park(messages().splice(0, 2));
    expect(await get(all.id)).toMatchObject({
      ...{ status: 'failed', processed_rows: 30, success_count: 0, completed_at: null },
      failed_at: expect.stringMatching(/Z$/),
    });
  });

  test('a queue that does not take all of it is 503, and no operation is left that never ends', async () => {
    const { actionsQueue } = trigger;
    api.deps.actionsQueue = {
      async sendEach(sent) {
        await actionsQueue.sendEach(sent.slice(0, 1));
        return sent.map((_, i) => (i === 0 ? { sent: true } : { sent: false, error: new Error('away') }));
      },
    };
    const answer = await api.call('POST', '/v1/users/bulk/identify', { body: { users: usersOf(...ids(60)) } });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(
      await api.deps.bulkOperations.read(answer.headers['x-request-id'] ?? '', trigger.clock.nowMs),
    ).toBeUndefined();
  });
});

describe('bulkOperations.get', () => {
  test('knows nothing of other ids, and of those whose time is over', async () => {
    const operation = await api.client.users.bulk.identify({ users: usersOf('u') });
    const other = operation.id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    for (const id of ['nothing', other, '01a1fc0b-e380-8394-8088-64298e84a96c'])
      expect(await api.call('GET', `/v1/bulk_operations/${id}`)).toMatchObject({
        ...{ status: 404, body: { code: 'resource_missing' } },
      });
    trigger.clock.nowMs += 30 * 86_400_000 - 1000;
    expect((await api.call('GET', `/v1/bulk_operations/${operation.id}`)).status).toBe(200);
    trigger.clock.nowMs += 2000;
    expect((await api.call('GET', `/v1/bulk_operations/${operation.id}`)).status).toBe(404);
  });

  test('keeps the end that it saw: later it reads no rows, and a replay does not change it', async () => {
    const done = await settled(await api.client.users.bulk.identify({ users: [{ id: 'a' }, { id: 'a/b' }] }));
    const { actionLog } = api.deps;
    api.deps.actionLog = {
      ...actionLog,
      readEach() {
        throw new Error('rows were read');
      },
    };
    expect(await get(done.id)).toEqual(done);
    api.deps.actionLog = actionLog;
  });

  test('an operation is kept no longer than the rows that it counts', async () => {
    const { client, names } = api.tables;
    const short = makeBulkOperations({ client, table: names.ActionLog, retentionDays: 14 });
    const operation = { requestId: 'r', call: 'users.bulk.delete', items: 1, executions: 1, insertedAtMs: 0 };
    await short.write({ operation });
    expect(await short.read('r', 14 * 86_400_000 - 1)).toEqual({ operation });
    expect(await short.read('r', 14 * 86_400_000)).toBeUndefined();
  });

  test('an end with more failed items than a row holds is counted anew each time', async () => {
    const { bulkOperations } = api.deps;
    const operation = { requestId: 'many', call: 'users.bulk.delete', items: 1000, executions: 40, insertedAtMs: 0 };
    await bulkOperations.write({ operation });
    const random = makeRandom(5);
    const noise = () =>
      String.fromCharCode(...Array.from({ length: 250 }, () => 0x4e00 + Math.floor(random() * 20_000)));
    const failedItems = Array.from({ length: 1000 }, () => ({ collection: noise(), id: noise() }));
    const end = { status: 'completed', processed: 1000, failedItems, updatedAtMs: 5 } as const;
    await bulkOperations.write({ operation, end });
    expect((await bulkOperations.read('many', 1))?.end).toBeUndefined();
    const few = { ...end, failedItems: failedItems.slice(0, 9) };
    await bulkOperations.write({ operation, end: few });
    expect((await bulkOperations.read('many', 1))?.end).toEqual(few);
  });
});
