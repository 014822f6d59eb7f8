import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type Knock from '@knocklabs/node';
import { type ServedApi, serveApi } from './api-over-http.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/*
 * Every parameter that the official client has for the covered calls, over HTTP. `Required` makes a version of the client with more
 * parameters fail to compile here.
 */

let api: WorkflowsApi;
let served: ServedApi;
let client: Knock;
beforeAll(async () => {
  api = await startWorkflowsApi();
  served = await serveApi(api);
  client = served.client;
});
afterAll(async () => {
  await served.stop();
  await api.stop();
});

// Tests follow one another in time.
beforeEach(() => {
  api.clock.nowMs += 1000;
});

/** The client's type lacks it, though its API has it. */
const beforeOf = (page: object) => (page as { before?: string }).before ?? '';

/** All named members of parameters, which may have any others. */
type All<Params> = Required<{
  [Name in keyof Params as string extends Name ? never : number extends Name ? never : Name]: Params[Name];
}>;

const workflowSetting = { channel_types: { email: false } };
const preferences = { default: { workflows: { 'log-it': workflowSetting }, categories: { news: true } } };
const channel_data = { '182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e': { tokens: ['push_token_1'] } };

const described: All<Knock.UserUpdateParams> = {
  name: 'Ellie Sattler',
  email: 'ellie@example.com',
  avatar: 'https://example.com/ellie.png',
  phone_number: '+15550123',
  timezone: 'America/Costa_Rica',
  locale: 'es-CR',
  created_at: '2026-01-02T03:04:05Z',
  preferences,
  channel_data,
};
const { preferences: _preferences, channel_data: _channelData, ...shownUser } = described;

describe('users', () => {
  test('update takes every field, and get shows them', async () => {
    const updated = await client.users.update('ellie', { ...described, species: 'human' });
    expect(updated).toMatchObject({ ...shownUser, __typename: 'User', id: 'ellie', species: 'human' });
    expect(await client.users.get('ellie')).toEqual(updated);
  });

  test('update takes null for every field', async () => {
    const nothing = Object.fromEntries(Object.keys(described).map((name) => [name, null]));
    await client.users.update('empty', described);
    expect(await client.users.update('empty', nothing)).toMatchObject({ name: null, email: null, timezone: null });
  });

  test('list takes a page and what to include', async () => {
    await client.users.update('alan', {});
    const first = await client.users.list({ page_size: 1 });
    const { after } = first.page_info;
    const asked: All<Knock.UserListParams> = { after: after ?? '', before: '', page_size: 2, include: ['preferences'] };
    const { before: _before, ...wanted } = asked;
    const { entries, page_info } = await client.users.list(wanted);
    expect(entries.map(({ id }) => id)).toEqual(['ellie', 'empty']);
    expect(entries[0]).toMatchObject({ preferences });
    const back = await client.users.list({ before: beforeOf(page_info), page_size: 1 });
    expect(back.entries.map(({ id }) => id)).toEqual(['alan']);
  });

  test('listSubscriptions takes objects, a page and what to include', async () => {
    for (const id of ['a', 'b', 'c']) await client.objects.addSubscriptions('parks', id, { recipients: ['ellie'] });
    const objects = ['a', 'b', 'c'].map((id) => ({ collection: 'parks', id }));
    const wanted: Omit<All<Knock.UserListSubscriptionsParams>, 'before' | 'after'> = {
      objects,
      page_size: 2,
      include: ['preferences'],
    };
    const page = await client.users.listSubscriptions('ellie', wanted);
    expect(page.entries.map(({ object }) => object.id)).toEqual(['a', 'b']);
    expect(page.entries[0]?.recipient).toMatchObject({ preferences });
    const rest = await client.users.listSubscriptions('ellie', { ...wanted, after: page.page_info.after ?? '' });
    expect(rest.entries.map(({ object }) => object.id)).toEqual(['c']);
  });

  test('merge takes the user that ends', async () => {
    await client.users.update('elly', { nickname: 'El' });
    const asked: All<Knock.UserMergeParams> = { from_user_id: 'elly' };
    expect(await client.users.merge('ellie', asked)).toMatchObject({ id: 'ellie', nickname: 'El' });
    expect(await client.users.delete('empty')).toBeNull();
  });
});

