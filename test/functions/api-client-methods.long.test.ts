import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Knock, { type APIPromise } from '@knocklabs/node';
import { routes } from '../../functions/api/routes/index.ts';
import { partsNotOffered } from '../../functions/api/routes/not-offered.ts';
import { methodsOf } from '../clients/knock-methods.ts';
import { type ServedApi, serveApi } from './api-over-http.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/*
 * Every method of the official client, over HTTP, in the ways in which the client's own tests call it: with as little as it takes,
 * with all that it takes, for the raw response, and with an option that leads nowhere. Those tests ask a mock that makes up what it
 * answers; here the users and objects exist, and each answer is compared with what the client's types promise.
 */

let api: WorkflowsApi;
let served: ServedApi;
let client: Knock;
let runId: string;
let operation: Knock.BulkOperation;
beforeAll(async () => {
  api = await startWorkflowsApi();
  served = await serveApi(api);
  client = served.client;
  for (const id of ['ana', 'bo', 'cy']) await client.users.update(id, everyUserField);
  await client.objects.set('parks', 'nublar', everyObjectField);
  for (const id of ['acme', 'ingen']) await client.tenants.set(id, everyTenantField);
  await client.audiences.addMembers('vips', { members: [{ user: { id: 'ana' } }], create_audience: true });
  await client.objects.addSubscriptions('parks', 'nublar', { recipients: ['ana', 'bo'] });
  await client.workflows.trigger('later', { recipients: ['ana', 'bo'] });
  operation = await client.users.bulk.identify({ users: [{ id: 'ana' }] });
  await api.deliver();
  runId = (await client.workflowRecipientRuns.list({ recipient: 'ana' })).items[0]?.id ?? '';
});
afterAll(async () => {
  await served.stop();
  await api.stop();
});
beforeEach(() => {
  api.clock.nowMs += 1000;
});

const preferences = {
  default: {
    categories: { news: true, marketing: { channel_types: { email: false } } },
    channel_types: { email: true, push: false },
    workflows: { later: { channel_types: { email: true }, conditions: [] } },
  },
} as const satisfies Knock.UserUpdateParams['preferences'];
const channel_data = { '0d9e2a8f-3e0c-4d8e-9f0c-7a6b5c4d3e2f': { tokens: ['token'] } };
const everyUserField: Required<Knock.UserUpdateParams> = {
  avatar: 'https://orchard.example/a.png',
  channel_data,
  created_at: '2026-01-02T03:04:05Z',
  email: 'ana@orchard.example',
  locale: 'pt-PT',
  name: 'Ana',
  phone_number: '+351210000000',
  preferences,
  timezone: 'Europe/Lisbon',
};
const everyObjectField = {
  channel_data,
  locale: 'pt-PT',
  name: 'Nublar',
  preferences,
  timezone: 'Europe/Lisbon',
} satisfies Required<Knock.ObjectSetParams>;
const everyTenantField = {
  channel_data,
  name: 'Acme',
  resolve_full_preference_settings: true,
  settings: {
    branding: {
      icon_url: 'https://orchard.example/i.png',
      logo_url: 'https://orchard.example/l.png',
      primary_color: '#112233',
      primary_color_contrast: '#ffffff',
    },
    preference_set: preferences.default,
  },
} as const satisfies Knock.TenantSetParams;

/** Checks of every member that the client's type names: one more in a later version does not compile. */
type Shape<Promised> = {
  [Name in keyof Promised as string extends Name ? never : number extends Name ? never : Name]-?: Check;
};
/** Words for what is wrong; empty when nothing is. */
type Check = (value: unknown) => string[];

const wrong = (isRight: boolean, value: unknown) => (isRight ? [] : [`is ${JSON.stringify(value)}`]);
const text: Check = (value) => wrong(typeof value === 'string' && value !== '', value);
const whole: Check = (value) => wrong(Number.isInteger(value), value);
const time: Check = (value) => wrong(typeof value === 'string' && !Number.isNaN(Date.parse(value)), value);
const map: Check = (value) => wrong(typeof value === 'object' && value !== null && !Array.isArray(value), value);
const only =
  (...values: unknown[]): Check =>
  (value) =>
    wrong(values.includes(value), value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined ? [] : check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) ? value.flatMap((one, i) => check(one).map((what) => `${i}: ${what}`)) : wrong(false, value);
