import { describe, expect, test } from '@jest/globals';
import type { EventNamespaces } from '../../../shared/core/mappings/event-path.ts';
import { compileMapping, compileValue, pathsOf, unmetBecause } from '../../../shared/core/mappings/parameter-value.ts';
import { Condition, Mapping, ParameterValue } from '../../../shared/core/mappings/schema.ts';

const event: EventNamespaces = {
  userId: 'u1',
  headers: {},
  preprocess: {},
  body: {
    price: '142.50',
    cents: '-7',
    power: '1e3',
    euro: '€5',
    comma: '1,000',
    blank: ' 5',
    long: '820982911946154508',
    cohort_id: 'k3',
    count: 3,
    empty: '',
    none: null,
    flag: false,
    list: ['a'],
  },
  data: { email: 'lena@orchard.example', zero: 0, 'Full Name': 'Lena Ort', '}}': 'b' },
};
const resolve = (value: unknown) => compileValue(ParameterValue.parse(value))(event);

describe('a parameter value', () => {
  test.each([
    ['a bare string is a path', 'data.email', 'lena@orchard.example'],
    ['a literal stays what it is', { value: 'data.email' }, 'data.email'],
    ['a literal may be a map', { value: { value: 1 } }, { value: 1 }],
    ['a literal may be null', { value: null }, null],
    [
      'first takes the first that is there',
      { first: ['body.missing', 'body.none', 'body.empty', 'data.email'] },
      'lena@orchard.example',
    ],
    ['first takes a falsy value that is there', { first: ['data.zero', 'data.email'] }, 0],
    ['first may end in a literal', { first: ['body.missing', { value: 'x' }] }, 'x'],
    ['first of nothing is nothing', { first: ['body.missing'] }, undefined],
    ['a template builds text', { template: 'amplitude-{{ body.cohort_id }}-{{body.count}}' }, 'amplitude-k3-3'],
    ['a template with a missing part is nothing', { template: 'a-{{body.missing}}' }, undefined],
    ['a template with an empty part is nothing', { template: 'a-{{body.empty}}' }, undefined],
    ['a template with a list in it is nothing', { template: 'a-{{body.list}}' }, undefined],
    ['a template prints false and 0', { template: '{{body.flag}} {{data.zero}}' }, 'false 0'],
    [
      'a template takes quoted names, with braces too',
      { template: '{{data["Full Name"]}}/{{ data[\'}}\'] }}' },
      'Lena Ort/b',
    ],
    ['an open bracket in a template is text', { template: '{[{{user_id}}]' }, '{[u1]'],
    ['maps nest', { id: 'user_id', email: 'data.email' }, { id: 'u1', email: 'lena@orchard.example' }],
    ['a map leaves out what is not there', { id: 'user_id', phone: 'data.phone' }, { id: 'u1' }],
    ['lists nest', ['user_id', { value: 'u2' }], ['u1', 'u2']],
    ['a list leaves out what is not there', ['user_id', 'data.phone'], ['u1']],
    [
      'an operator beside other keys is a map',
      { value: 'user_id', first: 'data.email' },
      { value: 'u1', first: 'lena@orchard.example' },
    ],
  ])('%s', (_name, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  test('names every path it reads', () => {
    const value = ParameterValue.parse({
      a: { first: ['user_id', { template: '{{body.x}}' }] },
      b: ['data.y'],
      c: { value: 'no.path' },
    });
    expect(pathsOf(value)).toEqual(['user_id', 'body.x', 'data.y']);
  });

  test.each([
    ['a path into a prototype', 'data.__proto__.x'],
    ['an empty fallback list', { first: [] }],
    ['a number, which is neither path nor literal', 5],
  ])('is refused: %s', (_name, value) => {
    expect(ParameterValue.safeParse(value).success).toBe(false);
  });
});

describe('a mapping', () => {
  const parameters = (action: string, given: Record<string, unknown>) =>
    compileMapping(Mapping.parse({ id: 'm', event: 'e', action, parameters: given })).parameters(event);

  test('takes the key of a workflow action as it stands, and as a path when it is one', () => {
    expect(parameters('workflows_trigger', { key: 'order-completed' })).toMatchObject({ key: 'order-completed' });
    expect(parameters('workflows_trigger', { key: 'body.cohort_id' })).toMatchObject({ key: 'k3' });
    expect(parameters('audiences_add_member', { key: 'cohort_id' })).toEqual({ key: 'k3' });
  });

  // Else an order without an assignee would notify whoever placed it.
  test("a trigger's recipients default to the event's user only where the mapping names none", () => {
    expect(parameters('workflows_trigger', { key: 'order-completed' })).toEqual({
      key: 'order-completed',
      recipients: 'u1',
    });
    expect(parameters('workflows_trigger', { key: 'order-completed', recipients: 'body.no_such_field' })).toEqual({
      key: 'order-completed',
    });
  });

  test('leaves out parameters whose path leads nowhere and keeps nulls', () => {
    expect(parameters('users_identify', { id: 'user_id', name: 'data.name', avatar: 'body.none' })).toEqual({
      id: 'u1',
      avatar: null,
    });
  });

  test('is refused with a field that no mapping has', () => {
    expect(Mapping.safeParse({ id: 'm', event: 'e', action: 'a', paramters: {} }).success).toBe(false);
  });
});

describe('a condition', () => {
  const unmet = (condition: object) => {
    const [compiled] = compileMapping(
      Mapping.parse({ id: 'm', event: 'e', action: 'a', when: [condition] }),
    ).conditions;
    return compiled && unmetBecause(compiled, event);
  };

  test.each([
    { path: 'body.count', is: 3 },
    { path: 'body.count', is_not: 4 },
    { path: 'body.count', in: [1, 3] },
    { path: 'body.count', not_in: [1, 2] },
    { path: 'body.count', gt: 2, lt: 4 },
    { path: 'body.count', gte: 3, lte: 3 },
    { path: 'body.price', gt: 142.49, lt: 142.51 },
    { path: 'body.price', gte: 142.5, lte: 142.5 },
    { path: 'body.cents', lt: 0 },
    { path: 'body.power', gte: 1000 },
    { path: 'body.long', gt: 9007199254740991 },
    { path: 'data.email', exists: true },
    { path: 'data.zero', exists: true },
    { path: 'body.missing', exists: false },
    { path: 'body.none', exists: false },
    { path: 'body.list', contains: 'a' },
    { path: 'data.email', contains: '@orchard' },
    { path: 'data.email', starts_with: 'lena@' },
    { path: 'body.flag', is: false },
    { path: 'body.missing', is_not: 3 },
  ])('holds: %j', (condition) => {
    expect(unmet(condition)).toBeUndefined();
  });

  test.each([
    [{ path: 'body.count', is: '3' }, 'body.count is 3, not "3"'],
    [{ path: 'body.count', is_not: 3 }, 'body.count is 3'],
    [{ path: 'body.count', in: [1, 2] }, 'body.count is 3, not one of [1,2]'],
    [{ path: 'body.count', gt: 3 }, 'body.count is 3, not gt 3'],
    [{ path: 'data.email', gt: 3 }, 'data.email is "lena@orchard.example", which is not a number, so not gt 3'],
    [{ path: 'body.price', gt: 142.5 }, 'body.price is "142.50", not gt 142.5'],
    [{ path: 'body.price', is: 142.5 }, 'body.price is "142.50", not 142.5'],
    [{ path: 'body.euro', gte: 0 }, 'body.euro is "€5", which is not a number, so not gte 0'],
    [{ path: 'body.comma', gte: 0 }, 'body.comma is "1,000", which is not a number, so not gte 0'],
    [{ path: 'body.blank', gte: 0 }, 'body.blank is " 5", which is not a number, so not gte 0'],
    [{ path: 'body.empty', lte: 0 }, 'body.empty is "", which is not a number, so not lte 0'],
    [{ path: 'body.none', lte: 0 }, 'body.none is null, which is not a number, so not lte 0'],
    [{ path: 'body.flag', lte: 0 }, 'body.flag is false, which is not a number, so not lte 0'],
    [{ path: 'body.list', lte: 0 }, 'body.list is ["a"], which is not a number, so not lte 0'],
    [{ path: 'body.missing', lt: 3 }, 'body.missing is missing, not lt 3'],
    [{ path: 'body.missing', exists: true }, 'body.missing is missing'],
    [{ path: 'body.empty', exists: true }, 'body.empty is missing'],
    [{ path: 'data.email', exists: false }, 'data.email is "lena@orchard.example"'],
    [{ path: 'body.list', contains: 'b' }, 'body.list is ["a"], which does not contain "b"'],
    [{ path: 'body.count', starts_with: '3' }, 'body.count is 3, which does not start with "3"'],
  ])('does not hold, and says what it found: %j', (condition, reason) => {
    expect(unmet(condition)).toBe(reason);
  });

  test('needs a test beside its path', () => {
    expect(Condition.safeParse({ path: 'body.count' }).success).toBe(false);
    expect(Condition.safeParse({ path: 'body.count', matches: '^a' }).success).toBe(false);
  });
});
