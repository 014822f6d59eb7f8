import { describe, expect, test } from '@jest/globals';
import type { EntityRef } from '../../../shared/core/directory/entity.ts';
import { prepareWrite, storable } from '../../../shared/core/directory/entity-write.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';

const user: EntityRef = { kind: 'user', id: 'user-1' };
const project: EntityRef = { kind: 'object', collection: 'projects', id: 'p1' };
const tenant: EntityRef = { kind: 'object', collection: '$tenants', id: 't1' };

function prepared(ref: EntityRef, given: JsonObject, explicit: JsonObject = {}) {
  const result = prepareWrite(ref, given, explicit, 1);
  if (result.kind === 'invalid') throw new Error(`${result.field}: ${result.message}`);
  return {
    attributes: result.write.attributes,
    codes: result.warnings.map(({ code }) => code),
    warnings: result.warnings,
  };
}

describe('reserved names', () => {
  test("a user's traits become fields, aliases included, and the rest stays custom", () => {
    const traits = {
      name: 'Lena',
      email: 'lena@orchard.example',
      phone: '+34910000001',
      avatar: 'https://a.example/l.png',
      plan: 'team',
    };
    expect(prepared(user, traits)).toMatchObject({
      attributes: {
        name: 'Lena',
        email: 'lena@orchard.example',
        phone_number: '+34910000001',
        avatar: 'https://a.example/l.png',
        plan: 'team',
      },
      codes: [],
    });
  });

  test.each<[string, EntityRef, JsonObject]>([
    ["a user's identity and bookkeeping", user, { id: 'x', userId: 'x', updated_at: 'x', __typename: 'User' }],
    ["an object's", project, { id: 'x', collection: 'y', updated_at: 'x', __typename: 'Object' }],
  ])('%s are nobody else’s to set, and a warning says so', (_name, ref, given) => {
    expect(prepared(ref, given)).toMatchObject({ attributes: {}, codes: Array(3).fill('property_ignored') });
  });

  test.each<[string, EntityRef, JsonObject]>([
    ['a user', user, { id: 'user-1', userId: 'user-1', updated_at: null, __typename: 'User' }],
    ['an object', project, { id: 'p1', collection: 'projects', updated_at: '' }],
    ['a user whose id is a number', { kind: 'user', id: '7' }, { id: 7 }],
  ])('%s that repeats its own id needs no warning', (_name, ref, given) => {
    expect(prepared(ref, given)).toMatchObject({ attributes: {}, codes: [] });
  });

  test('phone_number wins over the alias phone, which stays a property then: nothing vanishes', () => {
    expect(prepared(user, { phone: '+341', phone_number: '+342' }).attributes).toEqual({
      phone: '+341',
      phone_number: '+342',
    });
    expect(prepared(user, { phone: '+341' }, { phone_number: '+342' }).attributes).toEqual({
      phone: '+341',
      phone_number: '+342',
    });
    expect(prepared(user, { phone: '+341' }).attributes).toEqual({ phone_number: '+341' });
  });

  test('an id with blanks at an end is taken as sent, with a warning', () => {
    expect(prepared({ kind: 'user', id: 'u ' }, {})).toMatchObject({ codes: ['id_has_blanks'] });
    expect(prepared({ kind: 'user', id: 'a b' }, {})).toMatchObject({ codes: [] });
  });

  test('what is a field of users alone is a custom property of objects', () => {
    expect(prepared(project, { email: 42, phone: 1, userId: 'u' })).toMatchObject({
      attributes: { email: 42, phone: 1, userId: 'u' },
      codes: [],
    });
  });

  test('parameters given one by one win over traits', () => {
    expect(prepared(user, { name: 'trait', plan: 'team' }, { name: 'explicit' }).attributes).toEqual({
      name: 'explicit',
      plan: 'team',
    });
  });

  test('null is a value', () => {
    expect(prepared(user, { name: null, plan: null }).attributes).toEqual({ name: null, plan: null });
  });
});

describe('reserved names with a value of the wrong type', () => {
  test('a number becomes text', () => {
    expect(prepared(user, { phone: 34910000001, name: 7 }).attributes).toEqual({
      phone_number: '34910000001',
      name: '7',
    });
  });

  test.each<[string, EntityRef, JsonObject]>([
    ['a map where text belongs', user, { name: { first: 'Lena' } }],
    ['a list where text belongs', user, { email: ['a@b.example'] }],
    ['a boolean where text belongs', project, { timezone: true }],
    ['text where a map belongs', user, { preferences: 'all' }],
    ["a list where a tenant's settings belong", tenant, { settings: [] }],
  ])('%s is left out with a warning', (_name, ref, given) => {
    expect(prepared(ref, { ...given, plan: 'team' })).toMatchObject({
      attributes: { plan: 'team' },
      codes: ['property_ignored'],
    });
  });
});

