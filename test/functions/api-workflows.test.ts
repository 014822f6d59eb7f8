import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { entryFromItem, eventItemKey } from '../../shared/adapters/dynamodb-event-log.ts';
import { runFromItem } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { requestOfApiRunId } from '../../shared/core/ids/api-run-id.ts';
import { printRunId } from '../../shared/core/ids/run-id.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/* Triggers and cancellations, through the official client and on to workflow-trigger. */

let api: WorkflowsApi;
let client: Knock;
beforeAll(async () => {
  api = await startWorkflowsApi();
  client = api.client;
  for (const id of ['ana', 'bo', 'actor']) await client.users.update(id, { name: id });
});
afterAll(() => api.stop());
beforeEach(() => {
  api.messages.length = 0;
  api.requests.length = 0;
  api.target.answer = () => ({ kind: 'accepted', reference: { status: 202 } });
  // Requests of two tests are never of one millisecond.
  api.clock.nowMs += 1000;
});

async function runsOf(recipient: string) {
  const { Items = [] } = await api.tables.client.send(
    new QueryCommand({
      TableName: api.tables.names.WorkflowRuns,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': recipient },
      ScanIndexForward: false,
    }),
  );
  return Items.map(runFromItem);
}
const newestOf = async (recipient: string) => (await runsOf(recipient))[0];

async function eventRow(id: string) {
  const { client: documents, names } = api.tables;
  const { Item } = await documents.send(new GetCommand({ TableName: names.EventLog, Key: eventItemKey(id, 'api') }));
  return Item && entryFromItem(Item);
}

