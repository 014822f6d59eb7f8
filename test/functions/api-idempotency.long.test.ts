import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { entryFromItem, eventItemKey } from '../../shared/adapters/dynamodb-event-log.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { ApiAnswer } from './api-for-tests.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/* Triggers with an idempotency key: one key, one run, whatever dies in between. docs/api.md, "Repeated triggers" */

let api: WorkflowsApi;
beforeAll(async () => {
  api = await startWorkflowsApi();
  await api.client.users.update('ana', {});
});
afterAll(() => api.stop());
beforeEach(() => {
  api.messages.length = 0;
  api.requests.length = 0;
  api.clock.nowMs += 1000;
});

let keys = 0;
const freshKey = () => `key-${++keys}`;

type Asked = { key?: string; workflow?: string; body?: object; headers?: Record<string, string> };
function trigger({ key, workflow = 'call-it', body = { recipients: ['ana'] }, headers = {} }: Asked = {}) {
  const sent = { ...(key !== undefined && { 'idempotency-key': key }), ...headers };
  return api.call('POST', `/v1/workflows/${workflow}/trigger`, { body, headers: sent });
}

const runId = ({ body }: ApiAnswer) => (body as { workflow_run_id?: string }).workflow_run_id;
const requestId = ({ headers }: ApiAnswer) => headers['x-request-id'] ?? '';

async function eventRow(id: string) {
  const { client, names } = api.tables;
  const { Item } = await client.send(new GetCommand({ TableName: names.EventLog, Key: eventItemKey(id, 'api') }));
  return Item && entryFromItem(Item);
}

async function claims(key: string) {
  const { client, names } = api.tables;
  const query = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': key } };
  return (await client.send(new QueryCommand({ TableName: names.Claims, ...query }))).Items ?? [];
}

describe('a repeated trigger', () => {
  test('is answered as the first was, and says which that was; nothing is done again', async () => {
    const key = freshKey();
    const first = await trigger({ key });
    expect(first.status).toBe(200);
    expect(Object.keys(first.headers).sort()).toEqual(['content-type', 'x-request-id']);
    const again = await trigger({ key });
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'original-x-request-id': requestId(first),
    });
    expect(requestId(again)).not.toBe(requestId(first));
    expect(api.messages).toHaveLength(1);
    await api.deliver();
    expect(api.requests).toHaveLength(1);
  });

  test('has a row that names the first, whose key both have', async () => {
    const key = freshKey();
    const first = await trigger({ key });
    const again = await trigger({ key });
    expect(await eventRow(requestId(first))).toMatchObject({ status: 'processed', key, actionsPlanned: 1 });
    expect(await eventRow(requestId(again))).toMatchObject({
      status: 'idempotent',
      reason: 'duplicate',
      duplicateOf: requestId(first),
      execution: requestId(first),
      key,
      actionsPlanned: 0,
    });
  });

  test('is the same for the official client, which is told no difference', async () => {
    const options = { idempotencyKey: freshKey() };
    const trigger = () => api.client.workflows.trigger('call-it', { recipients: ['ana'] }, options);
    const first = await trigger();
    expect(await trigger()).toEqual(first);
    const { response } = await trigger().withResponse();
    expect(response.headers.get('idempotent-replayed')).toBe('true');
    expect(api.messages).toHaveLength(1);
  });

  test('asks the same in another order of its fields', async () => {
    const key = freshKey();
    const first = await trigger({ key, body: { recipients: ['ana'], data: { a: 1, b: { c: 2, d: 3 } } } });
    const again = await trigger({ key, body: { data: { b: { d: 3, c: 2 }, a: 1 }, actor: null, recipients: ['ana'] } });
    expect(runId(again)).toBe(runId(first));
  });

  test('is answered so even when the trigger would be refused by now', async () => {
    const key = freshKey();
    await api.client.users.update('leaver', {});
    const body = { recipients: ['ana'], actor: 'leaver' };
    const first = await trigger({ key, body });
    await api.client.users.delete('leaver');
    expect(await trigger({ body })).toMatchObject({ status: 422, body: { code: 'actor_missing' } });
    expect(await trigger({ key, body })).toMatchObject({ status: 200, body: first.body });
    const { inactive_workflows } = (await api.deps.configuration()).state;
    inactive_workflows.push('call-it');
    const off = await trigger({ key, body });
    inactive_workflows.pop();
    expect(off).toMatchObject({ status: 200, body: first.body, headers: { 'idempotent-replayed': 'true' } });
  });

  test('is a new trigger after 24 hours, and not before', async () => {
    const key = freshKey();
    const first = await trigger({ key });
    api.clock.nowMs += 24 * 3_600_000 - 1000;
    expect(runId(await trigger({ key }))).toBe(runId(first));
    // Claims end at whole seconds.
    api.clock.nowMs += 2000;
    const other = await trigger({ key, body: { recipients: ['ana'], data: { day: 2 } } });
    expect(other.status).toBe(200);
    expect(runId(other)).not.toBe(runId(first));
    expect(other.headers['idempotent-replayed']).toBeUndefined();
    expect(runId(await trigger({ key, body: { recipients: ['ana'], data: { day: 2 } } }))).toBe(runId(other));
  });

  test.each([
    ['other recipients', { recipients: ['bo'] }],
    ['other data', { recipients: ['ana'], data: { a: 2 } }],
  ])('with %s is refused, since it asks something else', async (_name, body) => {
    const key = freshKey();
    const first = await trigger({ key });
    const answer = await trigger({ key, body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch', status: 422 } });
    expect((answer.body as { message: string }).message).toContain(requestId(first));
    expect(api.messages).toHaveLength(1);
  });

  test('of another workflow is another trigger', async () => {
    const key = freshKey();
    const answers = [await trigger({ key }), await trigger({ key, workflow: 'log-it' })];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(runId)).size).toBe(2);
    expect(await claims(key)).toHaveLength(2);
  });

  test('without a key is another trigger', async () => {
    expect(runId(await trigger())).not.toBe(runId(await trigger()));
    expect(api.messages).toHaveLength(2);
  });
});

