import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';
import { packEventText } from '../../../shared/core/events/raw-event.ts';
import { normalizeEvent } from '../../../shared/core/sources/normalize.ts';
import { rudderstack } from '../../../shared/core/sources/rudderstack.ts';
import { defineSource } from '../../../shared/core/sources/source.ts';
import { rawEvent, trackEvent } from '../../support/build.ts';
import fc from '../../support/fast-check.ts';

type Change = { file?: Record<string, unknown>; settings?: Record<string, unknown>; receivedAtMs?: number };

function normalize(body: unknown, { file, settings, receivedAtMs }: Change = {}) {
  const raw = rawEvent(body, receivedAtMs === undefined ? {} : { receivedAtMs });
  return normalizeEvent(
    raw,
    SourceFile.parse({ kind: 'rudderstack', name: 'R', ...file }),
    SourceState.parse(settings ?? {}),
  );
}

function eventOf(body: unknown, change: Change = {}) {
  const normalized = normalize(body, change);
  if (normalized.kind === 'rejected') throw new Error(`${normalized.reason}: ${normalized.detail}`);
  return normalized.event;
}

describe('event type', () => {
  test.each([
    ['the name as sent, spaces and case included', { event: 'Order  Completed ' }, 'track/Order  Completed '],
    ['a name with slashes and dots', { event: 'a/b.c' }, 'track/a/b.c'],
    ['a number as name', { event: 7 }, 'track/7'],
    ['true as name', { event: true }, 'track/true'],
    ['zero as name', { event: 0 }, 'track/0'],
    ['no name', { event: undefined }, 'track'],
    ['blanks as name', { event: '  ' }, 'track'],
    ['null as name', { event: null }, 'track'],
    ['an upper-case type', { type: 'TRACK' }, 'track/order_completed'],
    ['a type that is not track, with a name', { type: 'Identify', event: ['x'] }, 'identify'],
    ['a type nobody knows', { type: 'whatever' }, 'whatever'],
  ])('takes %s', (_, change, expected) => {
    expect(eventOf(trackEvent(change)).eventType).toBe(expected);
  });

  test.each([
    ['a map as name', { event: { a: 1 } }, 'payload_invalid', 'field "event": got a map, wanted text'],
    ['a number as type', { type: 5 }, 'payload_invalid', 'field "type": got a number, wanted text'],
    ['no type', { type: undefined }, 'event_type_missing', 'no type'],
    ['null as type', { type: null }, 'event_type_missing', 'no type'],
    ['an empty type', { type: '' }, 'event_type_missing', 'no type'],
  ])('rejects %s and says what would be right', (_, change, reason, detail) => {
    expect(normalize(trackEvent(change))).toMatchObject({
      kind: 'rejected',
      reason,
      detail: expect.stringContaining(detail),
    });
  });

  test('is at the source’s own path where it has one, as it stands there', () => {
    const file = { event_type_path: 'properties.kind' };
    expect(eventOf(trackEvent({ properties: { kind: 'Order.Paid' }, type: 5, event: [] }), { file }).eventType).toBe(
      'Order.Paid',
    );
    expect(eventOf(trackEvent({ properties: { kind: 3 } }), { file }).eventType).toBe('3');
    expect(normalize(trackEvent({ properties: {} }), { file })).toMatchObject({
      reason: 'event_type_missing',
      detail: expect.stringContaining('"properties.kind"'),
    });
    expect(normalize(trackEvent({ properties: { kind: '' } }), { file })).toMatchObject({
      reason: 'event_type_missing',
    });
    expect(normalize(trackEvent({ properties: { kind: [] } }), { file })).toMatchObject({
      reason: 'payload_invalid',
      detail: expect.stringContaining('properties.kind'),
    });
  });

  test('can come from a header', () => {
    expect(eventOf(trackEvent(), { file: { event_type_path: 'headers.content-type' } }).eventType).toBe(
      'application/json',
    );
  });
});

describe('user id', () => {
  test.each([
    ['text', 'u-1', 'u-1'],
    ['a number', 476335, '476335'],
    ['zero', 0, '0'],
    ['the empty text', '', undefined],
    ['blanks', ' \t', undefined],
    ['what a program writes for undefined', 'undefined', undefined],
    ['what a program writes for null', ' null', undefined],
    ['what a program writes for no number', 'NaN', undefined],
    ['what a program writes for a map', '[object Object]', undefined],
    ['a name that holds such a word', 'nullable', 'nullable'],
    ['text with blanks around it, exactly as sent', ' u ', ' u '],
    ['null', null, undefined],
    ['a list', ['u-1'], undefined],
    ['true', true, undefined],
  ])('%s', (_, userId, expected) => {
    expect(eventOf(trackEvent({ userId })).userId).toBe(expected);
  });

  test('keeps every digit of a number beyond 2^53', () => {
    expect(eventOf('{"type":"track","userId":820982911946154508}').userId).toBe('820982911946154508');
    expect(eventOf('{"type":"track","userId":1e999}').userId).toBeUndefined();
  });

  test('is never taken from the traits or the anonymous id', () => {
    expect(
      eventOf({ type: 'identify', anonymousId: 'a', traits: { id: 'x' }, context: { traits: { userId: 'y' } } }).userId,
    ).toBeUndefined();
  });
});

