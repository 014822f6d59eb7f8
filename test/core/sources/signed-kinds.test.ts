import { describe, expect, test } from '@jest/globals';
import { usersIdentify } from '../../../shared/core/actions/users-identify.ts';
import { Snapshot, SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';
import { packEventText } from '../../../shared/core/events/raw-event.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import type { Sample, SampleMaker } from '../../../shared/core/sources/guide.ts';
import { fullName } from '../../../shared/core/sources/parts/full-name.ts';
import { sourceGuide } from '../../../shared/operations/sources/source-guides.ts';
import { rawEvent } from '../../support/build.ts';
import { makeActionContext } from '../../support/fakes-workflow-trigger.ts';

/* What the default mappings of senders that sign make of their events. */

const kinds = ['stripe', 'clerk', 'workos', 'shopify'];
const nowMs = Date.parse('2026-05-04T08:15:30.310Z');
const make: SampleMaker = { uuid: () => '7c1d6a3e-0f52-4b8e-9d11-5a2c3e4f5a6b', int: (min) => min, nowMs };
const user = { id: 'user_1', name: 'Ada Example', email: 'ada@example.com' };

async function guideOf(kind: string) {
  const guided = await sourceGuide(kind);
  if (guided === undefined) throw new Error(`there is no kind ${kind}`);
  return guided;
}

/** What a source with all default mappings plans for an event, optional ones included. */
async function plan(kind: string, body: Sample['body'], headers: Record<string, string> = {}) {
  const { guide } = await guideOf(kind);
  const mappings = guide.defaultMappings.map(({ mapping }) => mapping);
  const planned = await planEvent(
    rawEvent(body, {
      source: 's',
      payload: packEventText({ headers, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
    {
      version: 1,
      snapshot: Snapshot.parse({
        sources: { s: SourceFile.parse({ kind, name: 'S', mappings }) },
        workflows: {},
      }),
      state: { sources: { s: SourceState.parse({}) }, inactive_workflows: [] },
    },
  );
  const invocations = planned.plan.kind === 'run' ? planned.plan.invocations : [];
  return { planned, payloads: invocations.map(({ action, payload }) => [action, payload] as const) };
}

const planSample = (kind: string, { body, headers }: Sample) => plan(kind, body, headers);

async function sampleOf(kind: string, eventType: string): Promise<Sample> {
  const sample = (await guideOf(kind)).guide.samples.ofType(eventType, user, make);
  if (sample === undefined) throw new Error(`there is no sample of ${eventType}`);
  return sample;
}

describe.each(kinds)('%s', (kind) => {
  test('has a sample of every type that a default mapping or the mix names, read as what it says it is', async () => {
    const { guide } = await guideOf(kind);
    const types = [
      ...guide.defaultMappings.map(({ mapping }) => mapping.event),
      ...guide.samples.mix.map((m) => m.eventType),
    ];
    for (const eventType of new Set(types)) {
      const sample = await sampleOf(kind, eventType);
      const { planned } = await planSample(kind, sample);
      expect(planned).toMatchObject({ event: { eventType: sample.eventType }, key: sample.messageId });
      expect(planned.event?.occurredAtMs).toBe(kind === 'stripe' ? Math.floor(nowMs / 1000) * 1000 : nowMs);
    }
    expect(guide.samples.ofType('nothing/of-the-kind', user, make)).toBeUndefined();
  });

  test('introduces the user that what follows is for', async () => {
    const { guide } = await guideOf(kind);
    const sample = guide.samples.identify?.(user, make);
    if (sample === undefined) throw new Error('the kind describes users');
    const { payloads } = await planSample(kind, sample);
    const [, identify] = payloads.find(([action]) => action === 'users_identify') ?? [];
    expect(identify).toMatchObject({ name: 'Ada Example', email: 'ada@example.com' });
    expect(String(identify?.id)).toBe(sample.userId);
    for (const { mapping } of guide.defaultMappings) {
      if (mapping.action !== 'workflows_trigger') continue;
      const [action, trigger] = (await planSample(kind, await sampleOf(kind, mapping.event))).payloads.at(-1) ?? [];
      expect(action).toBe('workflows_trigger');
      expect(String(trigger?.recipients)).toBe(sample.userId);
    }
  });
});

async function identified(kind: string, event: Sample['body'], headers: Record<string, string>, known: JsonObject) {
  const made = makeActionContext();
  await usersIdentify.run(known, made.context);
  const { payloads } = await plan(kind, event, headers);
  const [, payload] = payloads.find(([action]) => action === 'users_identify') ?? [];
  if (payload === undefined) throw new Error('nobody was identified');
  expect(await usersIdentify.run(payload, made.context)).toMatchObject({ status: 'succeeded' });
  return made.directory.entities.get(String(known.id))?.attributes;
}

describe('what a vendor does not know overwrites nothing', () => {
  const known = { name: 'Lena Ruiz', email: 'lena@orchard.example', phone_number: '+34910000001' };

  test('of a customer of Stripe', async () => {
    const customer = {
      id: 'cus_1',
      object: 'customer',
      name: null,
      email: null,
      phone: null,
      metadata: { plan: 'pro' },
    };
    const event = { id: 'evt_1', object: 'event', type: 'customer.created', data: { object: customer } };
    expect(await identified('stripe', event, {}, { id: 'cus_1', ...known })).toEqual({ ...known, plan: 'pro' });
  });

  test('of a user of Clerk', async () => {
    const data = {
      id: 'user_1',
      first_name: null,
      last_name: '',
      email_addresses: [],
      primary_email_address_id: null,
      phone_numbers: [],
      primary_phone_number_id: null,
      image_url: null,
      public_metadata: {},
      private_metadata: { score: 7 },
    };
    const event = { type: 'user.updated', data };
    expect(await identified('clerk', event, { 'svix-id': 'msg_1' }, { id: 'user_1', ...known })).toEqual(known);
  });

  test('of a user of a directory', async () => {
    const data = { id: 'directory_user_1', first_name: null, emails: [{ primary: false, value: 'x@y.example' }] };
    const event = { id: 'event_1', event: 'dsync.user.updated', data };
    expect(await identified('workos', event, {}, { id: 'directory_user_1', ...known })).toEqual(known);
  });

  test('of a customer of a shop, whose id has more digits than a number holds', async () => {
    const event = '{"id":115310627314723954,"first_name":null,"last_name":null,"email":null,"phone":null}';
    const headers = { 'x-shopify-topic': 'customers/update' };
    expect(await identified('shopify', event, headers, { id: '115310627314723954', ...known })).toEqual(known);
  });

  test('of a customer of a shop that holds an address of ""', async () => {
    const headers = { 'x-shopify-topic': 'customers/update' };
    expect(await identified('shopify', { id: 1, email: '', phone: '' }, headers, { id: '1', ...known })).toEqual(known);
  });
});

describe('shopify', () => {
  const customer = { id: 7001, email: 'ana@example.org', first_name: 'Ana', updated_at: '2026-05-04T08:00:00Z' };

  test('reads the newer headers, without x-, as the older ones', async () => {
    const names = ['topic', 'webhook-id', 'triggered-at', 'shop-domain'] as const;
    const values = ['customers/delete', 'w-1', '2026-05-04T08:00:00Z', 'a.myshopify.com'];
    const read = async (start: string) => {
      const headers = Object.fromEntries(names.map((name, i) => [`${start}shopify-${name}`, values[i] as string]));
      const { planned } = await plan('shopify', { id: 7001 }, headers);
      return [planned.event?.eventType, planned.event?.userId, planned.key, planned.event?.occurredAtMs];
    };
    expect(await read('')).toEqual(['customers/delete', '7001', 'w-1', Date.parse('2026-05-04T08:00:00Z')]);
    expect(await read('x-')).toEqual(await read(''));
    const { kind } = await guideOf('shopify');
    const body = Buffer.from('{}');
    const signed = kind.verifier.sign({ rawBody: body, secret: 'shpss_1', nowMs: 0, id: '' });
    const headers = { 'shopify-hmac-sha256': signed['x-shopify-hmac-sha256'] ?? '' };
    expect(kind.verifier.isSigned(headers)).toBe(true);
    expect(kind.verifier.verify({ rawBody: body, headers, secrets: ['shpss_1'], nowMs: 0 })).toBe('verified');
    expect(kind.verifier.verify({ rawBody: Buffer.from('[]'), headers, secrets: ['shpss_1'], nowMs: 0 })).toBe(
      'failed',
    );
  });

  // The signature covers the body alone: whoever has seen a request can send it again under another topic.
  test.each([
    ['customers/delete', customer],
    ['customers/delete', { id: 1, first_name: 'Ana' }],
    ['orders/delete', { id: 1, total_price: '1.00' }],
    ['customers/redact', customer],
    ['shop/redact', customer],
    ['orders/cancelled', { id: 1, cancelled_at: null, customer }],
  ])('%s over a body that is none is rejected, and runs nothing', async (topic, body) => {
    const { planned } = await plan('shopify', body, { 'x-shopify-topic': topic });
    expect(planned.plan).toMatchObject({
      kind: 'rejected',
      reason: 'payload_invalid',
      detail: expect.stringContaining(topic),
    });
  });

  test.each([
    ['customers/delete', { id: 1, phone: null, addresses: [], tax_exemptions: [], email_marketing_consent: null }],
    ['customers/redact', { shop_id: 1, shop_domain: 'a', customer: { id: 1, email: 'a@b' }, orders_to_redact: [] }],
    ['orders/cancelled', { id: 1, cancelled_at: '2026-05-04T08:00:00Z', customer }],
    ['companies/delete', { id: 1, name: 'Example Ltd', updated_at: '2026-05-04T08:00:00Z' }],
  ])('%s over its own body is taken', async (topic, body) => {
    expect((await plan('shopify', body, { 'x-shopify-topic': topic })).planned.event?.eventType).toBe(topic);
  });

  test('two topics that differ are rejected', async () => {
    const headers = { 'x-shopify-topic': 'customers/update', 'shopify-topic': 'customers/delete' };
    expect((await plan('shopify', customer, headers)).planned.plan).toMatchObject({ reason: 'payload_invalid' });
  });

  test('happened when the signed body says: an old one that is sent again under a new time overwrites nothing', async () => {
    const headers = { 'x-shopify-topic': 'customers/update', 'x-shopify-triggered-at': '2026-05-05T08:00:00Z' };
    const { planned } = await plan('shopify', customer, headers);
    expect(planned.event?.occurredAtMs).toBe(Date.parse(customer.updated_at));
  });
});

test.each([
  ['subscription.created', { payer: { user_id: 'user_1', email: 'a@b.example' } }, 'user_1'],
  ['paymentAttempt.updated', { payer: { organization_id: 'org_1', user_id: null } }, undefined],
  ['organizationMembership.created', { public_user_data: { user_id: 'user_2' } }, 'user_2'],
  ['session.created', { user_id: 'user_3' }, 'user_3'],
  ['session.created', { user_id: '', payer: 'none' }, undefined],
])('clerk: %s of %j is done by %s', async (type, data, userId) => {
  expect((await plan('clerk', { type, data })).planned.event?.userId).toBe(userId);
});

describe('who has no customer', () => {
  test('gets no workflow from an invoice, and no other user does', async () => {
    const invoice = { id: 'in_1', object: 'invoice', customer: null };
    const { payloads } = await plan('stripe', { id: 'evt_1', type: 'invoice.paid', data: { object: invoice } });
    expect(payloads).toEqual([['workflows_trigger', expect.objectContaining({ recipients: null })]]);
  });

  test('nor from an order, even where staff entered it', async () => {
    const order = { id: 1, user_id: 548380009, email: 'guest@example.com', customer: null };
    const { payloads, planned } = await plan('shopify', order, { 'x-shopify-topic': 'orders/create' });
    expect(planned.event?.userId).toBeUndefined();
    expect(payloads.map(([action]) => action)).toEqual(['users_identify', 'workflows_trigger']);
    for (const [, payload] of payloads) expect(payload).not.toHaveProperty('id');
    expect(payloads.at(-1)?.[1]).not.toHaveProperty('recipients');
  });

  test('a thin event of Stripe has no object to read, and is an event all the same', async () => {
    const thin = { id: 'evt_1', object: 'v2.core.event', type: 'invoice.paid', related_object: { id: 'in_1' } };
    const { planned, payloads } = await plan('stripe', thin);
    expect(planned).toMatchObject({ event: { eventType: 'invoice.paid', data: {} }, key: 'evt_1' });
    expect(payloads.at(-1)?.[1]).not.toHaveProperty('recipients');
  });
});

test.each([
  ['stripe', 'text in the field "type"'],
  ['clerk', 'text in the field "type"'],
  ['workos', 'text in the field "event"'],
  ['shopify', 'the header x-shopify-topic'],
])('an event of %s without a type is told to bring %s', async (kind, wanted) => {
  for (const headers of [{}, { 'x-shopify-topic': '' }] as Record<string, string>[]) {
    expect((await plan(kind, { id: 'x', type: '', event: null }, headers)).planned.plan).toMatchObject({
      kind: 'rejected',
      reason: 'event_type_missing',
      detail: expect.stringContaining(wanted),
    });
  }
});

test('an order identifies its buyer before the workflow starts', async () => {
  const { payloads } = await planSample('shopify', await sampleOf('shopify', 'orders/create'));
  expect(payloads.map(([action]) => action)).toEqual(['users_identify', 'workflows_trigger']);
});

test('of a user of Clerk private metadata reach no action', async () => {
  const { payloads } = await planSample('clerk', await sampleOf('clerk', 'user.created'));
  expect(JSON.stringify(payloads)).not.toContain('private');
  const { guide } = await guideOf('clerk');
  expect(JSON.stringify(guide.defaultMappings)).not.toMatch(/"[^"]*(private|unsafe)_metadata/);
});

// Where the fields of one event may be anything, the event is worth more than the field.
test.each([
  ['stripe', { type: 'a', created: [], data: { object: [] } }],
  ['stripe', { type: 'a', data: 'none' }],
  [
    'clerk',
    { type: 'user.created', timestamp: {}, data: { id: [], email_addresses: {}, primary_email_address_id: 5 } },
  ],
  ['clerk', { type: 'a', data: [null] }],
  ['clerk', { type: 'a', data: { email_addresses: [null, 5, { id: 'x' }], primary_email_address_id: 'x' } }],
  ['workos', { event: 'dsync.user.created', created_at: 5n.toString(), data: { emails: [null, 1], email: {} } }],
  ['workos', { event: 'a', data: null }],
  ['shopify', { customer: [], updated_at: {}, created_at: false }],
] as [string, JsonObject][])('%s reads %j', async (kind, body) => {
  const { planned } = await plan(kind, body, { 'x-shopify-topic': 'orders/create' });
  expect(planned.event).toBeDefined();
  expect(planned.event?.preprocess).toEqual({});
});

test.each([
  ['Ada', 'Lovelace', 'Ada Lovelace'],
  [' Ada ', ' Lovelace', 'Ada Lovelace'],
  ['Ada', null, 'Ada'],
  ['', 'Lovelace', 'Lovelace'],
  ['  ', '', undefined],
  [undefined, undefined, undefined],
  [5, ['x'], undefined],
])('the name of %j and %j is %j', (first, last, name) => {
  expect(fullName(first, last)).toBe(name);
});
