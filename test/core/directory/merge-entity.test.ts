import { describe, expect, test } from '@jest/globals';
import type { Entity, Tombstone } from '../../../shared/core/directory/entity.ts';
import { attributesBytesMax, mergeEntity } from '../../../shared/core/directory/merge-entity.ts';
import { itemBytes } from '../../../shared/core/json/item-bytes.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import fc from '../../support/fast-check.ts';

const ref = { kind: 'user', id: 'user-1' } as const;
const nowMs = Date.parse('2026-11-21T03:00:00Z');

/** The entity after writes given as [source time, attributes], in order of arrival. */
function afterWrites(...writes: [sourceTimeMs: number, attributes: JsonObject][]): Entity {
  let current: Entity | undefined;
  for (const [sourceTimeMs, attributes] of writes) {
    const merge = mergeEntity(current, { ref, attributes, sourceTimeMs }, nowMs);
    if (!('entity' in merge)) throw new Error(merge.kind);
    current = merge.entity;
  }
  if (current === undefined) throw new Error('no writes');
  return current;
}

describe('what a newer write does to what is stored', () => {
  test.each<[name: string, before: JsonValue, sent: JsonValue, after: JsonValue]>([
    ['a scalar is replaced', 'a', 'b', 'b'],
    ['null is a value and is stored', 'a', null, null],
    ['a value replaces null', null, 'a', 'a'],
    ['false and 0 are values', true, false, false],
    ['a list is replaced whole', [1, 2, 3], [4], [4]],
    ['maps are merged, keys not sent stay', { a: 1, b: 2 }, { b: 3, c: 4 }, { a: 1, b: 3, c: 4 }],
    [
      'maps are merged at every depth',
      { a: { b: { c: 1, d: 2 } } },
      { a: { b: { d: 3 } } },
      { a: { b: { c: 1, d: 3 } } },
    ],
    ['a null inside a map is stored', { a: 1 }, { a: null }, { a: null }],
    ['a list inside a map is replaced whole', { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ['a map replaces a scalar', 'a', { b: 1 }, { b: 1 }],
    ['a scalar replaces a map', { b: 1 }, 'a', 'a'],
    ['a map replaces a list', [1], { b: 1 }, { b: 1 }],
    ['an empty map changes nothing', { a: 1 }, {}, { a: 1 }],
    ['inherited names are names like any other', { toString: 1 }, { constructor: 2 }, { toString: 1, constructor: 2 }],
  ])('%s', (_name, before, sent, after) => {
    expect(afterWrites([1, { p: before }], [2, { p: sent }]).attributes).toEqual({ p: after });
  });

  test('attributes that are not sent stay', () => {
    expect(afterWrites([1, { email: 'a@b.example', plan: 'team' }], [2, { plan: 'pro' }]).attributes).toEqual({
      email: 'a@b.example',
      plan: 'pro',
    });
  });

  // A channel's data is one thing: half an old token with half a new one would reach nobody.
  test('channel data is merged by channel, and each channel replaced', () => {
    const before = { apns: { tokens: ['a'], device: 'phone' }, slack: { token: 's' } };
    expect(
      afterWrites([1, { channel_data: before }], [2, { channel_data: { apns: { tokens: ['b'] } } }]).attributes,
    ).toEqual({
      channel_data: { apns: { tokens: ['b'] }, slack: { token: 's' } },
    });
  });

  test('preferences are merged at every depth', () => {
    const before = { default: { categories: { a: true, b: true } } };
    expect(
      afterWrites([1, { preferences: before }], [2, { preferences: { default: { categories: { b: false } } } }])
        .attributes,
    ).toEqual({
      preferences: { default: { categories: { a: true, b: false } } },
    });
  });
});

describe('a write that changes nothing', () => {
  test.each<[string, JsonObject]>([
    ['the same again', { email: 'a@b.example', address: { city: 'Vigo', zip: '1' } }],
    ['a part of it', { address: { zip: '1' } }],
    ['keys in another order', { address: { zip: '1', city: 'Vigo' } }],
    ['nothing at all', {}],
  ])('%s: is not a change, so nothing is written', (_name, attributes) => {
    const current = afterWrites([1, { email: 'a@b.example', address: { city: 'Vigo', zip: '1' } }]);
    expect(mergeEntity(current, { ref, attributes, sourceTimeMs: 2 }, nowMs + 1)).toEqual({
      kind: 'unchanged',
      entity: current,
      kept: [],
    });
  });

  test('an entity that is not there is made even with nothing to say about it', () => {
    expect(mergeEntity(undefined, { ref, attributes: {}, sourceTimeMs: 1 }, nowMs)).toMatchObject({
      kind: 'changed',
      created: true,
      changed: [],
    });
  });
});

describe('a write that arrives late', () => {
  test('replaces nothing that a later event wrote, and says what it left', () => {
    const current = afterWrites([2, { email: 'new@b.example' }]);
    const merge = mergeEntity(current, { ref, attributes: { email: 'old@b.example' }, sourceTimeMs: 1 }, nowMs);
    expect(merge).toEqual({ kind: 'unchanged', entity: current, kept: ['email'] });
  });

  test('adds what is not there yet, nested keys included', () => {
    const late = afterWrites(
      [2, { address: { city: 'Vigo' } }],
      [1, { plan: 'team', address: { city: 'Lugo', zip: '1' } }],
    );
    expect(late.attributes).toEqual({ plan: 'team', address: { city: 'Vigo', zip: '1' } });
  });

  test('replaces an attribute whose own last write is older still, although the entity is newer', () => {
    const entity = afterWrites(
      [1, { plan: 'team', email: 'a@b.example' }],
      [3, { email: 'b@b.example' }],
      [2, { plan: 'pro' }],
    );
    expect(entity.attributes).toEqual({ plan: 'pro', email: 'b@b.example' });
  });

  test('of the same time as what is stored, the one that arrives second wins', () => {
    expect(afterWrites([1, { plan: 'team' }], [1, { plan: 'pro' }]).attributes).toEqual({ plan: 'pro' });
  });

  test('only attributes of another time than the entity take room for one', () => {
    const entity = afterWrites([1, { a: 1, b: 1 }], [2, { b: 2, c: 2 }]);
    expect(entity).toMatchObject({ sourceTimeMs: 2, propertyTimesMs: { a: 1 } });
    expect(afterWrites([1, { a: 1, b: 1 }], [2, { a: 2, b: 2 }]).propertyTimesMs).toEqual({});
  });

  test('scalars and lists end the same in whatever order events arrive', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'constructor');
    // Every write brings values of its own: one that changes nothing is documented to leave no trace.
    const writes = fc
      .array(fc.uniqueArray(names, { minLength: 1 }), { minLength: 2, maxLength: 6 })
      .chain((namesOfWrites) => {
        const all = namesOfWrites.map((ofWrite, time): [number, JsonObject] => [
          time + 1,
          Object.fromEntries(ofWrite.map((name) => [name, time % 2 ? `v${time}` : [time]])),
        ]);
        return fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));
      });
    fc.assert(
      fc.property(writes, ([inOrder, shuffled]) => {
        expect(afterWrites(...shuffled).attributes).toEqual(afterWrites(...inOrder).attributes);
      }),
      { numRuns: 300 },
    );
  });

  test('maps whose keys come from one event each end the same in every order of five events', () => {
    const events: [number, JsonObject][] = [1, 2, 3, 4, 5].map((time) => [
      time,
      { address: { [`k${time}`]: time }, plan: `p${time}` },
    ]);
    const ends = new Set(permutations(events).map((order) => JSON.stringify(sorted(afterWrites(...order).attributes))));
    expect([...ends]).toEqual([JSON.stringify(sorted({ address: { k1: 1, k2: 2, k3: 3, k4: 4, k5: 5 }, plan: 'p5' }))]);
  });
});