describe('idempotency key', () => {
  test('is messageId, else message_id, whatever their type: who uses it checks it', () => {
    expect(eventOf(trackEvent({ messageId: 'm', message_id: 'n' })).keyCandidate).toBe('m');
    expect(eventOf(trackEvent({ messageId: undefined, message_id: 'n' })).keyCandidate).toBe('n');
    expect(eventOf(trackEvent({ messageId: '', message_id: 'n' })).keyCandidate).toBe('n');
    expect(eventOf(trackEvent({ messageId: 12 })).keyCandidate).toBe(12);
    expect(eventOf(trackEvent({ messageId: undefined }))).not.toHaveProperty('keyCandidate');
    expect(eventOf(trackEvent({ messageId: null }))).not.toHaveProperty('keyCandidate');
  });

  test('is at the path of the settings, else of the file, and then nowhere else', () => {
    const body = trackEvent({ properties: { order_id: 'o', cart_id: 'c' } });
    const file = { idempotency_key_path: 'data.order_id' };
    expect(eventOf(body, { file }).keyCandidate).toBe('o');
    expect(eventOf(body, { file, settings: { idempotency: { path: 'data.cart_id' } } }).keyCandidate).toBe('c');
    expect(eventOf(body, { settings: { idempotency: { path: 'data.absent' } } })).not.toHaveProperty('keyCandidate');
  });
});

describe('time', () => {
  const receivedAtMs = Date.parse('2026-05-04T12:00:00Z');
  const occurredAt = (change: Record<string, unknown>) =>
    new Date(eventOf(trackEvent({ timestamp: undefined, ...change }), { receivedAtMs }).occurredAtMs).toISOString();

  test('is the corrected timestamp, else the original one, else when the event was received', () => {
    const originalTimestamp = '2026-05-04T10:00:00Z';
    expect(occurredAt({ timestamp: '2026-05-04T11:00:00Z', originalTimestamp })).toBe('2026-05-04T11:00:00.000Z');
    expect(occurredAt({ timestamp: 'nonsense', originalTimestamp })).toBe('2026-05-04T10:00:00.000Z');
    expect(occurredAt({})).toBe('2026-05-04T12:00:00.000Z');
  });

  // Read as now, a backfill that sends numbers would overwrite what is newer.
  test.each([
    ['seconds', 1777882600],
    ['milliseconds', 1777882600000],
    ['microseconds', 1777882600000000],
    ['digits', '1777882600'],
    ['nanoseconds, which no number holds', '1777882600000000000'],
  ])('may be a number of %s', (_, timestamp) => {
    expect(occurredAt({ timestamp })).toBe('2026-05-04T08:16:40.000Z');
    expect(occurredAt({ originalTimestamp: timestamp })).toBe('2026-05-04T08:16:40.000Z');
  });

  test('of a date alone is the start of that day', () => {
    expect(occurredAt({ timestamp: '2026-05-03' })).toBe('2026-05-03T00:00:00.000Z');
  });

  test('is never later than the event was received, and as early as the sender says', () => {
    expect(occurredAt({ timestamp: '2027-05-04T12:00:00Z' })).toBe('2026-05-04T12:00:00.000Z');
    expect(occurredAt({ timestamp: '2026-05-04T12:00:00.001Z' })).toBe('2026-05-04T12:00:00.000Z');
    expect(occurredAt({ timestamp: '2025-05-04T12:00:00Z' })).toBe('2025-05-04T12:00:00.000Z');
  });
});

