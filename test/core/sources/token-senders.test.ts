import { describe, expect, test } from '@jest/globals';
import jsonata from 'jsonata';
import { parse } from 'yaml';
import { expressionProblem } from '../../../shared/adapters/jsonata-expression.ts';
import { makePreprocessor } from '../../../shared/adapters/jsonata-preprocessor.ts';
import { SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';
import { packEventText } from '../../../shared/core/events/raw-event.ts';
import { validKey } from '../../../shared/core/ids/claim-key.ts';
import { planEvent, readAndPlan } from '../../../shared/core/plan/plan-event.ts';
import * as clay from '../../../shared/core/sources/clay.guide.ts';
import type { SourceGuide } from '../../../shared/core/sources/guide.ts';
import * as http from '../../../shared/core/sources/http.guide.ts';
import { normalizeEvent } from '../../../shared/core/sources/normalize.ts';
import { composedKey } from '../../../shared/core/sources/parts/composed-key.ts';
import * as posthog from '../../../shared/core/sources/posthog.guide.ts';
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
          expect(event.occurredAtMs).toBeLessThanOrEqual(receivedAtMs + 5 * 60_000);
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
    // Without a person there is nothing but the id; what the event tells of the device is no property of anybody.
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

  test('has a key of type, id and updated_at, and none where that does not tell one change from another', () => {
    const keyOf = (body: object) => eventOf('supabase', change(body)).keyCandidate;
    const row = { id: 7, updated_at: 't' };
    expect(keyOf({ record: row })).toBe('UPDATE:7:t');
    expect(keyOf({ record: { id: 7 } })).toBeUndefined();
    expect(keyOf({ table: 'orders', type: 'INSERT', record: row })).toBe('INSERT:7:t');
    expect(keyOf({ table: 'orders', type: 'DELETE', record: null, old_record: row })).toBe('DELETE:7:t');
    // A table of one's own: only a column that moved is known to be kept.
    expect(keyOf({ table: 'orders', record: row, old_record: { id: 7, updated_at: 's' } })).toBe('UPDATE:7:t');
    expect(keyOf({ table: 'orders', record: row, old_record: row })).toBeUndefined();
    expect(keyOf({ table: 'orders', record: row, old_record: { id: 7 } })).toBeUndefined();
    expect(keyOf({ table: 'orders', record: row, old_record: null })).toBeUndefined();
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
    const [payload] = payloadsOf('clay', clay.guide, row);
    expect(payload).toMatchObject({ id: 'a@x.example', properties: { email: 'a@x.example', size: 0 } });
    expect(payload?.properties).toEqual({ email: 'a@x.example', size: 0 });
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

  test('keep fields of a user and ids out of its properties', () => {
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
        custom_columns: { plan: 'x', n: null },
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
      preprocess: { custom_traits: { plan: 'p' } },
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