describe('a write that is only to do one of two things', () => {
  const merge = (stored: Entity | Tombstone | undefined, only: 'create' | 'change', sourceTimeMs = 9) =>
    mergeEntity(stored, { ref, attributes: { plan: 'pro' }, sourceTimeMs, only }, nowMs);
  const stored = afterWrites([1, { plan: 'free' }]);
  const deleted: Tombstone = { ref, deletedSourceTimeMs: 5, wasThere: true, deletedAtMs: nowMs, version: 2 };

  test('creates what is not there, or was deleted before, and leaves what is there', () => {
    expect(merge(undefined, 'create')).toMatchObject({ kind: 'changed', created: true });
    expect(merge(deleted, 'create')).toMatchObject({ kind: 'changed', created: true });
    expect(merge(stored, 'create')).toEqual({ kind: 'unchanged', entity: stored, kept: [] });
  });

  test('changes what is there, and makes nothing', () => {
    expect(merge(stored, 'change')).toMatchObject({ kind: 'changed', created: false, changed: ['plan'] });
    expect(merge(undefined, 'change')).toEqual({ kind: 'absent' });
    expect(merge(deleted, 'change')).toEqual({ kind: 'absent' });
  });

  test('creates nothing that was deleted later', () => {
    expect(merge(deleted, 'create', 4)).toEqual({ kind: 'deleted' });
  });
});