const shaped =
  <Promised>(shape: Shape<Promised>): Check =>
  (value) =>
    Object.entries<Check>(shape as Record<string, Check>).flatMap(([name, check]) =>
      check((value as Record<string, unknown> | null)?.[name]).map((what) => `${name} ${what}`),
    );

const user = shaped<Knock.User>({
  id: text,
  __typename: only('User'),
  updated_at: time,
  avatar: orNull(text),
  created_at: orNull(time),
  email: orNull(text),
  name: orNull(text),
  phone_number: orNull(text),
  timezone: orNull(text),
});
const object = shaped<Knock.Object>({
  id: text,
  __typename: only('Object'),
  collection: text,
  updated_at: time,
  created_at: orNull(time),
  properties: orNull(map),
});
const tenant = shaped<Knock.Tenant>({
  id: text,
  __typename: only('Tenant'),
  name: orNull(text),
  settings: orNull(map),
});
const recipient: Check = (value) =>
  (value as { __typename?: string }).__typename === 'User' ? user(value) : object(value);
const subscription = shaped<Knock.Recipients.Subscription>({
  __typename: only('Subscription'),
  inserted_at: time,
  object,
  recipient,
  updated_at: time,
  properties: orNull(map),
});
const member = shaped<Knock.AudienceMember>({
  __typename: only('AudienceMember'),
  added_at: time,
  user,
  user_id: text,
  tenant: orNull(text),
});
const bulkOperation = shaped<Knock.BulkOperation>({
  id: text,
  __typename: only('BulkOperation'),
  estimated_total_rows: whole,
  inserted_at: time,
  name: text,
  processed_rows: whole,
  status: only('queued', 'processing', 'completed', 'failed'),
  success_count: whole,
  updated_at: time,
  completed_at: orNull(time),
  error_count: orNull(whole),
  error_items: orNull(listOf(shaped<Knock.BulkOperation.ErrorItem>({ id: text, collection: orNull(text) }))),
  failed_at: orNull(time),
  progress_path: orNull(text),
  started_at: orNull(time),
});
const reference: Check = (value) => (typeof value === 'string' ? text(value) : map(value));
const runMembers: Shape<Knock.WorkflowRecipientRun> = {
  id: text,
  __typename: only('WorkflowRecipientRun'),
  inserted_at: time,
  recipient: reference,
  status: only('queued', 'processing', 'paused', 'completed', 'cancelled'),
  trigger_source: shaped<Knock.WorkflowRecipientRun.TriggerSource>({
    type: only('api', 'audience', 'integration'),
    audience_key: orNull(text),
    cancellation_key: orNull(text),
    schedule_id: only(null, undefined),
  }),
  updated_at: time,
  workflow: text,
  workflow_run_id: text,
  actor: orNull(reference),
  error_count: orNull(whole),
  tenant: orNull(text),
};
const run = shaped<Knock.WorkflowRecipientRun>(runMembers);
const runDetail = shaped<Knock.WorkflowRecipientRunDetail>({
  ...runMembers,
  events: listOf(
    shaped<Knock.WorkflowRecipientRunEvent>({
      id: text,
      __typename: text,
      event: text,
      inserted_at: time,
      status: only('ok', 'error'),
      attempt: orNull(whole),
      data: orNull(map),
      step_ref: orNull(text),
      step_type: orNull(text),
    }),
  ),
});
const pageInfo = shaped<Knock.PageInfo>({
  __typename: only('PageInfo'),
  page_size: whole,
  after: orNull(text),
  before: orNull(text),
});
const entriesOf = (entry: Check): Check => shaped({ entries: listOf(entry), page_info: pageInfo });
const nothing: Check = only(null);

type Options = { path?: string };
type Call = {
  promises: Check;
  minimal(): APIPromise<unknown>;
  /** Absent: there is nothing else to give. */
  full?(options?: Options): APIPromise<unknown>;
};