describe('formats', () => {
  const formats: [field: string, formed: string[], malformed: string[], code: string][] = [
    [
      'email',
      ['a@b', 'lena+x@orchard.example', 'ü@ü.example'],
      ['', 'lena', '@b', 'a@', 'a@b@c', 'a b@c'],
      'email_malformed',
    ],
    [
      'phone_number',
      ['+34910000001', '+15550100'],
      ['', '34910000001', '+0123', '+34 910 000 001', '+', `+${'1'.repeat(16)}`],
      'phone_number_malformed',
    ],
    [
      'timezone',
      ['Europe/Madrid', 'UTC', 'America/Argentina/Buenos_Aires'],
      ['', 'Madrid', 'Europe/Nowhere', '+01:00', 'GMT+25'],
      'timezone_unknown',
    ],
    [
      'created_at',
      ['2026-05-04T08:15:30Z', '2026-05-04T08:15:30.123+02:00', '2026-05-04T08:15Z'],
      ['', '2026-05-04', 'yesterday', '2026-13-04T08:15:30Z', '1777882530'],
      'created_at_malformed',
    ],
  ];
  test.each(formats)('%s: formed ones pass without a word', (field, formed) => {
    for (const text of formed) expect(prepared(user, { [field]: text }).codes).toEqual([]);
  });
  test.each(formats)('%s: malformed ones are stored as given, with a warning', (field, _formed, malformed, code) => {
    for (const text of malformed)
      expect(prepared(user, { [field]: text })).toMatchObject({ attributes: { [field]: text }, codes: [code] });
  });

  test('a warning names whom it is about, and not what they said', () => {
    expect(prepared(user, { email: 'secret' }).warnings).toEqual([
      { code: 'email_malformed', message: 'user-1: email is not an e-mail address; it was stored as given' },
    ]);
  });
});

describe('what the table could not hold', () => {
  test.each<[string, JsonValue, JsonValue]>([
    ['numbers beyond 2^53 become their digits', 1e21, '1e+21'],
    ['numbers too small become their digits', 1e-200, '1e-200'],
    ['minus zero is zero', -0, 0],
    ['other numbers stay', [1.5, -7, 9007199254740991], [1.5, -7, 9007199254740991]],
    ['half a surrogate pair becomes U+FFFD', 'a\ud800b', 'a\ufffdb'],
    ['deep inside too', { a: [{ b: 1e300 }] }, { a: [{ b: '1e+300' }] }],
  ])('%s', (_name, value, stored) => {
    expect(storable(value)).toEqual(stored);
    expect(prepared(user, { p: value }).attributes).toEqual({ p: stored });
  });

  test.each([
    '{"__proto__": {"polluted": true}, "plan": "team"}',
    '{"": 1, "plan": "team"}',
    `{"${'x'.repeat(1025)}": 1, "plan": "team"}`,
  ])('%s: the name is left out with a warning', (text) => {
    const { attributes, codes } = prepared(user, JSON.parse(text) as JsonObject);
    expect([Object.keys(attributes), codes]).toEqual([['plan'], ['property_ignored']]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('properties nest 30 levels, and no deeper', () => {
    expect(prepareWrite(user, { deep: nested(30) }, {}, 1).kind).toBe('ready');
    expect(prepareWrite(user, { deep: nested(31) }, {}, 1)).toMatchObject({ kind: 'invalid', field: 'deep' });
    expect(prepareWrite(user, {}, { preferences: nested(31) }, 1)).toMatchObject({
      kind: 'invalid',
      field: 'preferences',
    });
  });

  test('hostile depth is refused, not recursed into', () => {
    expect(prepareWrite(user, { deep: nested(100_000) }, {}, 1)).toMatchObject({ kind: 'invalid' });
  });
});

/** `levels` maps and lists around a scalar. */
function nested(levels: number): JsonObject {
  let value: JsonValue = 1;
  for (let level = 1; level < levels; level++) value = level % 2 ? { a: value } : [value];
  return { a: value };
}