describe('bookkeeping', () => {
  test('the first write makes version 1 and both times; later ones keep the time it was inserted', () => {
    const made = afterWrites([1, { a: 1 }]);
    expect(made).toMatchObject({ version: 1, insertedAtMs: nowMs, updatedAtMs: nowMs });
    const merge = mergeEntity(made, { ref, attributes: { a: 2 }, sourceTimeMs: 2 }, nowMs + 5);
    expect(merge).toMatchObject({
      kind: 'changed',
      created: false,
      changed: ['a'],
      entity: { version: 2, insertedAtMs: nowMs, updatedAtMs: nowMs + 5 },
    });
  });

  test('what is given is never changed', () => {
    const current = afterWrites([1, { address: { city: 'Vigo' } }]);
    const before = structuredClone(current);
    mergeEntity(current, { ref, attributes: { address: { zip: '1' } }, sourceTimeMs: 2 }, nowMs);
    expect(current).toEqual(before);
  });

  test('no name reaches a prototype', () => {
    const hostile = JSON.parse('{"a": {"__proto__": {"polluted": true}}}') as JsonObject;
    const entity = afterWrites([1, { a: { b: 1 } }], [2, hostile]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((entity.attributes.a as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('size', () => {
  test('properties of exactly 256 kB fit, one byte more is refused', () => {
    const frame = JSON.stringify({ a: '' }).length;
    const fits = 'x'.repeat(attributesBytesMax - frame);
    expect(mergeEntity(undefined, { ref, attributes: { a: fits }, sourceTimeMs: 1 }, nowMs).kind).toBe('changed');
    expect(mergeEntity(undefined, { ref, attributes: { a: `${fits}x` }, sourceTimeMs: 1 }, nowMs)).toMatchObject({
      kind: 'refused',
    });
  });

  test('the limit is on what would be stored, not on what is sent, and counts bytes', () => {
    const half = 'é'.repeat(attributesBytesMax / 4);
    const current = afterWrites([1, { a: half }]);
    expect(mergeEntity(current, { ref, attributes: { b: half }, sourceTimeMs: 2 }, nowMs)).toMatchObject({
      kind: 'refused',
    });
    expect(mergeEntity(current, { ref, attributes: { a: 'short', b: half }, sourceTimeMs: 2 }, nowMs)).toMatchObject({
      kind: 'changed',
    });
  });

  test('a great many small properties of different times are refused before the table would refuse them', () => {
    const many = (part: number) =>
      Object.fromEntries(Array.from({ length: 4500 }, (_, i) => [`p${part * 4500 + i}`, 1]));
    const parts = [0, 1, 2, 3].map((part): [number, JsonObject] => [nowMs + part, many(part)]);
    const merge = mergeEntity(afterWrites(...parts), { ref, attributes: many(4), sourceTimeMs: nowMs + 4 }, nowMs);
    expect(merge).toMatchObject({ kind: 'refused', message: expect.stringContaining('different times') });
  });

  test('what takes more room in the table than in JSON is counted as the table counts it', () => {
    // Thirty levels of lists are 61 bytes of JSON and about 120 in the table.
    const deep = JSON.parse(`${'['.repeat(29)}${']'.repeat(29)}`);
    const attributes = { a: Array.from({ length: 4000 }, () => deep) };
    expect(JSON.stringify(attributes).length).toBeLessThan(attributesBytesMax);
    expect(itemBytes(attributes)).toBeGreaterThan(400 * 1024);
    expect(mergeEntity(undefined, { ref, attributes, sourceTimeMs: 1 }, nowMs)).toMatchObject({ kind: 'refused' });
  });
});

function permutations<Item>(items: Item[]): Item[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

function sorted(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
