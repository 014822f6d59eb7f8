import { describe, expect, test } from '@jest/globals';
import jsonata from 'jsonata';
import { parse } from 'yaml';
import { expressionProblem } from '../../../shared/adapters/jsonata-expression.ts';
import { makePreprocessor } from '../../../shared/adapters/jsonata-preprocessor.ts';
import { SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';
import { packEventText } from '../../../shared/core/events/raw-event.ts';
import { validKey } from '../../../shared/core/ids/claim-key.ts';
import { planEvent, readAndPlan } from '../../../shared/core/plan/plan-event.ts';
import * as census from '../../../shared/core/sources/census.guide.ts';
import * as clay from '../../../shared/core/sources/clay.guide.ts';
import type { SourceGuide } from '../../../shared/core/sources/guide.ts';
import * as hightouch from '../../../shared/core/sources/hightouch.guide.ts';
import * as http from '../../../shared/core/sources/http.guide.ts';
import { normalizeEvent } from '../../../shared/core/sources/normalize.ts';
import { composedKey } from '../../../shared/core/sources/parts/composed-key.ts';
import * as polytomic from '../../../shared/core/sources/polytomic.guide.ts';
import * as posthog from '../../../shared/core/sources/posthog.guide.ts';
import * as supabase from '../../../shared/core/sources/supabase.guide.ts';
import { liveConfiguration, rawEvent } from '../../support/build.ts';
import fc from '../../support/fast-check.ts';

/* Senders that bring a token or nothing: what their definitions decide. */

const receivedAtMs = Date.parse('2026-05-04T12:00:00Z');
const ids = ['posthog', 'supabase', 'amplitude', 'clay', 'polytomic', 'hightouch', 'census', 'http', 'http-legacy'];

function read(kind: string, body: unknown, file: Record<string, unknown> = {}) {
  const raw = rawEvent(body, { receivedAtMs });
  return normalizeEvent(raw, SourceFile.parse({ kind, name: kind, ...file }), SourceState.parse({}));
}

function eventOf(kind: string, body: unknown, file: Record<string, unknown> = {}) {
  const normalized = read(kind, body, file);
  if (normalized.kind === 'rejected') throw new Error(`${normalized.reason}: ${normalized.detail}`);
  return normalized.event;
}

/** What the default mappings of a kind hand to the actions of an event. */
function payloadsOf(kind: string, guide: SourceGuide, body: unknown) {
  const mappings = guide.defaultMappings.map(({ mapping }) => mapping);
  const { plan } = planEvent(rawEvent(body), liveConfiguration({ file: { kind, mappings } }));
  return plan.kind === 'run' ? plan.invocations.map(({ payload }) => payload) : [];
}

const guides: Record<string, SourceGuide> = {
  hightouch: hightouch.guide,
  census: census.guide,
  polytomic: polytomic.guide,
};

/** A row as each reverse ETL posts it. */
function rowBody(kind: string, row: object) {
  if (kind === 'polytomic') return { event: 'sync.records', object: { id: 'sync-1' }, hash: 'h', fields: row };
  return kind === 'hightouch' ? { type: 'row.added', ...row } : row;
}

describe.each(ids)('%s', (kind) => {
  test('reads any event to an end: normalized, or rejected with a reason', () => {
    const names = [
      'type',
      'event',
      'table',
      'schema',
      'record',
      'old_record',
      'user_id',
      'userId',
      'data',
      'row',
      'rows',
    ];
    const more = [
      'properties',
      'users',
      'cohort_id',
      'event_type',
      'uuid',
      'object',
      'hash',
      'fields',
      'sync_id',
      'jsonrpc',
      '__proto__',
    ];
    const field = fc.constantFrom(...names, ...more);
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('track', 'identify', 'INSERT', 'row.added', 'sync.records', '', null, 1e20),
      fc.dictionary(field, fc.jsonValue(), { maxKeys: 3 }),
      fc.array(fc.dictionary(field, fc.jsonValue(), { maxKeys: 2 }), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.dictionary(field, value, { maxKeys: 8 }), (body) => {
        const normalized = read(kind, JSON.stringify(body));
        if (normalized.kind === 'rejected') {
          expect(['payload_invalid', 'event_type_missing']).toContain(normalized.reason);
        } else {
          const { event } = normalized;
          expect(event.eventType).not.toBe('');
          expect(event.occurredAtMs).toBeLessThanOrEqual(receivedAtMs);
          expect(JSON.parse(JSON.stringify(event.preprocess))).toEqual(event.preprocess);
          const composed = event.preprocess.idempotency_key;
          // Amplitude hands on what it was given; whoever uses a key checks it.
          if (composed !== undefined && kind !== 'amplitude') expect(validKey(composed)).toBe(composed);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a composed key', () => {
  test.each([
    ['text and numbers', ['a', 5], 'a:5'],
    ['zero', [0, 'b'], '0:b'],
    ['one that is missing', ['a', undefined], undefined],
    ['null', [null, 'b'], undefined],
    ['the empty text', ['', 'b'], undefined],
    ['a map', [{}, 'b'], undefined],
    ['a list', [['a'], 'b'], undefined],
    ['true', [true, 'b'], undefined],
    ['255 characters', ['a'.repeat(253), 'b'], `${'a'.repeat(253)}:b`],
    ['256 characters', ['a'.repeat(254), 'b'], undefined],
  ])('of %s', (_, values, key) => {
    expect(composedKey(...(values as string[]))).toBe(key);
  });
});

describe('posthog', () => {
  test('identifies by what was set, and names by the attributes first', () => {
    const body = (properties: object) => ({ event: '$set', userId: 'u', properties });
    expect(
      payloadsOf('posthog', posthog.guide, body({ email: 'a@x', $set: { email: 'b@x', name: 'N', phone: '+1' } })),
    ).toEqual([
      { id: 'u', email: 'a@x', name: 'N', phone_number: '+1', properties: { email: 'b@x', name: 'N', phone: '+1' } },
    ]);
    // Without a person there is nothing but the id; what the event tells of the device is not a property of anybody.
    expect(payloadsOf('posthog', posthog.guide, body({ $browser: 'Firefox', email: '' }))).toEqual([{ id: 'u' }]);
  });

  test('has the name of the event as its type, even where it looks like a track', () => {
    expect(eventOf('posthog', { type: 'track', event: 'track', userId: 'u' }).eventType).toBe('track');
    expect(read('posthog', { type: 'track', event: { event: [] } })).toMatchObject({ reason: 'payload_invalid' });
    expect(read('posthog', { type: 'track', event: {} })).toMatchObject({ reason: 'event_type_missing' });
  });
});

describe('supabase', () => {
  const change = (body: object) => ({ type: 'UPDATE', table: 'users', schema: 'auth', record: { id: 'r' }, ...body });

  test('reads the row that there is: the new one, or the old one of a delete', () => {
    const deleted = eventOf('supabase', change({ type: 'DELETE', record: null, old_record: { id: 'o' } }));
    expect([deleted.eventType, deleted.userId, deleted.data]).toEqual(['auth.users:DELETE', 'o', { id: 'o' }]);
    expect(deleted.preprocess).toEqual({ record: { id: 'o' } });
    expect(eventOf('supabase', change({ old_record: { id: 'o' } })).data).toEqual({ id: 'r' });
    expect(eventOf('supabase', change({ record: [], old_record: null })).data).toEqual({});
  });

  test('takes the time of a row only where it is kept: users, and not those that were deleted', () => {
    const updated_at = '2026-05-04T09:20:00.1+00:00';
    const at = (body: object) => eventOf('supabase', change({ record: { id: 'r', updated_at }, ...body })).occurredAtMs;
    expect(at({})).toBe(Date.parse('2026-05-04T09:20:00.100Z'));
    expect(at({ table: 'orders' })).toBe(receivedAtMs);
    expect(at({ type: 'DELETE', record: null, old_record: { id: 'r', updated_at } })).toBe(receivedAtMs);
  });

  // No part of a change is its own: rows come back, change back, share an id in a composite key and a transaction's time.
  test('has no key, for any change of any table, unless the file names one', () => {
    const row = { id: 7, updated_at: 't' };
    for (const table of ['users', 'orders'])
      for (const body of [
        { type: 'INSERT', record: row },
        { record: row, old_record: { id: 7, updated_at: 's' } },
        { type: 'DELETE', record: null, old_record: row },
      ])
        expect(eventOf('supabase', change({ table, ...body }))).not.toHaveProperty('keyCandidate');
    const file = { idempotency_key_path: 'body.record.version_id' };
    expect(eventOf('supabase', change({ record: { version_id: 'v-1' } }), file).keyCandidate).toBe('v-1');
  });

  test('a phone and an address of "" overwrite nothing', () => {
    const record = {
      id: 'r',
      email: '',
      phone: '',
      raw_user_meta_data: { full_name: '', plan: 'pro', avatar_url: '' },
    };
    expect(payloadsOf('supabase', supabase.guide, change({ record }))).toEqual([
      { id: 'r', properties: { full_name: '', plan: 'pro', avatar_url: '' } },
    ]);
  });

  test('needs a table and a type, and takes public for a schema that is missing', () => {
    expect(eventOf('supabase', change({ schema: '' })).eventType).toBe('public.users:UPDATE');
    expect(read('supabase', change({ table: null }))).toMatchObject({ reason: 'event_type_missing' });
    expect(read('supabase', change({ type: undefined }))).toMatchObject({ reason: 'event_type_missing' });
    expect(read('supabase', change({ schema: {} }))).toMatchObject({
      reason: 'payload_invalid',
      detail: expect.stringContaining('"schema"'),
    });
  });
});

describe('clay', () => {
  test('a column without a value counts as not there: it is no user, no field and no property', () => {
    const row = { event: 'lead.enriched', email: 'a@x.example', full_name: '', avatar_url: '', title: null, size: 0 };
    const expected = { id: 'a@x.example', email: 'a@x.example', properties: { email: 'a@x.example', size: 0 } };
    expect(payloadsOf('clay', clay.guide, row)).toEqual([expected]);
    const { event, ...columns } = row;
    expect(payloadsOf('clay', clay.guide, { event, data: columns })).toEqual([expected]);
    expect(payloadsOf('clay', clay.guide, { event, email: 'a@x.example', data: { ...columns, email: '' } })).toEqual([
      expected,
    ]);
    expect(eventOf('clay', { ...row, email: '' })).not.toHaveProperty('userId');
  });

  test('needs an event, and has no key unless one is named', () => {
    expect(read('clay', { event: '', email: 'a@x' })).toMatchObject({ reason: 'event_type_missing' });
    const body = { event: 'a', id: 'row-1' };
    expect(eventOf('clay', body)).not.toHaveProperty('keyCandidate');
    expect(eventOf('clay', body, { idempotency_key_path: 'body.id' }).keyCandidate).toBe('row-1');
  });
});

describe('rows of a warehouse', () => {
  test('have their own types, and census one for those that say nothing', () => {
    expect(read('hightouch', { id: 1 })).toMatchObject({ reason: 'event_type_missing' });
    expect(eventOf('census', { id: 1 }).eventType).toBe('record.upsert');
    expect(eventOf('census', { id: 1, type: '' }).eventType).toBe('record.upsert');
    expect(eventOf('census', { id: 1, event: 'sync.completed' }).eventType).toBe('record.upsert');
    expect(eventOf('census', { sync_id: 1, event: 'opened' }).eventType).toBe('record.upsert');
    expect(eventOf('census', { sync_id: 1, event: 'sync.failed', id: 'u' })).not.toHaveProperty('userId');
  });

  test.each(['hightouch', 'census', 'polytomic'])('of %s: no column that holds something vanishes', (kind) => {
    const columns = {
      ...{ user_id: 'u', id: 5, userId: 'u', name: 'N', email: 'e', phone: '+34910000001', locale: 'l' },
      ...{ created_at: '2026-05-04 08:15:30', createdAt: 'spring', updated_at: 't', plan: 'pro', zero: 0, no: false },
    };
    const empty = { title: '', city: null, timezone: '', avatar: null };
    const [payload] = payloadsOf(kind, guides[kind] as SourceGuide, rowBody(kind, { ...columns, ...empty }));
    expect(payload).toEqual({
      ...{ id: 'u', name: 'N', email: 'e', phone_number: '+34910000001', locale: 'l' },
      created_at: '2026-05-04T08:15:30.000Z',
      properties: { id: 5, createdAt: 'spring', updated_at: 't', plan: 'pro', zero: 0, no: false },
    });
  });

  test.each(['hightouch', 'census', 'polytomic'])(
    'of %s: null and "" change nothing, in fields, properties and data',
    (kind) => {
      const empty = { name: '', email: null, phone: '', phone_number: null, created_at: '', plan: '', seats: null };
      expect(payloadsOf(kind, guides[kind] as SourceGuide, rowBody(kind, { user_id: 'u', ...empty }))).toEqual([
        { id: 'u', properties: {} },
      ]);
      expect(eventOf(kind, rowBody(kind, { user_id: 'u', ...empty })).data).toEqual({ user_id: 'u' });
    },
  );

  test.each([
    ['hightouch', ['row', 'data']],
    ['census', ['record', 'data']],
  ] as const)('of %s: a column that holds a map is a column, whatever its name', (kind, names) => {
    const guide = guides[kind] as SourceGuide;
    for (const name of names) {
      for (const id of ['user_id', 'userId', 'id']) {
        const row = { [id]: 'u1', email: 'lena@orchard.example', plan: 'team', [name]: { score: 1, id: 'other' } };
        const body = rowBody(kind, row);
        expect(eventOf(kind, body)).toMatchObject({ userId: 'u1', data: row });
        expect(payloadsOf(kind, guide, body)).toMatchObject([
          { id: 'u1', email: 'lena@orchard.example', properties: { plan: 'team', [name]: { score: 1, id: 'other' } } },
        ]);
      }
    }
  });

  test('a row that a template nests is one, with the user in it or beside it', () => {
    const columns = { email: 'lena@orchard.example', plan: 'team' };
    const nested = (body: object) => eventOf('hightouch', { type: 'row.added', ...body });
    expect(nested({ row: { user_id: 'u1', ...columns } })).toMatchObject({
      userId: 'u1',
      data: { email: columns.email },
    });
    expect(nested({ id: 'evt_1', sent_at: 1, row: { user_id: 'u1', ...columns } }).userId).toBe('u1');
    expect(nested({ user_id: 'x', sync: 's', row: { user_id: 'u1', ...columns } }).data).toEqual({
      user_id: 'u1',
      ...columns,
    });
    expect(nested({ user_id: 'u1', row: columns })).toMatchObject({
      userId: 'u1',
      data: { user_id: 'u1', ...columns },
    });
    expect(nested({ user_id: 'u1', sync: 's', row: columns }).data).toEqual({ user_id: 'u1', sync: 's', ...columns });
    // The id of a change makes no user.
    expect(nested({ id: 'evt_1', sent_at: 1, row: columns }).userId).toBeUndefined();
  });

  test('of clay: a column `data` that holds a map is a column, where the row has an address', () => {
    const row = { email: 'lena@orchard.example', full_name: 'Lena Ortiz', data: { score: 1 } };
    expect(eventOf('clay', { event: 'lead.enriched', ...row })).toMatchObject({ userId: row.email, data: row });
    expect(eventOf('clay', { event: 'lead.enriched', data: row })).toMatchObject({ userId: row.email, data: row });
  });

  test('of polytomic: two states of a record are two changes, even with one hash in one second', () => {
    const headers = { 'polytomic-signature-timestamp': '2026-05-04T12:00:00Z' };
    const keyOf = (body: object) => {
      const normalized = normalizeEvent(
        rawEvent(undefined, { payload: packEventText({ headers, body: JSON.stringify(body) }) }),
        SourceFile.parse({ kind: 'polytomic', name: 'P' }),
        SourceState.parse({}),
      );
      return normalized.kind === 'normalized' && normalized.event.keyCandidate;
    };
    const record = rowBody('polytomic', { user_id: 'u', plan: 'free' });
    expect(keyOf(record)).toBe(keyOf(rowBody('polytomic', { plan: 'free', user_id: 'u' })));
    expect(keyOf(record)).not.toBe(keyOf(rowBody('polytomic', { user_id: 'u', plan: 'team' })));
    expect(keyOf(record)).not.toBe(keyOf({ ...record, event: 'sync.deleted' }));
  });

  test('phone_number is the number where there are two, and phone stays a column', () => {
    const row = rowBody('census', { user_id: 'u', phone: '+2', phone_number: '+1' });
    expect(payloadsOf('census', census.guide, row)).toEqual([
      { id: 'u', phone_number: '+1', properties: { phone: '+2' } },
    ]);
  });

  test('of polytomic: a record that changed back is not a copy of its earlier state, and a request that comes twice is', () => {
    const record = rowBody('polytomic', { user_id: 'u' });
    const keyAt = (headers: Record<string, string>) => {
      const raw = rawEvent(undefined, { payload: packEventText({ headers, body: JSON.stringify(record) }) });
      const normalized = normalizeEvent(raw, SourceFile.parse({ kind: 'polytomic', name: 'P' }), SourceState.parse({}));
      return normalized.kind === 'normalized' ? normalized.event.keyCandidate : undefined;
    };
    const at = (time: string) => keyAt({ 'polytomic-signature-timestamp': time });
    expect(at('2026-05-04T10:00:00Z')).toMatch(/^sync-1:h:2026-05-04T10:00:00Z:[0-9a-f]{32}$/);
    expect(at('2026-05-04T10:00:00Z')).not.toBe(at('2026-05-04T11:00:00Z'));
    expect(keyAt({})).toBeUndefined();
  });

  test('of hightouch: a column called messageId is not a key', () => {
    expect(eventOf('hightouch', { type: 'row.changed', id: 1, messageId: 'm' })).not.toHaveProperty('keyCandidate');
  });

  test('keep fields of a user and its id out of its properties', () => {
    const columns = {
      name: 'N',
      email: 'e',
      phone: 'p',
      locale: 'l',
      id: 1,
      user_id: 'u',
      userId: 'v',
      plan: 'x',
      n: null,
    };
    for (const kind of ['hightouch', 'census']) {
      expect(eventOf(kind, { type: 'row.added', ...columns }).preprocess).toEqual({
        custom_columns: { userId: 'v', id: 1, plan: 'x' },
      });
    }
  });

  test('hightouch reads events of its other product as such, and rows that look a little like them as rows', () => {
    const event = { type: 'Identify', userId: 'u', traits: { name: 'N', plan: 'p' }, messageId: 'm' };
    expect(eventOf('hightouch', event)).toMatchObject({
      eventType: 'identify',
      userId: 'u',
      keyCandidate: 'm',
      data: { name: 'N', plan: 'p' },
      preprocess: { custom_traits: { plan: 'p' }, idempotency_key: 'm' },
    });
    const row = { type: 'row.changed', event: 'x', traits: 'y', id: 'r' };
    expect(eventOf('hightouch', row)).toMatchObject({ eventType: 'row.changed', userId: 'r', data: { traits: 'y' } });
  });
});

describe('http', () => {
  test('reads the usual places, and any other that its file names', () => {
    const body = { type: 'a', user_id: '', userId: 7, timestamp: 'soon', occurred_at: 1777882600, data: { x: 1 } };
    expect(eventOf('http', body)).toMatchObject({
      eventType: 'a',
      userId: '7',
      occurredAtMs: 1777882600_000,
      data: { x: 1 },
    });
    const file = { event_type_path: 'headers.content-type', user_id_path: 'data.x', timestamp_path: 'body.absent' };
    expect(eventOf('http', body, file)).toMatchObject({
      eventType: 'application/json',
      userId: '1',
      occurredAtMs: receivedAtMs,
    });
    expect(eventOf('http', body)).not.toHaveProperty('keyCandidate');
    expect(eventOf('http', { type: 'a', data: [1] }).data).toEqual({});
  });

  test('the example in its guide is a file that is valid, and does what it says', async () => {
    const [, text] = /```yaml\n([\s\S]*?)```/.exec(http.guide.setup.join('\n')) ?? [];
    const file = SourceFile.parse(parse(text ?? ''));
    expect(expressionProblem(jsonata, file.preprocess?.jsonata ?? '')).toBeUndefined();
    const payload = packEventText({
      headers: { 'x-github-event': 'pull_request', 'x-github-delivery': 'd-1' },
      body: JSON.stringify({
        action: 'review_requested',
        actor: { login: 'ana' },
        pull_request: { number: 7, requested_reviewers: [{ login: 'ben' }] },
      }),
    });
    const configuration = liveConfiguration({ file });
    const planned = await readAndPlan(
      rawEvent(undefined, { payload }),
      configuration,
      makePreprocessor(() => 0),
    );
    expect(planned.event).toMatchObject({
      eventType: 'pull_request.review_requested',
      keyCandidate: 'd-1',
      userId: 'ana',
    });
    expect(planned.plan).toMatchObject({
      kind: 'run',
      invocations: [{ payload: { key: 'review-requested', recipients: ['ben'], data: { number: 7 } } }],
    });
  });
});
