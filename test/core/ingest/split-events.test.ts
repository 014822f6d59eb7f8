import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readMember, scanChildren } from '../../../shared/core/ingest/json-scanner.ts';
import { depthMax, eventsMax, splitEvents } from '../../../shared/core/ingest/split-events.ts';

const wrapper = { list: ['batch'] as [string], shared: ['context', 'integrations', 'sentAt'], unless: 'type' };
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

function textsOf(text: string): string[] {
  const split = splitEvents(text, wrapper);
  if (split.kind === 'refused') throw new Error(`${split.reason}: ${split.detail}`);
  return split.events.map((event) => event.text);
}

function refusalOf(text: string) {
  const split = splitEvents(text, wrapper);
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

describe('what is no event', () => {
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
        fc.array(fc.jsonValue({ stringUnit: 'binary' }), { maxLength: 8 }),
        fc.constantFrom('', ' ', '\n\t'),
        (list, space) => {
          const text = space + JSON.stringify(list, null, space) + space;
          expect(textsOf(text).map((slice) => JSON.parse(slice))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test('a map is cut into the members that JSON.parse finds in it', () => {
    const maps = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 8 });
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
    fc.assert(
      fc.property(fc.oneof(anyJson, damaged, fc.string({ unit: fc.constantFrom(...'[]{},:"\\ 01a') })), (text) => {
        const split = splitEvents(text, wrapper);
        const refusedAsJson = split.kind === 'refused' && ['body_not_json', 'body_empty'].includes(split.reason);
        expect(refusedAsJson).toBe(!isJson(text));
      }),
      { numRuns: 3000 },
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
