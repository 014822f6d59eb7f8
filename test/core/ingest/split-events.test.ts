import { describe, expect, test } from '@jest/globals';
import { depthMax, eventsMax, splitEvents, valuesMax } from '../../../shared/core/ingest/split-events.ts';
import { readMember, scanChildren } from '../../../shared/core/json/scanner.ts';
import type { BatchWrapper } from '../../../shared/core/sources/source.ts';
import fc, { anyCharacter } from '../../support/fast-check.ts';

const wrapper: BatchWrapper = { list: ['batch'], shared: ['context', 'integrations', 'sentAt'], unless: 'type' };
/** A list that lies in a map: `{"event": …, "object": {"id": …, "records": […]}}`. */
const inMap: BatchWrapper = { list: ['object', 'records'], shared: ['event'] };
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

function textsOf(text: string, by = wrapper): string[] {
  const split = splitEvents(text, by);
  if (split.kind === 'refused') throw new Error(`${split.reason}: ${split.detail}`);
  return split.events.map((event) => event.text);
}

function refusalOf(text: string, by = wrapper) {
  const split = splitEvents(text, by);
  if (split.kind !== 'refused') throw new Error(`${split.events.length} events`);
  return split;
}

describe('one event', () => {
  test('keeps its text to the last character', () => {
    const text = ' {"b":1, "a" :12345678901234567890,\n"a":1.50}\n';
    expect(splitEvents(text, wrapper)).toEqual({ kind: 'events', events: [{ text }] });
  });

  test('may have a member that is called like a wrapper’s list', () => {
    for (const text of ['{"type":"track","batch":[1,2]}', '{"batch":{"id":1}}', '{"batch":"a"}']) {
      expect(textsOf(text)).toEqual([text]);
    }
    expect(splitEvents('{"batch":[1,2]}', undefined)).toEqual({
      kind: 'events',
      events: [{ text: '{"batch":[1,2]}' }],
    });
  });
});

describe('a list', () => {
  test('gives the exact text of each element, with its place', () => {
    const split = splitEvents('[ {"id":12345678901234567890} ,\n{"b":1,"a":"],[\\"" } , 5,null ]', wrapper);
    expect(split).toEqual({
      kind: 'events',
      events: [
        { text: '{"id":12345678901234567890}', batchIndex: 0 },
        { text: '{"b":1,"a":"],[\\"" }', batchIndex: 1 },
        { text: '5', batchIndex: 2 },
        { text: 'null', batchIndex: 3 },
      ],
    });
  });

  test('may be empty', () => {
    expect(textsOf('[]')).toEqual([]);
    expect(textsOf(' [ \n ] ')).toEqual([]);
  });

  test('names the event that is not JSON, by its place', () => {
    expect(refusalOf('[{"a":1},{"a":},{}]')).toMatchObject({ reason: 'body_not_json', position: 1 });
    expect(refusalOf('[{"a":1},]')).toMatchObject({ reason: 'body_not_json', position: 1 });
    expect(refusalOf('[,{}]')).toMatchObject({ reason: 'body_not_json', position: 0 });
    expect(refusalOf('[{} {}]')).toMatchObject({ reason: 'body_not_json', position: 0 });
    expect(refusalOf('[\u00a0{}]')).toMatchObject({ reason: 'body_not_json', position: 0 });
  });

  test('takes 10,000 events and refuses one more', () => {
    const list = (count: number) => `[${Array(count).fill('1').join(',')}]`;
    expect(textsOf(list(eventsMax))).toHaveLength(eventsMax);
    expect(refusalOf(list(eventsMax + 1)).reason).toBe('batch_too_long');
  });
});

describe('a wrapper', () => {
  test('copies what its events share into those that have none of their own, as it was sent', () => {
    const text =
      '{"sentAt" : "t","batch":[{"type":"a"},{"context":null,"type":"b"},{},7],"context":{"id":12345678901234567890}}';
    expect(textsOf(text)).toEqual([
      '{"sentAt" : "t","context":{"id":12345678901234567890},"type":"a"}',
      '{"sentAt" : "t","context":null,"type":"b"}',
      '{"sentAt" : "t","context":{"id":12345678901234567890}}',
      '7',
    ]);
  });

  test('leaves events alone that share nothing', () => {
    expect(textsOf('{"batch":[ {"a":1} , {"b":2}], "writeKey":"w"}')).toEqual(['{"a":1}', '{"b":2}']);
    expect(textsOf('{"batch":[]}')).toEqual([]);
  });

  test('reads names and repeats as JSON.parse does', () => {
    expect(textsOf('{"\\u0062atch":[1]}')).toEqual(['1']);
    expect(textsOf('{"batch":[1],"batch":[2,3]}')).toEqual(['2', '3']);
    expect(textsOf('{"batch":[1],"batch":5}')).toEqual(['{"batch":[1],"batch":5}']);
  });

  test('names the event that is not JSON, and refuses a wrapper that is not', () => {
    expect(refusalOf('{"batch":[{},{"a"}]}')).toMatchObject({ reason: 'body_not_json', position: 1 });
    expect(refusalOf('{"batch":[{}],"context":{1}}')).not.toHaveProperty('position');
    expect(refusalOf('{"batch":[{}] "context":1}').reason).toBe('body_not_json');
    expect(refusalOf('{"batch":[{}],}').reason).toBe('body_not_json');
  });

  test('cannot be used to blow up a small request', () => {
    const context = `"context":"${'x'.repeat(2_000_000)}"`;
    const events = Array(9_000).fill('{}').join(',');
    expect(refusalOf(`{"batch":[${events}],${context}}`).reason).toBe('body_too_large');
  });
});