describe('objects', () => {
  test('set takes every field, and get shows them', async () => {
    const fields: All<Knock.ObjectSetParams> = {
      name: 'Isla Nublar',
      timezone: 'America/Costa_Rica',
      locale: 'es-CR',
      preferences,
      channel_data,
    };
    const set = await client.objects.set('islands', 'nublar', { ...fields, paddocks: 7 });
    const { name, timezone, locale } = fields;
    expect(set).toMatchObject({
      id: 'nublar',
      collection: 'islands',
      properties: { name, timezone, locale, paddocks: 7 },
    });
    expect(await client.objects.get('islands', 'nublar')).toEqual(set);
    const asked: Omit<All<Knock.ObjectListParams>, 'before' | 'after'> = { page_size: 1, include: ['preferences'] };
    const { entries } = await client.objects.list('islands', asked);
    expect(entries).toEqual([{ ...set, preferences }]);
  });

  test('subscriptions take recipients of each form, and every filter of their list', async () => {
    const added: All<Knock.ObjectAddSubscriptionsParams> = {
      recipients: ['ellie', { id: 'ian', name: 'Ian' }, { collection: 'teams', id: 'rangers', name: 'Rangers' }],
      properties: { role: 'visitor' },
    };
    expect(await client.objects.addSubscriptions('islands', 'nublar', added)).toHaveLength(3);
    const wanted: Omit<All<Knock.ObjectListSubscriptionsParams>, 'before' | 'after' | 'objects'> = {
      mode: 'object',
      recipients: ['ian', { collection: 'teams', id: 'rangers' }],
      page_size: 1,
      include: ['preferences'],
    };
    const found: unknown[] = [];
    for await (const { recipient, properties } of client.objects.listSubscriptions('islands', 'nublar', wanted))
      found.push([recipient.id, properties]);
    expect(found).toEqual([
      ['ian', { role: 'visitor' }],
      ['rangers', { role: 'visitor' }],
    ]);
    const objects = [{ collection: 'islands', id: 'nublar' }];
    const own = await client.objects.listSubscriptions('teams', 'rangers', { mode: 'recipient', objects });
    expect(own.entries.map(({ object }) => object.id)).toEqual(['nublar']);
    const ended: All<Knock.ObjectDeleteSubscriptionsParams> = {
      recipients: ['ian', { collection: 'teams', id: 'rangers' }],
    };
    expect(await client.objects.deleteSubscriptions('islands', 'nublar', ended)).toHaveLength(2);
    expect(await client.objects.delete('islands', 'nublar')).toBeNull();
  });
});

describe('tenants', () => {
  test('set and get take every field, and list its filters', async () => {
    const settings: All<Knock.TenantSetParams.Settings> = {
      branding: { icon_url: 'https://example.com/i.png', logo_url: null, primary_color: '#33FF5B' },
      preference_set: { workflows: { 'log-it': workflowSetting } },
    };
    const fields: All<Knock.TenantSetParams> = {
      resolve_full_preference_settings: true,
      name: 'InGen',
      channel_data,
      settings,
    };
    const set = await client.tenants.set('ingen', { ...fields, founded: 1982 });
    expect(set).toMatchObject({ id: 'ingen', name: 'InGen', settings, founded: 1982 });
    const full: All<Knock.TenantGetParams> = { resolve_full_preference_settings: true };
    expect(await client.tenants.get('ingen', full)).toEqual(set);
    const asked: Omit<All<Knock.TenantListParams>, 'before' | 'after'> = {
      name: 'InGen',
      tenant_id: 'ingen',
      page_size: 5,
    };
    expect((await client.tenants.list(asked)).entries).toEqual([set]);
    expect(await client.tenants.delete('ingen')).toBeNull();
  });
});