const recipients = ['ana', { id: 'dee', name: 'Dee' }, { collection: 'parks', id: 'sorna', name: 'Sorna' }];
const references = ['ana', { collection: 'parks', id: 'sorna' }];
const parks = [{ collection: 'parks', id: 'nublar' }];
const members = [{ user: { id: 'bo', ...everyUserField }, tenant: 'acme' }];
const rpc = { id: '1', jsonrpc: '2.0', method: 'test_connection' };
const answered = shaped<Knock.Integrations.CensusCustomDestinationResponse>({
  id: text,
  jsonrpc: only('2.0'),
  result: map,
} as Shape<Knock.Integrations.CensusCustomDestinationResponse>);

const calls: Record<string, Call> = {
  'users.update': {
    promises: user,
    minimal: () => client.users.update('ana', {}),
    full: (options) => client.users.update('ana', everyUserField, options),
  },
  'users.list': {
    promises: entriesOf(user),
    minimal: () => client.users.list(),
    full: (options) => client.users.list({ include: ['preferences'], page_size: 1 }, options),
  },
  'users.get': {
    promises: user,
    minimal: () => client.users.get('ana'),
    full: (options) => client.users.get('ana', options),
  },
  'users.listSubscriptions': {
    promises: entriesOf(subscription),
    minimal: () => client.users.listSubscriptions('ana'),
    full: (options) =>
      client.users.listSubscriptions('ana', { include: ['preferences'], objects: parks, page_size: 1 }, options),
  },
  'users.merge': {
    promises: user,
    minimal: () => client.users.merge('ana', { from_user_id: 'cy' }),
  },
  'users.delete': {
    promises: nothing,
    minimal: () => client.users.delete('gone'),
    full: (options) => client.users.delete('gone', options),
  },
  'users.bulk.identify': {
    promises: bulkOperation,
    minimal: () => client.users.bulk.identify({ users: [{ id: 'ana' }] }),
    full: (options) => client.users.bulk.identify({ users: [{ id: 'ana', ...everyUserField }] }, options),
  },
  'users.bulk.delete': {
    promises: bulkOperation,
    minimal: () => client.users.bulk.delete({ user_ids: ['gone'] }),
    full: (options) => client.users.bulk.delete({ user_ids: ['gone', 'too'] }, options),
  },
  'objects.set': {
    promises: object,
    minimal: () => client.objects.set('parks', 'nublar', {}),
    full: (options) => client.objects.set('parks', 'nublar', everyObjectField, options),
  },
  'objects.get': {
    promises: object,
    minimal: () => client.objects.get('parks', 'nublar'),
    full: (options) => client.objects.get('parks', 'nublar', options),
  },
  'objects.list': {
    promises: entriesOf(object),
    minimal: () => client.objects.list('parks'),
    full: (options) => client.objects.list('parks', { include: ['preferences'], page_size: 1 }, options),
  },
  'objects.delete': {
    promises: nothing,
    minimal: () => client.objects.delete('parks', 'gone'),
    full: (options) => client.objects.delete('parks', 'gone', options),
  },
  'objects.addSubscriptions': {
    promises: listOf(subscription),
    minimal: () => client.objects.addSubscriptions('parks', 'nublar', { recipients: ['ana'] }),
    full: (options) =>
      client.objects.addSubscriptions('parks', 'nublar', { recipients, properties: { role: 'guest' } }, options),
  },
  'objects.listSubscriptions': {
    promises: entriesOf(subscription),
    minimal: () => client.objects.listSubscriptions('parks', 'nublar'),
    full: (options) =>
      client.objects.listSubscriptions(
        'parks',
        'nublar',
        { include: ['preferences'], mode: 'object', recipients: references, page_size: 2 },
        options,
      ),
  },
  'objects.deleteSubscriptions': {
    promises: listOf(subscription),
    minimal: () => client.objects.deleteSubscriptions('parks', 'nublar', { recipients: ['bo'] }),
    full: (options) => client.objects.deleteSubscriptions('parks', 'nublar', { recipients: references }, options),
  },
  'objects.bulk.set': {
    promises: bulkOperation,
    minimal: () => client.objects.bulk.set('parks', { objects: [{ id: 'nublar' }] }),
    full: (options) =>
      client.objects.bulk.set(
        'parks',
        { objects: [{ id: 'nublar', channel_data, created_at: '2026-01-02T03:04:05Z', name: 'N', preferences }] },
        options,
      ),
  },
  'objects.bulk.delete': {
    promises: bulkOperation,
    minimal: () => client.objects.bulk.delete('parks', { object_ids: ['gone'] }),
    full: (options) => client.objects.bulk.delete('parks', { object_ids: ['gone', 'too'] }, options),
  },
  'objects.bulk.addSubscriptions': {
    promises: bulkOperation,
    minimal: () =>
      client.objects.bulk.addSubscriptions('parks', { subscriptions: [{ id: 'nublar', recipients: ['ana'] }] }),
    full: (options) =>
      client.objects.bulk.addSubscriptions(
        'parks',
        { subscriptions: [{ id: 'nublar', recipients, properties: { role: 'guest' } }] },
        options,
      ),
  },
  'objects.bulk.deleteSubscriptions': {
    promises: bulkOperation,
    minimal: () =>
      client.objects.bulk.deleteSubscriptions('parks', { subscriptions: [{ id: 'nublar', recipients: ['ana'] }] }),
    full: (options) =>
      client.objects.bulk.deleteSubscriptions(
        'parks',
        { subscriptions: [{ id: 'nublar', recipients: references }] },
        options,
      ),
  },
  'tenants.set': {
    promises: tenant,
    minimal: () => client.tenants.set('acme', {}),
    full: (options) => client.tenants.set('acme', everyTenantField, options),
  },
  'tenants.get': {
    promises: tenant,
    minimal: () => client.tenants.get('acme'),
    full: (options) => client.tenants.get('acme', { resolve_full_preference_settings: true }, options),
  },
  'tenants.list': {
    promises: entriesOf(tenant),
    minimal: () => client.tenants.list(),
    full: (options) => client.tenants.list({ name: 'Acme', tenant_id: 'acme', page_size: 1 }, options),
  },
  'tenants.delete': {
    promises: nothing,
    minimal: () => client.tenants.delete('gone'),
    full: (options) => client.tenants.delete('gone', options),
  },
  'tenants.bulk.set': {
    promises: bulkOperation,
    minimal: () => client.tenants.bulk.set({ tenants: ['acme'] }),
    full: (options) => {
      const { resolve_full_preference_settings: _, ...fields } = everyTenantField;
      return client.tenants.bulk.set({ tenants: ['ingen', { id: 'acme', ...fields, preferences }] }, options);
    },
  },
  'tenants.bulk.delete': {
    promises: bulkOperation,
    minimal: () => client.tenants.bulk.delete({ tenant_ids: ['gone'] }),
    full: (options) => client.tenants.bulk.delete({ tenant_ids: ['gone', 'too'] }, options),
  },
  'audiences.addMembers': {
    promises: nothing,
    minimal: () => client.audiences.addMembers('vips', { members: [{ user: { id: 'ana' } }] }),
    full: (options) => client.audiences.addMembers('guests', { members, create_audience: true }, options),
  },
  'audiences.listMembers': {
    promises: entriesOf(member),
    minimal: () => client.audiences.listMembers('vips'),
    full: (options) => client.audiences.listMembers('vips', options),
  },
  'audiences.removeMembers': {
    promises: nothing,
    minimal: () => client.audiences.removeMembers('vips', { members: [{ user: { id: 'bo' } }] }),
    full: (options) => client.audiences.removeMembers('vips', { members }, options),
  },
  'bulkOperations.get': {
    promises: bulkOperation,
    minimal: () => client.bulkOperations.get(operation.id),
    full: (options) => client.bulkOperations.get(operation.id, options),
  },
  'workflows.trigger': {
    promises: shaped<Knock.WorkflowTriggerResponse>({ workflow_run_id: text }),
    minimal: () => client.workflows.trigger('later', { recipients: ['ana'] }),
    full: (options) =>
      client.workflows.trigger(
        'later',
        {
          recipients,
          actor: { id: 'bo', ...everyUserField },
          cancellation_key: 'order-7',
          data: { total: 42.5, lines: [{ sku: 'a' }] },
          settings: { sandbox_mode: false, skip_delay: false },
          tenant: 'acme',
        },
        options,
      ),
  },
  'workflows.cancel': {
    promises: nothing,
    minimal: () => client.workflows.cancel('later', { cancellation_key: 'order-7' }),
    full: (options) =>
      client.workflows.cancel('later', { cancellation_key: 'order-7', recipients: references }, options),
  },
  'workflowRecipientRuns.list': {
    promises: shaped({ items: listOf(run), page_info: pageInfo }),
    minimal: () => client.workflowRecipientRuns.list(),
    full: (options) =>
      client.workflowRecipientRuns.list(
        {
          ending_at: '2126-01-01T00:00:00Z',
          has_errors: false,
          page_size: 1,
          recipient: 'ana',
          starting_at: '2026-01-01T00:00:00Z',
          status: ['paused', 'queued', 'processing', 'completed', 'cancelled'],
          workflow: 'later',
        },
        options,
      ),
  },
  'workflowRecipientRuns.get': {
    promises: runDetail,
    minimal: () => client.workflowRecipientRuns.get(runId),
    full: (options) => client.workflowRecipientRuns.get(runId, options),
  },
  'integrations.census.customDestination': {
    promises: answered,
    minimal: () => client.integrations.census.customDestination(rpc),
    full: (options) => client.integrations.census.customDestination({ ...rpc, params: {} }, options),
  },
  'integrations.hightouch.embeddedDestination': {
    promises: shaped({ id: text }),
    minimal: () => client.integrations.hightouch.embeddedDestination(rpc),
    full: (options) => client.integrations.hightouch.embeddedDestination({ ...rpc, params: {} }, options),
  },
};