describe('a wrapper whose list lies in a map', () => {
  const texts = (text: string) => textsOf(text, inMap);
  const refusal = (text: string) => refusalOf(text, inMap);

  test('gives each record what is around the list, as it was sent, and without the list', () => {
    const text =
      '{ "event" : "sync.records", "object":{"id": "s-1" ,"records":[ {"hash":"a","fields":{"id":12345678901234567890}} ,{"hash":"b", "n":1.50}],\n"name":"N\\u00e9"}, "other":1 }';
    expect(texts(text)).toEqual([
      '{"event" : "sync.records","object":{"id": "s-1","name":"N\\u00e9"},"hash":"a","fields":{"id":12345678901234567890}}',
      '{"event" : "sync.records","object":{"id": "s-1","name":"N\\u00e9"},"hash":"b", "n":1.50}',
    ]);
    const split = splitEvents(text, inMap);
    expect(split.kind === 'events' && split.events.map(({ batchIndex }) => batchIndex)).toEqual([0, 1]);
  });

  test('leaves members alone that a record has itself, and elements that are no objects', () => {
    expect(texts('{"event":"e","object":{"id":1,"records":[{"object":null},{"event":"own"},{},7,[],null]}}')).toEqual([
      '{"event":"e","object":null}',
      '{"object":{"id":1},"event":"own"}',
      '{"event":"e","object":{"id":1}}',
      '7',
      '[]',
      'null',
    ]);
  });

  test('may hold nothing but the list, or no records', () => {
    expect(texts('{"object":{"records":[{"a":1}]}}')).toEqual(['{"object":{},"a":1}']);
    expect(texts('{"event":"e","object":{"records":[ ]}}')).toEqual([]);
  });

  test('reads names and repeats as JSON.parse does', () => {
    expect(texts('{"\\u006fbject":{"\\u0072ecords":[{"a":1}],"\\u0069d":2},"\\u0065vent":"e"}')).toEqual([
      '{"\\u0065vent":"e","object":{"\\u0069d":2},"a":1}',
    ]);
    // The last one counts, and of those before it nothing is left.
    expect(texts('{"object":{"id":1,"records":[{"a":1}]},"object":{"id":2,"records":[{"b":1}]}}')).toEqual([
      '{"object":{"id":2},"b":1}',
    ]);
    expect(texts('{"object":{"records":[{"a":1}],"id":1,"records":[{"b":1}]}}')).toEqual(['{"object":{"id":1},"b":1}']);
    expect(texts('{"event":"a","event":"b","object":{"records":[{}]}}')).toEqual(['{"event":"b","object":{}}']);
    expect(texts('{"object":{"__proto__":{"x":1},"records":[{"a":1}]}}')).toEqual([
      '{"object":{"__proto__":{"x":1}},"a":1}',
    ]);
  });

  test.each([
    ['no map at all', '{"event":"e","records":[{}]}'],
    ['a map without the list', '{"event":"e","object":{"id":1}}'],
    ['an empty map', '{"object":{}}'],
    ['text for the list', '{"object":{"records":"[]"}}'],
    ['a map for the list', '{"object":{"records":{"0":{}}}}'],
    ['null for the list', '{"object":{"records":null}}'],
    ['a list for the map', '{"object":[{"records":[{}]}]}'],
    ['text for the map', '{"object":"records"}'],
    ['another map last', '{"object":{"records":[{}]},"object":{"id":1}}'],
    ['something else last in the map', '{"object":{"records":[{}],"records":5}}'],
    ['the list one level too deep', '{"object":{"object":{"records":[{}]}}}'],
  ])('is an event itself with %s', (_, text) => {
    expect(splitEvents(text, inMap)).toEqual({ kind: 'events', events: [{ text }] });
  });

  test('names the record that is not JSON, and refuses a wrapper that is not', () => {
    expect(refusal('{"object":{"records":[{},{"a"}]}}')).toMatchObject({ reason: 'body_not_json', position: 1 });
    expect(refusal('{"object":{"records":[{},]}}')).toMatchObject({ reason: 'body_not_json', position: 1 });
    for (const text of [
      '{"object":{"records":[{}],}}',
      '{"object":{"records":[{}] 5}}',
      '{"object":{"records":[{}]"id":1}}',
      '{"object":{"id":nope,"records":[{}]}}',
      '{"object":{"records":[{"a"}],"records":[{}]}}',
      '{"object":{"records":[{}]},"event":e}',
      '{"object":{"records":[{}]}5}',
      '{"object":{"records":[{}}]}',
    ]) {
      expect(refusal(text).reason).toBe('body_not_json');
    }
  });

  test('counts records, depth and values as any other batch does', () => {
    const records = (count: number) => `{"object":{"records":[${Array(count).fill('1').join(',')}]}}`;
    expect(texts(records(eventsMax))).toHaveLength(eventsMax);
    expect(refusal(records(eventsMax + 1)).reason).toBe('batch_too_long');

    const deep = (depth: number) => `{"object":{"records":[${nested(depth - 3)}]}}`;
    expect(texts(deep(depthMax))).toHaveLength(1);
    expect(refusal(deep(depthMax + 1)).reason).toBe('body_too_deep');

    const many = `[${Array(valuesMax + 10)
      .fill('1')
      .join(',')}]`;
    expect(refusal(`{"object":{"records":[{},{"a":${many}}]}}`)).toMatchObject({
      reason: 'event_too_large',
      position: 1,
    });
    expect(refusal(`{"object":{"id":${many},"records":[{}]}}`).reason).toBe('event_too_large');
    // What is copied into an event is part of it.
    const most = (values: number) =>
      `{"a":[${Array(values - 10)
        .fill('1')
        .join(',')}]}`;
    const shared = (values: number) => `{"object":{"records":[${most(valuesMax / 2)}],"id":${most(values)}}}`;
    expect(texts(shared(valuesMax / 2 - 100))).toHaveLength(1);
    expect(refusal(shared(valuesMax / 2 + 100))).toMatchObject({ reason: 'event_too_large', position: 0 });
    // Together they may hold more than one event may.
    const half = `{"a":[${Array(valuesMax - 10)
      .fill('1')
      .join(',')}]}`;
    expect(texts(`{"object":{"records":[${half},${half}]}}`)).toHaveLength(2);
  });

  test('cannot be used to blow up a small request', () => {
    const records = Array(9_000).fill('{}').join(',');
    expect(refusal(`{"object":{"name":"${'x'.repeat(2_000_000)}","records":[${records}]}}`).reason).toBe(
      'body_too_large',
    );
    expect(refusal(`{"object":{"records":[${records}]},"event":"${'x'.repeat(2_000_000)}"}`).reason).toBe(
      'body_too_large',
    );
  });
});