const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('workflows.trigger', () => {
  test('answers the id that the run has in its row and at the target', async () => {
    const { workflow_run_id: id } = await client.workflows.trigger('call-it', {
      recipients: ['ana'],
      data: { total: 27.5 },
    });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    await api.deliver();
    const run = await newestOf('ana');
    expect(run).toMatchObject({ workflow: 'call-it', workflowRunId: id, status: 'handed_off', data: { total: 27.5 } });
    expect(api.requests.map(({ message }) => message.data)).toEqual([
      expect.objectContaining({
        id: printRunId(run?.key as never),
        workflow_run_id: id,
        recipient: expect.objectContaining({ id: 'ana', name: 'ana' }),
        trigger_source: { type: 'api', cancellation_key: null },
      }),
    ]);
  });

  test('answers before anything has run, with a row that names the call, and the request in the run id', async () => {
    const { data, response } = await client.workflows.trigger('log-it', { recipients: ['ana'] }).withResponse();
    const requestId = response.headers.get('x-request-id') ?? '';
    expect(requestOfApiRunId(data.workflow_run_id)).toBe(requestId);
    expect(await eventRow(requestId)).toMatchObject({
      source: 'api',
      eventType: 'workflows.trigger',
      status: 'processed',
      userId: 'ana',
      execution: requestId,
      actionsPlanned: 1,
    });
    expect(api.messages).toHaveLength(1);
    expect(await newestOf('ana')).not.toMatchObject({ workflowRunId: data.workflow_run_id });
  });

  test('with everything that a trigger may have, each recipient gets its run', async () => {
    await client.workflows.trigger('call-it', {
      recipients: [
        'ana',
        { id: 'new', name: 'New', $trigger_data: { seat: 7 } } as never,
        { collection: 'teams', id: 'red', name: 'Red' },
      ],
      actor: { id: 'boss', name: 'Boss' },
      tenant: { id: 'acme', name: 'Acme' },
      data: { order: 'o1' },
      cancellation_key: 'order-o1',
      settings: { sandbox_mode: true, skip_delay: null },
    });
    await api.deliver();
    expect(await client.users.get('new')).toMatchObject({ name: 'New' });
    expect(await client.users.get('boss')).toMatchObject({ name: 'Boss' });
    expect(await client.tenants.get('acme')).toMatchObject({ name: 'Acme' });
    expect(await client.objects.get('teams', 'red')).toMatchObject({ properties: { name: 'Red' } });
    expect(await newestOf('new')).toMatchObject({
      actor: { id: 'boss' },
      tenant: 'acme',
      cancellationKey: 'order-o1',
      data: { order: 'o1', seat: 7 },
    });
    expect(api.requests.map(({ message: { data } }) => [data.recipient, data.settings])).toEqual([
      [expect.objectContaining({ id: 'ana' }), { sandbox_mode: true }],
      [expect.objectContaining({ id: 'new', name: 'New' }), { sandbox_mode: true }],
      [expect.objectContaining({ id: 'red', collection: 'teams' }), { sandbox_mode: true }],
    ]);
    expect(api.requests[0]?.message.data.trigger_source).toEqual({ type: 'api', cancellation_key: 'order-o1' });
  });

  test('an actor that only this trigger describes is known', async () => {
    await client.workflows.trigger('log-it', { recipients: [{ id: 'self', name: 'Self' }], actor: 'self' });
    await api.deliver();
    expect(await newestOf('self')).toMatchObject({ actor: { id: 'self' }, status: 'handed_off' });
  });

  test('skip_delay starts a delayed workflow at once', async () => {
    await client.workflows.trigger('later', { recipients: ['ana'], settings: { skip_delay: true } });
    await api.deliver();
    expect(await newestOf('ana')).toMatchObject({ workflow: 'later', status: 'handed_off' });
  });

  test('null in place of what is optional is as leaving it out', async () => {
    const nothing = { actor: null, tenant: null, data: null, cancellation_key: null, settings: null };
    await client.workflows.trigger('log-it', { recipients: ['bo'], ...nothing });
    expect(api.messages[0]?.invocations[0]?.payload).toEqual({ key: 'log-it', recipients: ['bo'] });
  });

  test('an unknown recipient is not refused: its identify may be on its way', async () => {
    await client.workflows.trigger('log-it', { recipients: ['soon'] });
    await client.users.update('soon', {});
    await api.deliver();
    expect(await newestOf('soon')).toMatchObject({ status: 'handed_off' });
  });

  test.each<[string, string, object, number, string, string]>([
    ['an unknown workflow', 'log-itt', {}, 404, 'workflow_missing', 'did you mean "log-it"?'],
    ['a workflow that is switched off', 'off', {}, 422, 'workflow_inactive', 'is switched off in development'],
    ['a workflow without a target here', 'elsewhere', {}, 422, 'target_missing', 'has no target for development'],
    ['an actor that no one knows', 'log-it', { actor: 'nobody' }, 422, 'actor_missing', 'there is no user nobody'],
    [
      'an actor that is named as one of the users',
      'log-it',
      { actor: { collection: '$users', id: 'nobody' } },
      422,
      'actor_missing',
      'actor: there is no user nobody',
    ],
    ['no recipients', 'log-it', { recipients: [] }, 422, 'invalid_params', 'recipients: must have at least 1 entry'],
    ['recipients left out', 'log-it', { recipients: undefined }, 422, 'invalid_params', 'recipients: is required'],
    [
      'more than 1000 recipients',
      'log-it',
      { recipients: Array.from({ length: 1001 }, (_, i) => `u${i}`) },
      422,
      'invalid_params',
      'recipients: must have at most 1000 entries',
    ],
    ['an id that no user can have', 'log-it', { recipients: ['ana', 'a/b'] }, 422, 'invalid_params', 'recipients.1'],
    ['a map without an id', 'log-it', { recipients: [{ name: 'X' }] }, 422, 'invalid_params', 'recipients.0'],
    ['a tenant with blanks', 'log-it', { tenant: 'a b' }, 422, 'invalid_params', 'tenant'],
    ['data that is a list', 'log-it', { data: [1] }, 422, 'invalid_params', 'data: must be a map'],
    ['a setting that is text', 'log-it', { settings: { sandbox_mode: 'x' } }, 422, 'invalid_params', 'true or false'],
    ['data that the schema refuses', 'strict', { data: { total: 'x' } }, 422, 'invalid_params', 'data.total'],
    ['no data where the schema wants some', 'strict', {}, 422, 'invalid_params', 'data: must have required property'],
    [
      'a described user of over 256 KB',
      'log-it',
      { recipients: [{ id: 'big', note: 'x'.repeat(300_000) }] },
      422,
      'invalid_params',
      'at most 256',
    ],
    [
      'data that no message holds',
      'log-it',
      { data: { noise: Array.from({ length: 40_000 }, () => Math.random().toString(36)) } },
      413,
      'payload_too_large',
      'send a reference',
    ],
  ])('%s is refused, and starts nothing', async (_name, workflow, change, status, code, words) => {
    const before = await runsOf('ana');
    const body = { recipients: ['ana'], ...change };
    const answer = await api.call('POST', `/v1/workflows/${workflow}/trigger`, { body });
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect((answer.body as { message: string }).message).toContain(words);
    expect(api.messages).toEqual([]);
    expect(await runsOf('ana')).toEqual(before);
    expect(await eventRow(answer.headers['x-request-id'] ?? '')).toMatchObject({
      status: 'rejected',
      reason: 'request_refused',
    });
  });

  test('a queue that does not take it is 503', async () => {
    const { actionsQueue } = api.deps;
    api.deps.actionsQueue = { sendEach: async () => [{ sent: false, error: new Error('away') }] };
    const error = await thrownBy(client.workflows.trigger('log-it', { recipients: ['ana'] }));
    api.deps.actionsQueue = actionsQueue;
    expect(error).toBeInstanceOf(Knock.InternalServerError);
    expect(error).toMatchObject({ status: 503 });
  });
});