test('the calls below are all that are offered', () => {
  const offered = routes.map(({ call }) => call).filter((call) => methodsOf(client).has(call));
  expect(Object.keys(calls).sort()).toEqual(offered.sort());
});

describe.each(Object.entries(calls))('%s', (_name, { promises, minimal, full }) => {
  test('with as little as it takes answers what the type promises, and the raw response', async () => {
    const asked = minimal();
    const raw = await asked.asResponse();
    expect(raw).toBeInstanceOf(Response);
    const answer = await asked;
    expect(promises(answer)).toEqual([]);
    const { data, response } = await asked.withResponse();
    expect(data).toBe(answer);
    expect(response).toBe(raw);
  });

  if (full !== undefined) {
    test('with all that it takes answers what the type promises', async () => {
      expect(promises(await full())).toEqual([]);
    });

    test('takes options behind its parameters: a path that leads nowhere is a NotFoundError', async () => {
      await expect(full({ path: '/_leads_nowhere' })).rejects.toBeInstanceOf(Knock.NotFoundError);
    });
  }
});

test('lists show what there is', async () => {
  expect((await client.users.list()).entries.map(({ id }) => id)).toContain('ana');
  expect((await client.workflowRecipientRuns.list()).items.length).toBeGreaterThan(1);
  expect((await client.tenants.list()).entries).not.toEqual([]);
});

test('every other method of the client is a NotFoundError that says what is not offered', async () => {
  const others = [...methodsOf(client)].filter(([name]) => !(name in calls));
  expect(others.length).toBeGreaterThan(50);
  for (const [name, method] of others) {
    const part = partsNotOffered.find(({ calls: names }) =>
      names.some((one) => one === name || (one.endsWith('.*') && name.startsWith(one.slice(0, -1)))),
    );
    const error = await method('a', 'b', 'c').then(undefined, (thrown: unknown) => thrown);
    expect({ name, isNotFound: error instanceof Knock.NotFoundError }).toEqual({ name, isNotFound: true });
    expect((error as { error: unknown }).error).toMatchObject({
      code: 'not_offered',
      message: expect.stringContaining(`this API does not offer ${part?.what}`),
    });
  }
});