describe('what is not an event', () => {
  test.each([
    ['blank', ' \n\t', 'body_empty'],
    ['text', '"a"', 'body_not_events'],
    ['a number', '5', 'body_not_events'],
    ['null', 'null', 'body_not_events'],
    ['not JSON', 'hello', 'body_not_json'],
    ['form data', 'a=1&b=2', 'body_not_json'],
    ['an open string', '{"a":"b}', 'body_not_json'],
    ['an open list', '[{},', 'body_not_json'],
    ['the wrong bracket', '[{}}', 'body_not_json'],
    ['something behind the end', '{}x', 'body_not_json'],
    ['two lists', '[][]', 'body_not_json'],
    ['a name without quotes', '{a:1}', 'body_not_json'],
    ['NaN', '{"a":NaN}', 'body_not_json'],
  ])('refuses %s', (_, text, reason) => {
    expect(refusalOf(text).reason).toBe(reason);
  });
});

describe('depth', () => {
  test.each([31, 33, depthMax])('takes %d levels', (depth) => {
    expect(textsOf(`{"a":${nested(depth - 1)}}`)).toHaveLength(1);
    expect(textsOf(nested(depth))).toHaveLength(1);
  });

  test.each([depthMax + 1, 5_000, 100_000, 2_000_000])('refuses %d levels, and says how many are allowed', (depth) => {
    for (const text of [
      nested(depth),
      `{"a":${nested(depth - 1)}}`,
      '['.repeat(depth),
      `{"batch":[${nested(depth - 2)}]}`,
    ]) {
      expect(refusalOf(text)).toMatchObject({
        reason: 'body_too_deep',
        detail: expect.stringContaining('1000 levels'),
      });
    }
  });

  test('counts no brackets inside text', () => {
    expect(textsOf(`{"a":"${'['.repeat(2000)}\\"${'{'.repeat(2000)}"}`)).toHaveLength(1);
  });
});