describe('workflows.cancel', () => {
  const trigger = (cancellation_key: string, recipients = ['ana', 'bo']) =>
    client.workflows.trigger('later', { recipients, cancellation_key });

  test('stops the runs that wait, and answers 204', async () => {
    await trigger('c1');
    await api.deliver();
    expect(await newestOf('ana')).toMatchObject({ status: 'pending' });
    api.clock.nowMs += 10;
    const answer = client.workflows.cancel('later', { cancellation_key: 'c1' });
    expect((await answer.asResponse()).status).toBe(204);
    expect(await answer).toBeNull();
    await api.deliver();
    for (const recipient of ['ana', 'bo'])
      expect(await newestOf(recipient)).toMatchObject({ status: 'cancelled', cancelReason: 'workflows_cancel' });
  });

  test('only those of the named recipients, users or objects', async () => {
    await client.workflows.trigger('later', {
      recipients: ['ana', 'bo', { collection: 'teams', id: 'blue' }],
      cancellation_key: 'c2',
    });
    await api.deliver();
    api.clock.nowMs += 10;
    const recipients = ['bo', { collection: 'teams', id: 'blue' }];
    await client.workflows.cancel('later', { cancellation_key: 'c2', recipients });
    await api.deliver();
    const statuses = await Promise.all(['ana', 'bo', 'teams/blue'].map(async (one) => (await newestOf(one))?.status));
    expect(statuses).toEqual(['pending', 'cancelled', 'cancelled']);
  });

  test('reaches a trigger that was asked before it and runs after it', async () => {
    await trigger('c3');
    api.clock.nowMs += 10;
    await client.workflows.cancel('later', { cancellation_key: 'c3' });
    api.messages.reverse();
    await api.deliver();
    expect(await newestOf('ana')).toMatchObject({ cancellationKey: 'c3', status: 'cancelled' });
  });

  test('never reaches a trigger that was asked after it, whichever runs first', async () => {
    for (const key of ['c4', 'c5']) {
      await client.workflows.cancel('later', { cancellation_key: key });
      api.clock.nowMs += 10;
      await trigger(key);
      if (key === 'c5') api.messages.reverse();
      await api.deliver();
      expect(await newestOf('ana')).toMatchObject({ cancellationKey: key, status: 'pending' });
      api.clock.nowMs += 10;
    }
  });

  test('is accepted for a key that no run has, and for a workflow that is switched off', async () => {
    expect(await client.workflows.cancel('later', { cancellation_key: 'none', recipients: null })).toBeNull();
    expect(await client.workflows.cancel('off', { cancellation_key: 'none' })).toBeNull();
    await api.deliver();
  });

  test.each<[string, string, object, number, string]>([
    ['an unknown workflow', 'latr', {}, 404, 'did you mean "later"?'],
    ['no cancellation key', 'later', { cancellation_key: undefined }, 422, 'cancellation_key: is required'],
    ['a blank one', 'later', { cancellation_key: ' ' }, 422, 'cancellation_key: must not be blank'],
    ['an empty list, which may be meant as no one', 'later', { recipients: [] }, 422, 'recipients'],
    ['an id that no user can have', 'later', { recipients: ['a#b'] }, 422, 'recipients.0'],
  ])('%s is refused, and cancels nothing', async (_name, workflow, change, status, words) => {
    const body = { cancellation_key: 'c', ...change };
    const answer = await api.call('POST', `/v1/workflows/${workflow}/cancel`, { body });
    expect(answer.status).toBe(status);
    expect((answer.body as { message: string }).message).toContain(words);
    expect(api.messages).toEqual([]);
  });
});
