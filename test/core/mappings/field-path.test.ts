import { describe, expect, test } from '@jest/globals';
import { type EventNamespaces, readEventPath } from '../../../shared/core/mappings/event-path.ts';
import { fieldPathProblem, parseFieldPath } from '../../../shared/core/mappings/field-path.ts';

const event: EventNamespaces = {
  userId: 'usr_1',
  headers: { 'user-agent': 'RudderLabs', 'x-shop.name': 'north' },
  preprocess: { custom_traits: { plan: 'pro' } },
  data: { total: 0, items: [{ sku: 'A' }, { sku: 'B' }], note: null, 'a.b': 'whole', a: { b: 'split' }, length: 7 },
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
    'userid',
    'data.Total',
    'headers.cookie',
  ])('%s leads out of the document', (path) => {
    expect(read(path)).toBeUndefined();
  });

  test.each([
    'body.toString',
    'body.hasOwnProperty',
    'data.items.length',
    'text.length',
    'body.list.map',
    'headers.toString',
    'data.items.push',
  ])('%s is inherited, so it is not there', (path) => {
    expect(read(path)).toBeUndefined();
  });

  test.each(['__proto__', 'body.__proto__.own', 'constructor.name', 'body.constructor', 'data.prototype.x'])(
    '%s is refused before any event is read',
    (path) => {
      expect(fieldPathProblem(path)).toContain('not a field of any event');
      expect(() => parseFieldPath(path)).toThrow();
    },
  );

  test.each([
    ['', 'is empty'],
    ['.a', 'empty segment'],
    ['a..b', 'empty segment'],
    ['a.', 'empty segment'],
    ['two words', '{ value: ... }'],
    ['{{x}}', '{ template: ... }'],
  ])('%j is refused with a reason that says what would be right', (path, reason) => {
    expect(fieldPathProblem(path)).toContain(reason);
  });
});
