import { describe, expect, test } from '@jest/globals';
import { prepareWrite, storable } from '../../../shared/core/directory/entity-write.ts';
import type { EntityRef } from '../../../shared/core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';

const user: EntityRef = { kind: 'user', id: 'user-1' };
const project: EntityRef = { kind: 'object', collection: 'projects', id: 'p1' };
const tenant: EntityRef = { kind: 'object', collection: '$tenants', id: 't1' };

function prepared(ref: EntityRef, given: JsonObject, explicit: JsonObject = {}) {
  const { write, warnings } = prepareWrite(ref, given, explicit, 1);
  return {
    attributes: write.attributes,
    codes: warnings.map(({ code }) => code),
    warnings,
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
  ])('%s cannot be set by senders, and a warning says so', (_name, ref, given) => {
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

describe('absent, null and empty', () => {
  const blanks = ['', ' ', '\t\n', '\u00a0', '\u200b'];
  const fields: [string, EntityRef, string[]][] = [
    [
      'a user',
      user,
      ['name', 'email', 'avatar', 'phone_number', 'phone', 'timezone', 'locale', 'created_at', 'createdAt'],
    ],
    ['an object', project, ['name', 'timezone', 'locale', 'created_at']],
    ['a tenant', tenant, ['name', 'created_at', 'settings', 'preferences', 'channel_data']],
  ];

  test.each(fields)('a field of %s that is blank says nothing, as a trait and as a parameter', (_name, ref, names) => {
    for (const name of names) {
      for (const blank of blanks) {
        expect(prepared(ref, { [name]: blank })).toMatchObject({ attributes: {}, codes: [] });
        expect(prepared(ref, {}, { [name.replace(/^(phone|createdAt)$/, 'name')]: blank }).attributes).toEqual({});
      }
    }
  });

  test('a blank parameter does not hide what the traits say', () => {
    expect(prepared(user, { email: 'lena@orchard.example' }, { email: '' }).attributes).toEqual({
      email: 'lena@orchard.example',
    });
  });

  test.each(fields)('a field of %s that is null is emptied', (_name, ref, names) => {
    for (const name of names.filter((one) => !/^(phone|createdAt)$/.test(one)))
      expect(prepared(ref, { [name]: null })).toMatchObject({ attributes: { [name]: null }, codes: [] });
    if (ref.kind === 'user') expect(prepared(ref, { phone: null }).attributes).toEqual({ phone_number: null });
  });

  test('a custom property holds what it is given, null and empty text too', () => {
    const given = { nickname: '', plan: null, tags: [], address: { line2: '' } };
    expect(prepared(user, given)).toMatchObject({ attributes: given, codes: [] });
  });

  test.each<[string, JsonObject]>([
    ['blank', { phone_number: '', phone: '+34910000001' }],
    ['null, before', { phone_number: null, phone: '+34910000001' }],
    ['null, after', { phone: '+34910000001', phone_number: null }],
  ])('where a field is %s, another name for it gives the value', (_name, given) => {
    expect(prepared(user, given)).toMatchObject({ attributes: { phone_number: '+34910000001' }, codes: [] });
  });
});

describe('the time of creation', () => {
  test.each<[string, JsonValue, string]>([
    ['a date-time', '2026-05-04T08:15:30Z', '2026-05-04T08:15:30Z'],
    ['a date', '2026-05-04', '2026-05-04T00:00:00.000Z'],
    ['a date-time of a database', '2026-05-04 08:15:30+02', '2026-05-04T06:15:30.000Z'],
    ['seconds', 1777882530, '2026-05-04T08:15:30.000Z'],
    ['seconds as text', '1777882530', '2026-05-04T08:15:30.000Z'],
    ['milliseconds', 1777882530123, '2026-05-04T08:15:30.123Z'],
  ])('%s is read as a time, by both names and as a parameter', (_name, value, stored) => {
    for (const ref of [user, project, tenant]) {
      expect(prepared(ref, { created_at: value })).toMatchObject({ attributes: { created_at: stored }, codes: [] });
      expect(prepared(ref, { createdAt: value })).toMatchObject({ attributes: { created_at: stored }, codes: [] });
      expect(prepared(ref, {}, { created_at: value })).toMatchObject({ attributes: { created_at: stored }, codes: [] });
    }
  });

  test('with both names the field is created_at, and createdAt stays a property', () => {
    const given = { createdAt: '2025-01-01T00:00:00Z', created_at: '2026-05-04T08:15:30Z' };
    expect(prepared(user, given)).toMatchObject({ attributes: given, codes: [] });
  });
});

describe('hostile names', () => {
  test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'length', 'prototype'])(
    '%s is a property like any other, at any depth',
    (name) => {
      const given = { [name]: 'x', deep: { [name]: { [name]: 1 } }, list: [{ [name]: null }] };
      expect(prepared(user, given)).toMatchObject({ attributes: given, codes: [] });
    },
  );

  test('a name within a property that cannot be stored is left out with a warning, and the rest stays', () => {
    const given = JSON.parse('{"deep": {"a": 1, "__proto__": {"polluted": true}, "": 2}}') as JsonObject;
    const { attributes, warnings } = prepared(user, given);
    expect(attributes).toEqual({ deep: { a: 1 } });
    expect(warnings.map(({ message }) => message)).toEqual([
      'user-1: deep."__proto__" was left out: no property can have this name',
      'user-1: deep."" was left out: no property can have this name',
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('half a character in a name becomes U+FFFD, as the table would make of it', () => {
    expect(prepared(user, { 'a\ud800': 1 }).attributes).toEqual({ 'a\ufffd': 1 });
  });
});

describe('formats', () => {
  const formats: [field: string, formed: string[], malformed: string[], code: string][] = [
    [
      'email',
      ['a@b', 'lena+x@orchard.example', 'ü@ü.example'],
      ['lena', '@b', 'a@', 'a@b@c', 'a b@c'],
      'email_malformed',
    ],
    [
      'phone_number',
      ['+34910000001', '+15550100'],
      ['34910000001', '+0123', '+34 910 000 001', '+', `+${'1'.repeat(16)}`],
      'phone_number_malformed',
    ],
    [
      'timezone',
      ['Europe/Madrid', 'UTC', 'America/Argentina/Buenos_Aires'],
      ['Madrid', 'Europe/Nowhere', '+01:00', 'GMT+25'],
      'timezone_unknown',
    ],
    [
      'created_at',
      ['2026-05-04T08:15:30Z', '2026-05-04T08:15:30.123+02:00', '2026-05-04T08:15Z'],
      ['yesterday', '2026-13-04T08:15:30Z', '04/05/2026', '12'],
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

  test('properties nest 30 levels; one that is deeper is left out, and the others stay', () => {
    expect(prepared(user, { deep: nested(30) })).toMatchObject({ attributes: { deep: nested(30) }, codes: [] });
    for (const [given, explicit] of [
      [{ deep: nested(31), plan: 'team' }, {}],
      [{ plan: 'team' }, { preferences: nested(31) }],
      [{ plan: 'team', preferences: JSON.stringify(nested(31)) }, {}],
    ] satisfies [JsonObject, JsonObject][]) {
      expect(prepared(user, given, explicit)).toMatchObject({
        attributes: { plan: 'team' },
        codes: ['property_ignored'],
      });
    }
  });

  test('hostile depth is left out, not recursed into', () => {
    expect(prepared(user, { deep: nested(100_000) })).toMatchObject({ attributes: {}, codes: ['property_ignored'] });
  });
});

/** `levels` maps and lists around a scalar. */
function nested(levels: number): JsonObject {
  let value: JsonValue = 1;
  for (let level = 1; level < levels; level++) value = level % 2 ? { a: value } : [value];
  return { a: value };
}
