import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  eventIdMayBeFrom,
  eventIdShard,
  eventIdTimeMs,
  isEventBefore,
  isEventId,
  lowestIdAt,
  makeEventId,
  utcDay,
} from '../../../shared/core/ids/event-id.ts';
import fc from '../../support/fast-check.ts';

const anyTime = fc.integer({ min: 0, max: Date.parse('2200-01-01') });
const anyShard = fc.integer({ min: 0, max: 31 });
const anySource = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);

describe('event ids', () => {
  test('lead back to the time, the shard and the source they were made for', () => {
    fc.assert(
      fc.property(anySource, anyShard, anyTime, (source, shard, timeMs) => {
        const id = makeEventId(source, shard, timeMs, randomBytes(12));
        expect(isEventId(id)).toBe(true);
        expect(eventIdTimeMs(id)).toBe(timeMs);
        expect(eventIdShard(id)).toBe(shard);
        expect(eventIdMayBeFrom(id, source)).toBe(true);
      }),
    );
  });

  test('sort by time, whatever their source and shard', () => {
    const earlier = makeEventId('zzz', 31, 1000, new Uint8Array(12).fill(255));
    const later = makeEventId('aaa', 0, 1001, new Uint8Array(12));
    expect(earlier < later).toBe(true);
    expect(lowestIdAt(1001) <= later && earlier < lowestIdAt(1001)).toBe(true);
  });

  test('tell sources apart, but for one in 32,768', () => {
    const id = makeEventId('rudderstack', 0, Date.now(), randomBytes(12));
    const others = Array.from({ length: 2000 }, (_, i) => `source-${i}`).filter((source) =>
      eventIdMayBeFrom(id, source),
    );
    expect(others.length).toBeLessThan(5);
  });

  test('never repeat within 100,000 made in the same millisecond', () => {
    const ids = new Set<string>();
    for (let i = 0; i < 100_000; i++) ids.add(makeEventId('rudderstack', 0, 1000, randomBytes(12)));
    expect(ids.size).toBe(100_000);
  });

  test.each([
    ['too short', '01JD3Q9F7K8M25RXK0Q4T9B7C'],
    ['a letter that the alphabet leaves out', '01JD3Q9F7K8M25RXK0Q4T9B7CU'],
    ['a time beyond 48 bits', '8ZZZZZZZZZ8M25RXK0Q4T9B7C0'],
    ['a UUID', '0b9c6f2e-71d4-4a5e-9a0f-5d1c2e3f4a5b'],
    ['lower case', '01jd3q9f7k8m25rxk0q4t9b7c0'],
  ])('are not mistaken for %s', (_name, text) => {
    expect(isEventId(text)).toBe(false);
  });

  test('refuse a shard that no character can say', () => {
    expect(() => makeEventId('a', 32, 0, new Uint8Array(12))).toThrow('0-31');
  });

  test('a day is a UTC day', () => {
    expect(utcDay(Date.parse('2026-11-21T23:59:59.999Z'))).toBe('20261121');
    expect(utcDay(Date.parse('2026-11-22T00:00:00.000Z'))).toBe('20261122');
  });
});

describe('which of two events came first', () => {
  const entropy = (value: number) => new Uint8Array(12).fill(value);
  const id = (atMs: number, value: number, source = 'shop') =>
    makeEventId(source, 0, 1_700_000_000_000 + atMs, entropy(value));
  test.each([
    ['an earlier millisecond, whatever follows', id(0, 9), id(1, 1), true],
    ['a later millisecond', id(1, 1), id(0, 9), false],
    ['before it in the same request', id(0, 1), id(0, 2), true],
    ['after it in the same request', id(0, 2), id(0, 1), false],
    ['the same event', id(0, 1), id(0, 1), false],
    ['another source, in the same millisecond', id(0, 1), id(0, 2, 'crm'), false],
    ['another source, the other way round', id(0, 2, 'crm'), id(0, 1), false],
  ])('%s', (_name, a, b, isBefore) => {
    expect(isEventBefore(a, b)).toBe(isBefore);
  });
});