describe('any JSON', () => {
  const anyJson = fc.oneof(
    fc.json(),
    fc.array(fc.jsonValue(), { maxLength: 6 }).map((list) => JSON.stringify(list, null, 1)),
  );

  test('a list is cut into the texts of exactly the values that JSON.parse finds in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ stringUnit: anyCharacter }), { maxLength: 8 }),
        fc.constantFrom('', ' ', '\n\t'),
        (list, space) => {
          const text = space + JSON.stringify(list, null, space) + space;
          expect(textsOf(text).map((slice) => JSON.parse(slice))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test('a map is cut into the members that JSON.parse finds in it', () => {
    const maps = fc.dictionary(fc.string({ unit: anyCharacter }), fc.jsonValue(), { maxKeys: 8 });
    fc.assert(
      fc.property(maps, fc.constantFrom('', ' ', '\n'), (map, space) => {
        const text = JSON.stringify(map, null, space);
        const scan = scanChildren(text, 0, { depthMax, childrenMax: 100 });
        if (scan.kind !== 'scanned') throw new Error(scan.kind);
        const members = scan.children.map((child) => {
          const member = readMember(text, child);
          if (member === undefined) throw new Error(text.slice(child.start, child.end));
          return [member.name, JSON.parse(text.slice(member.value.start, member.value.end))];
        });
        expect(Object.fromEntries(members)).toEqual(JSON.parse(text));
      }),
    );
  });

  // Broken JSON is JSON with one character removed, doubled or replaced: near enough to fool a scanner.
  test('is refused exactly when JSON.parse refuses it', () => {
    const damaged = fc
      .tuple(anyJson, fc.nat(), fc.constantFrom('', '[', ']', '{', '}', ',', ':', '"', '\\', ' ', '0'), fc.nat(1))
      .map(([text, at, insert, cut]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + insert + text.slice(position + cut);
      });
    const batches = fc
      .array(fc.jsonValue(), { maxLength: 4 })
      .map((records) => JSON.stringify({ event: 'e', object: { id: 1, records }, batch: records }));
    const damagedBatches = fc
      .tuple(batches, fc.nat(), fc.constantFrom('', '[', ']', '{', '}', ',', ':', '"', '\\', ' ', '0'), fc.nat(1))
      .map(([text, at, insert, cut]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + insert + text.slice(position + cut);
      });
    const letters = fc.string({ unit: fc.constantFrom(...'[]{},:"\\ 01a') });
    fc.assert(
      fc.property(
        fc.oneof(anyJson, damaged, batches, damagedBatches, letters),
        fc.constantFrom(wrapper, inMap),
        (text, by) => {
          const split = splitEvents(text, by);
          const refusedAsJson = split.kind === 'refused' && ['body_not_json', 'body_empty'].includes(split.reason);
          expect(refusedAsJson).toBe(!isJson(text));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('in a wrapper whose list lies in a map gives each record its own members and else what is around it', () => {
    const name = fc.constantFrom('event', 'object', 'records', 'hash', '__proto__', 'o"b');
    const map = fc.dictionary(name, fc.jsonValue(), { maxKeys: 4 });
    fc.assert(
      fc.property(
        map,
        map,
        fc.array(fc.oneof(map, fc.jsonValue()), { maxLength: 4 }),
        fc.constantFrom('', ' ', '\n'),
        (outer, object, records, space) => {
          const text = JSON.stringify({ ...outer, object: { ...object, records } }, null, space);
          const { object: around, ...rest } = JSON.parse(text);
          const { records: list, ...others } = around;
          const event = Object.hasOwn(rest, 'event') ? { event: rest.event } : {};
          const wanted = list.map((own: unknown) =>
            typeof own === 'object' && own !== null && !Array.isArray(own)
              ? membersOf({ ...event, object: others, ...own })
              : own,
          );
          const found = textsOf(text, inMap).map((one) => JSON.parse(one));
          expect(
            found.map((one) => (typeof one === 'object' && one !== null && !Array.isArray(one) ? membersOf(one) : one)),
          ).toEqual(wanted);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('in a wrapper gives each event its own members and else the shared ones', () => {
    const member = fc.constantFrom('context', 'sentAt', 'a', '__proto__', 'ba"tch');
    const event = fc.dictionary(member, fc.jsonValue(), { maxKeys: 4 });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 5 }),
        fc.record({ context: fc.jsonValue(), sentAt: fc.string() }, { requiredKeys: [] }),
        (batch, shared) => {
          const texts = textsOf(JSON.stringify({ ...shared, batch, extra: 1 }));
          const events = JSON.parse(JSON.stringify(batch)) as Record<string, unknown>[];
          const wanted = events.map((own) => membersOf({ ...JSON.parse(JSON.stringify(shared)), ...own }));
          expect(texts.map((text) => membersOf(JSON.parse(text)))).toEqual(wanted);
        },
      ),
    );
  });
});

const membersOf = (map: object) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