describe('workflows', () => {
  test('trigger takes every field, and recipients of each form', async () => {
    const asked: All<Knock.WorkflowTriggerParams> = {
      recipients: [
        'ellie',
        { ...described, id: 'tim', name: 'Tim', seat: 3 },
        { collection: 'teams', id: 'rangers' },
        { collection: 'teams', id: 'vets', name: 'Vets', timezone: 'Etc/UTC', locale: 'en', preferences, channel_data },
      ],
      actor: { id: 'john', name: 'John Hammond' },
      tenant: {
        id: 'ingen',
        name: 'InGen',
        settings: { branding: { primary_color: '#000000' } },
        channel_data,
        preferences,
      },
      data: { severity: 'critical', areas: ['paddock', 'visitor_center'], nested: { deep: [null, 1.5, true] } },
      cancellation_key: 'isla_nublar_incident_1993',
      settings: { sandbox_mode: true, skip_delay: true },
    };
    const { workflow_run_id } = await client.workflows.trigger('later', asked, { idempotencyKey: 'isla-nublar' });
    await api.deliver();
    const started = api.requests.filter(({ message }) => message.data.workflow_run_id === workflow_run_id);
    expect(started.map(({ message }) => (message.data.recipient as { id: string }).id)).toEqual([
      ...['ellie', 'tim', 'rangers', 'vets'],
    ]);
    for (const { message } of started) {
      expect(message.data).toMatchObject({
        workflow: 'later',
        actor: { id: 'john', name: 'John Hammond' },
        tenant: { id: 'ingen', name: 'InGen' },
        data: asked.data,
        settings: asked.settings,
        trigger_source: { type: 'api', cancellation_key: 'isla_nublar_incident_1993' },
      });
    }
    const { id: _id, ...tim } = (await client.users.get('tim')) as unknown as { id: string };
    expect(tim).toMatchObject({ ...shownUser, name: 'Tim', seat: 3 });
  });

  test('trigger takes an actor and a tenant by id, and cancel recipients of each form', async () => {
    await client.workflows.trigger('later', {
      recipients: ['ellie', { collection: 'teams', id: 'rangers' }],
      actor: 'john',
      tenant: 'ingen',
      cancellation_key: 'gate-7',
    });
    await api.deliver();
    api.clock.nowMs += 10;
    const asked: All<Knock.WorkflowCancelParams> = {
      cancellation_key: 'gate-7',
      recipients: ['ellie', { collection: 'teams', id: 'rangers' }],
    };
    expect(await client.workflows.cancel('later', asked)).toBeNull();
    await api.deliver();
    const { items } = await client.workflowRecipientRuns.list({ workflow: 'later', status: ['cancelled'] });
    expect(items.map(({ actor, tenant }) => [actor, tenant])).toEqual([
      ['john', 'ingen'],
      ['john', 'ingen'],
    ]);
  });
});

describe('workflowRecipientRuns', () => {
  test('list takes every filter together, and get the ids that it shows', async () => {
    const filters: Omit<All<Knock.WorkflowRecipientRunListParams>, 'before' | 'after'> = {
      workflow: 'later',
      status: ['queued', 'processing', 'paused', 'completed', 'cancelled'],
      tenant: 'ingen',
      has_errors: false,
      recipient: { collection: 'teams', id: 'rangers' },
      starting_at: new Date(api.clock.nowMs - 3_600_000).toISOString(),
      ending_at: new Date(api.clock.nowMs + 3_600_000).toISOString(),
      page_size: 1,
    };
    const runs: Knock.WorkflowRecipientRun[] = [];
    for await (const run of client.workflowRecipientRuns.list(filters)) runs.push(run);
    expect(runs.map(({ status }) => status)).toEqual(['cancelled', 'completed']);
    for (const run of runs) expect(await client.workflowRecipientRuns.get(run.id)).toMatchObject({ ...run });
    const { page_info } = await client.workflowRecipientRuns.list(filters);
    const next = await client.workflowRecipientRuns.list({ ...filters, after: page_info.after ?? '' });
    const back = await client.workflowRecipientRuns.list({ ...filters, before: beforeOf(next.page_info) });
    expect(back.items).toEqual(runs.slice(0, 1));
    const { recipient: _recipient, ...ofAll } = filters;
    expect((await client.workflowRecipientRuns.list({ ...ofAll, recipient: 'ellie' })).items).toHaveLength(1);
  });
});