describe('data and preprocessing', () => {
  test('an optional field of an odd type costs that field, not the event', () => {
    const event = eventOf({
      type: 'identify',
      userId: 'u',
      traits: 'none',
      context: { traits: { name: 'N' } },
      properties: 3,
    });
    expect(event.data).toEqual({ name: 'N' });
    expect(eventOf({ type: 'identify', traits: { name: 'N' }, context: [] }).data).toEqual({ name: 'N' });
    expect(eventOf({ type: 'group', traits: [] }).data).toEqual({});
    expect(eventOf({ type: 'track', properties: null }).data).toEqual({});
  });

  test('a trait that is null hides what the context says of it', () => {
    expect(eventOf({ type: 'identify', traits: { email: null }, context: { traits: { email: 'old' } } }).data).toEqual({
      email: null,
    });
  });

  test('custom traits are all that no field takes, and no id that the event says itself', () => {
    const reserved = {
      name: 'N',
      email: 'e',
      phone: 'p',
      avatar: 'a',
      locale: 'l',
      timezone: 't',
      id: 7,
      userId: '7',
      anonymousId: 'a',
    };
    const event = eventOf({
      type: 'identify',
      userId: 7,
      anonymousId: 'a',
      traits: { ...reserved, plan: 'pro' },
      context: { traits: { seats: 3 } },
    });
    expect(event.preprocess).toEqual({ custom_traits: { seats: 3, plan: 'pro' } });
  });

  test('an id that is another than the event’s, and a time that is none, stay traits: nothing vanishes', () => {
    const traits = { id: 1, userId: 2, anonymousId: 3, createdAt: 'in spring', created_at: 'y' };
    expect(eventOf({ type: 'identify', userId: 'u', traits }).preprocess).toEqual({ custom_traits: traits });
  });

  test('a trait of null empties what it names: it is among the properties even where it names a field', () => {
    const traits = { email: null, plan: null, name: 'N' };
    expect(eventOf({ type: 'identify', traits }).preprocess).toEqual({ custom_traits: { email: null, plan: null } });
  });

  test.each([
    ['an ISO date-time, as sent', { createdAt: '2026-05-04T08:00:00Z' }, '2026-05-04T08:00:00Z', {}],
    ['with an offset, as sent', { created_at: '2026-05-04T08:00:00+02:00' }, '2026-05-04T08:00:00+02:00', {}],
    ['of a database', { created_at: '2026-05-04 08:00:00' }, '2026-05-04T08:00:00.000Z', {}],
    ['a date', { createdAt: '2026-05-04' }, '2026-05-04T00:00:00.000Z', {}],
    ['seconds', { createdAt: 1777882600 }, '2026-05-04T08:16:40.000Z', {}],
    ['digits of seconds', { createdAt: '1777882600' }, '2026-05-04T08:16:40.000Z', {}],
    ['milliseconds', { createdAt: 1777882600123 }, '2026-05-04T08:16:40.123Z', {}],
    [
      'two, of which the other stays',
      { createdAt: 5, created_at: '2026-05-04T08:00:00Z' },
      '2026-05-04T08:00:00Z',
      { createdAt: 5 },
    ],
  ])('created_at is a time in any form: %s', (_, traits, created_at, custom_traits) => {
    expect(eventOf({ type: 'identify', traits }).preprocess).toEqual({ custom_traits, created_at });
  });

  test('body is the event unmodified', () => {
    const body = trackEvent({ extra: { a: [1, { b: null }] } });
    expect(eventOf(body).body).toEqual(body);
  });
});

describe('hostile events', () => {
  test.each(['5', 'null', '"text"', '[]', '[{"type":"track"}]', 'true'])('%s is rejected as no object', (text) => {
    expect(normalize(text)).toMatchObject({ kind: 'rejected', reason: 'not_an_object' });
  });

  test('pollute nothing and reach nothing inherited', () => {
    const text =
      '{"type":"identify","userId":"u","traits":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":5},"context":{"traits":{"__proto__":{"polluted":2}}},"__proto__":{"type":"track"}}';
    const event = eventOf(text);
    expect(event.eventType).toBe('identify');
    expect(Object.hasOwn(event.data, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(event.data)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(normalize('{"__proto__":{"type":"track","userId":"u"}}')).toMatchObject({ reason: 'event_type_missing' });
  });

  test('are normalized or rejected with a reason, never an exception', () => {
    const field = fc.constantFrom(
      'type',
      'event',
      'userId',
      'traits',
      'context',
      'properties',
      'messageId',
      'timestamp',
      '__proto__',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('track', 'identify', 'group'),
      fc.record({ traits: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.dictionary(field, value), fc.jsonValue()),
        fc.option(fc.constantFrom('body', 'data', 'preprocess.custom_traits', 'event')),
        (body, path) => {
          const normalized = normalize(JSON.stringify(body), { file: path === null ? {} : { event_type_path: path } });
          expect(['normalized', 'not_an_object', 'payload_invalid', 'event_type_missing']).toContain(
            normalized.kind === 'rejected' ? normalized.reason : normalized.kind,
          );
          if (normalized.kind === 'normalized') expect(normalized.event.eventType).not.toBe('');
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test('an unknown kind and a payload that is not ours are our fault, and thrown', () => {
  expect(() => normalize(trackEvent(), { file: { kind: 'constructor' } })).toThrow('kind "constructor"');
  const raw = rawEvent(undefined, { payload: packEventText({ headers: {}, body: '{' }) });
  expect(() =>
    normalizeEvent(raw, SourceFile.parse({ kind: 'rudderstack', name: 'R' }), SourceState.parse({})),
  ).toThrow(SyntaxError);
});

test('a kind with a strict schema names the field it cannot do without', () => {
  const strict = defineSource({
    ...rudderstack,
    idempotencyKeyPaths: [],
    payload: z.object({ data: z.object({ id: z.string('text, the id of the object') }) }),
    eventType: () => 'x',
    userId: ({ data }) => data.id,
    refuses: () => undefined,
    data: () => undefined,
    occurredAtMs: () => undefined,
  });
  expect(strict.read({ data: { id: [] } }, {})).toEqual({
    field: 'data.id',
    got: 'a list',
    wanted: 'text, the id of the object',
  });
  expect(strict.read({}, {})).toMatchObject({ field: 'data', got: 'nothing' });
  expect(strict.read({ data: { id: 'u' } }, {})).toMatchObject({ userId: 'u', data: {}, preprocess: {} });
});