describe('a key', () => {
  test.each([
    ['of 255 characters', 'k'.repeat(255), 200],
    ['of 256', 'k'.repeat(256), 422],
    ['that is blank', ' ', 422],
  ])('%s: %i', async (_name, key, status) => {
    const answer = await trigger({ key });
    expect(answer.status).toBe(status);
    if (status === 422) expect(answer.body).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
  });

  test('means nothing to other calls, which clients send it with as well', async () => {
    const headers = { 'idempotency-key': 'one key for all' };
    for (const name of ['A', 'B']) {
      const answer = await api.call('PUT', '/v1/users/keyed', { body: { name }, headers });
      expect(answer).toMatchObject({ status: 200, body: { name } });
      expect(answer.headers['idempotent-replayed']).toBeUndefined();
    }
    const cancel = { body: { cancellation_key: 'c' }, headers: { 'idempotency-key': 'k'.repeat(300) } };
    expect((await api.call('POST', '/v1/workflows/call-it/cancel', cancel)).status).toBe(204);
    expect(await claims('one key for all')).toEqual([]);
  });

  test('of a refused request is free: mended, it may be sent with the same key', async () => {
    const key = freshKey();
    const refused = await trigger({ key, body: { recipients: ['ana'], actor: 'no one' } });
    expect(refused.status).toBe(422);
    expect(await claims(key)).toEqual([]);
    expect(await trigger({ key })).toMatchObject({ status: 200 });
  });
});

describe('of two requests with one key at once', () => {
  test('the second is asked to come back in a second, and then gets the answer of the first', async () => {
    const key = freshKey();
    const { actionsQueue } = api.deps;
    let second: ApiAnswer | undefined;
    api.deps.actionsQueue = {
      async sendEach(sent) {
        second ??= await trigger({ key });
        return actionsQueue.sendEach(sent);
      },
    };
    const first = await trigger({ key });
    api.deps.actionsQueue = actionsQueue;
    expect(first.status).toBe(200);
    expect(second).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'request_in_progress', type: 'api_error' },
    });
    expect(await trigger({ key })).toMatchObject({ status: 200, body: first.body });
    expect(api.messages).toHaveLength(1);
  });

  test('of twenty, one starts the run', async () => {
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 20 }, () => trigger({ key })));
    const done = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(new Set(done.map(runId)).size).toBe(1);
    expect(api.messages).toHaveLength(1);
  });
});

describe('a request that failed', () => {
  test.each<[string, () => Partial<WorkflowsApi['deps']>]>([
    [
      'since the queue did not take it',
      () => ({ actionsQueue: { sendEach: async () => [{ sent: false, error: new Error('away') }] } }),
    ],
    [
      'since its row could not be written',
      () => ({ eventLog: { ...api.deps.eventLog, writeEach: async () => [new RetryableError('away')] } }),
    ],
  ])('%s may be repeated at once', async (_name, trouble) => {
    const key = freshKey();
    const { actionsQueue, eventLog } = api.deps;
    Object.assign(api.deps, trouble());
    expect((await trigger({ key })).status).toBe(503);
    Object.assign(api.deps, { actionsQueue, eventLog });
    const again = await trigger({ key });
    expect(again.status).toBe(200);
    // It may be the second message, so workflow-trigger looks first what the first one led to.
    expect(api.messages.at(-1)).toMatchObject({ eventId: requestId(again), again: true });
    await api.deliver();
    expect(new Set(api.requests.map(({ messageId }) => messageId)).size).toBe(1);
    expect(api.requests[0]?.message.data.workflow_run_id).toBe(runId(again));
  });

  test("whose claim's answer was lost on its way goes on when the SDK asks again", async () => {
    const key = freshKey();
    const { claims } = api.deps;
    api.deps.claims = {
      ...claims,
      async claim(request, nowMs) {
        await claims.claim(request, nowMs);
        return claims.claim(request, nowMs);
      },
    };
    const answer = await trigger({ key });
    api.deps.claims = claims;
    expect(answer.status).toBe(200);
    expect(api.messages).toHaveLength(1);
  });
});
