import { describe, expect, test } from '@jest/globals';
import { type EventNamespaces, readEventPath } from '../../../shared/core/mappings/event-path.ts';
import { fieldPathProblem, fieldPathText, parseFieldPath } from '../../../shared/core/mappings/field-path.ts';
import fc from '../../support/fast-check.ts';

const event: EventNamespaces = {
  userId: 'usr_1',
  headers: { 'user-agent': 'RudderLabs', 'x-shop.name': 'north' },
  preprocess: { custom_traits: { plan: 'pro' } },
  data: {
    'Plan Name': 'Pro',
    'x[0]': 'old',
    meta: { 'app.user_id': 'u-1', 'it\'s "q"': 1, '': 2, 'a\\b': 3, 'é\u2028': 4 },
    total: 0,
    items: [{ sku: 'A' }, { sku: 'B' }],
    note: null,
    'a.b': 'whole',
    a: { b: 'split' },
    length: 7,
  },
  body: {
    userId: 'usr_1',
    user_id: 'from the body',
    properties: { total: 1 },
    data: { total: 2 },
    list: [1, 2, 3],
    text: 'abc',
    ...JSON.parse('{"__proto__":{"own":1},"constructor":{"own":2}}'),
  },
};
const read = (path: string) => readEventPath(event, parseFieldPath(path));

describe('a field path', () => {
  test.each([
    ['user_id', 'usr_1', 'who did it, as the source derived it'],
    ['data.total', 0, 'a falsy value is a value'],
    ['data.note', null, 'a stored null is a value'],
    ['data.items.1.sku', 'B', 'a number indexes a list'],
    ['data.a.b', 'whole', 'a key with a dot in it comes before the split path'],
    ['data.length', 7, 'a field may be called length'],
    ['body.properties.total', 1, 'body is the parsed body'],
    ['body.data.total', 2, 'the body may have a field called data'],
    ['properties.total', 1, 'anything else is tried under body'],
    ['body.user_id', 'from the body', 'the body may have a field called user_id'],
    ['headers.user-agent', 'RudderLabs', 'headers by lower-case name'],
    ['headers.User-Agent', 'RudderLabs', 'header names have no case'],
    ['headers.x-shop.name', 'north', 'header names may have dots'],
    ['preprocess.custom_traits.plan', 'pro', 'what the source computed'],
  ])('%s reads %j: %s', (path, expected, _why) => {
    expect(read(path)).toEqual(expected);
  });

  test.each([
    ['data["Plan Name"]', 'Pro', 'a name with a space'],
    ["data['Plan Name']", 'Pro', 'either quote'],
    ['data.meta["app.user_id"]', 'u-1', 'a name with a dot below the first level'],
    ['data["meta"]["app.user_id"]', 'u-1', 'brackets follow each other'],
    ['data["a"].b', 'split', 'a quoted name is never joined with others'],
    ['data["a.b"]', 'whole', 'a quoted name is never split'],
    ['data.meta["it\'s \\"q\\""]', 1, 'a quote in a name, escaped'],
    ["data.meta['it\\'s \"q\"']", 1, 'the other quote needs no escape'],
    ['data.meta[""]', 2, 'an empty name'],
    ['data.meta["a\\\\b"]', 3, 'a backslash in a name'],
    ['data.meta["é\\u2028"]', 4, 'a sign by its code'],
    ['data.items[1].sku', 'B', 'an entry of a list by its number'],
    ['data.items["1"].sku', 'B', 'which may be quoted'],
    ['list[2]', 3, 'under the body too'],
    ['data.x[0]', 'old', 'a key that looks like an entry is tried whole, as it always was'],
    ['headers["X-Shop.Name"]', 'north', 'a quoted header name has no case either'],
  ])('%s reads %j: %s', (path, expected, _why) => {
    expect(fieldPathProblem(path)).toBeUndefined();
    expect(read(path)).toEqual(expected);
  });

  test('reads a whole namespace', () => {
    expect(read('data')).toBe(event.data);
    expect(read('body')).toBe(event.body);
    expect(read('headers')).toEqual(event.headers);
  });

  test.each([
    'data.missing',
    'data.total.deeper',
    'data.note.deeper',
    'data.items.9',
    'data.items[9].sku',
    'data.items[0][0]',
    'data.meta.app.user_id',
    'data["meta.app"]',
    'text[0]',
    'data["Plan Name"].x',
    'userid',
    'data.Total',
    'headers.cookie',
  ])('%s leads out of the document', (path) => {
    expect(read(path)).toBeUndefined();
  });

  test.each([
    'body.toString',
    'body["toString"]',
    'data.items["length"]',
    'body.hasOwnProperty',
    'data.items.length',
    'text.length',
    'body.list.map',
    'headers.toString',
    'data.items.push',
  ])('%s is inherited, so it is not there', (path) => {
    expect(read(path)).toBeUndefined();
  });

  test.each([
    '__proto__',
    'body.__proto__.own',
    'constructor.name',
    'body.constructor',
    'data.prototype.x',
    'body["__proto__"].own',
    "body['constr\\u0075ctor']",
  ])('%s is refused before any event is read', (path) => {
    expect(fieldPathProblem(path)).toContain('not a field of any event');
    expect(() => parseFieldPath(path)).toThrow();
  });

  test.each([
    ['', 'is empty'],
    ['.a', 'empty segment'],
    ['a..b', 'empty segment'],
    ['a.', 'empty segment'],
    ['two words', '{ value: ... }'],
    ['{{x}}', '{ template: ... }'],
    ['data.Plan Name', 'data["Plan Name"]'],
    ['data.Plan Name', 'preprocess.jsonata'],
    ['data.Plan Name', '{ value: ... }'],
    ['Plan Name', 'body["Plan Name"]'],
    ['Hello Mr. Smith.', '{ value: ... }'],
    ['data.a]b', 'data["a]b"]'],
    ['["Plan Name"]', 'body["Plan Name"]'],
    ['data[sku]', 'data["sku"]'],
    ['data.items[-1].sku', 'preprocess.jsonata'],
    ['data.items[*].sku', 'data.items[0]'],
    ['data.items[].sku', 'data.items[0]'],
    ['data.items[01]', 'data.items["01"]'],
    ['data.items[0', '[0]'],
    ['data["a"', '["name"]'],
    ['data["a', '["name"]'],
    ['data["a" ]', 'one quoted name'],
    ['data["a"x"]', '\\"'],
    ['data["a\\x"]', '\\\\'],
    ['data["a"]b', 'data["a"].b'],
    ['data["a"].', 'empty segment'],
    ['data..["a"]', 'empty segment'],
  ])('%j is refused with a reason that says what would be right', (path, reason) => {
    expect(fieldPathProblem(path)).toContain(reason);
  });
});

test('a path that was valid before brackets had a meaning is still read from a snapshot of that time', () => {
  const old = { ...event, data: { 'a[b]': { c: 1 }, 'd]': 2 } };
  for (const [path, value] of Object.entries({ 'data.a[b].c': 1, 'data.d]': 2 })) {
    expect(fieldPathProblem(path)).toBeDefined();
    expect(readEventPath(old, parseFieldPath(path))).toBe(value);
  }
});

test('whatever names a path has, it can be written, and is read back as those names', () => {
  const signs = [
    'a',
    'Z',
    '0',
    '.',
    ' ',
    '"',
    "'",
    '\\',
    '[',
    ']',
    '{',
    '}',
    '\n',
    '\u2028',
    '\u200b',
    '\ud800',
    '😀',
    'é',
    '-',
  ];
  const name = fc.string({ unit: fc.constantFrom(...signs), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
      const segments = ['data', ...names];
      const text = fieldPathText(segments);
      expect(fieldPathProblem(text)).toBeUndefined();
      expect(parseFieldPath(text).segments).toEqual(segments);
      // Neither a terminal nor a line of YAML can lose a part of it.
      expect(text).toMatch(/^[\P{C}]*$/u);
      expect(text).not.toMatch(/[\n\u2028]/);
    }),
    { numRuns: 3000 },
  );
});
