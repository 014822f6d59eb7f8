import { describe, expect, test } from '@jest/globals';
import { usersIdentify } from '../../../shared/core/actions/users-identify.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { contextNowMs, makeActionContext } from '../../support/fakes-workflow-trigger.ts';

const traits = {
  name: 'Lena Ruiz',
  email: 'lena@orchard.example',
  phone: '+34910000001',
  plan: 'team',
  address: { city: 'Vigo' },
};

async function run(payload: JsonObject, { context, directory } = makeActionContext()) {
  const result = await usersIdentify.run(payload, context);
  return { result, directory, user: directory.entities.get(String(payload.id)) };
}

describe('identifying a user', () => {
  test('makes one that is not there, from parameters and traits', async () => {
    const { result, user } = await run({ id: 'usr_1', locale: 'es-ES', properties: traits });
    expect(result).toEqual({
      status: 'succeeded',
      result: { id: 'usr_1', created: true, changed: ['name', 'email', 'phone_number', 'plan', 'address', 'locale'] },
    });
    expect(user?.attributes).toEqual({
      name: 'Lena Ruiz',
      email: 'lena@orchard.example',
      phone_number: '+34910000001',
      plan: 'team',
      address: { city: 'Vigo' },
      locale: 'es-ES',
    });
    expect(user?.sourceTimeMs).toBe(contextNowMs - 1000);
  });

  test('changes one that is there, and says what changed', async () => {
    const made = makeActionContext();
    await run({ id: 'usr_1', properties: traits }, made);
    const { result, user } = await run(
      { id: 'usr_1', properties: { plan: 'pro', address: { zip: '36201' }, name: 'Lena Ruiz' } },
      made,
    );
    expect(result).toMatchObject({ result: { created: false, changed: ['plan', 'address'] } });
    expect(user?.attributes).toMatchObject({
      email: 'lena@orchard.example',
      plan: 'pro',
      address: { city: 'Vigo', zip: '36201' },
    });
  });

  test('with what is known already writes nothing at all', async () => {
    const made = makeActionContext();
    await run({ id: 'usr_1', properties: traits }, made);
    const { writes } = made.directory;
    const { result } = await run({ id: 'usr_1', properties: traits }, made);
    expect(result).toEqual({ status: 'succeeded', result: { id: 'usr_1', created: false, changed: [] } });
    expect(made.directory.writes).toBe(writes);
  });

  test('that arrives late overwrites nothing newer, and the log says so', async () => {
    const made = makeActionContext();
    await run({ id: 'usr_1', email: 'new@orchard.example' }, made);
    const late = { ...made.context, event: { ...made.context.event, occurredAtMs: contextNowMs - 60_000 } };
    const result = await usersIdentify.run(
      { id: 'usr_1', email: 'old@orchard.example', properties: { plan: 'team' } },
      late,
    );
    expect(result).toMatchObject({
      status: 'succeeded',
      result: { changed: ['plan'] },
      warnings: [{ code: 'older_than_stored', message: expect.stringContaining('email') }],
    });
    expect(made.directory.entities.get('usr_1')?.attributes).toMatchObject({
      email: 'new@orchard.example',
      plan: 'team',
    });
  });
});

describe('parameters', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['a numeric id is the id its digits spell', { id: 42 }, {}],
    [
      'parameters win over traits',
      { id: 'u', email: 'a@b.example', properties: { email: 'c@d.example' } },
      { email: 'a@b.example' },
    ],
    ['a null parameter is data that is not there', { id: 'u', email: null, timezone: null, preferences: null }, {}],
    ['a null trait is a value', { id: 'u', properties: { email: null, plan: null } }, { email: null, plan: null }],
    [
      'JSON text is taken for a map',
      { id: 'u', properties: '{"plan":"team"}', preferences: '{"default":{}}' },
      { plan: 'team', preferences: { default: {} } },
    ],
    ['a numeric phone is its digits', { id: 'u', phone_number: 34910000001 }, { phone_number: '34910000001' }],
    ['what is not a parameter is ignored', { id: 'u', shoe_size: 42 }, {}],
  ])('%s', async (_name, payload, attributes) => {
    const { result, directory } = await run(payload);
    expect(result.status).toBe('succeeded');
    expect(directory.entities.get(String(payload.id))?.attributes).toEqual(attributes);
  });

  test.each<[string, JsonObject]>([
    ['missing', {}],
    ['null', { id: null }],
    ['empty text', { id: '' }],
    ['blank', { id: ' \t ' }],
    ['a zero-width space', { id: '\u200b' }],
    ['an empty list', { id: [] }],
  ])('an id that is %s skips the action', async (_name, payload) => {
    const { result, directory } = await run({ ...payload, properties: traits });
    expect(result).toEqual({
      status: 'skipped',
      reason: 'required_field_missing',
      detail: 'id is required and resolved to nothing',
      errors: [{ field: 'id', message: 'id is required and resolved to nothing' }],
    });
    expect(directory.writes).toBe(0);
  });

  test.each<[string, JsonObject, string]>([
    ['a map for a picture', { avatar: { small: 'https://a.example/s.png' } }, 'avatar'],
    ['a boolean for a phone number', { phone_number: false }, 'phone_number'],
    ['a list for a name', { name: ['Lena'] }, 'name'],
    ['a map for a time zone', { timezone: {} }, 'timezone'],
    ['a list for a date', { created_at: [] }, 'created_at'],
    ['a list of properties', { properties: [] }, 'properties'],
    ['text that is not JSON', { properties: 'plan=team' }, 'properties'],
    ['JSON text that is not a map', { preferences: '[1]' }, 'preferences'],
    ['a number for channel data', { channel_data: 1 }, 'channel_data'],
    ['a trait of the wrong type', { properties: { phone: { home: 1 } } }, 'phone_number'],
    ['a trait nested too deep', { properties: { deep: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) } }, 'deep'],
  ])('%s is left out with a warning that names it, and the rest is stored', async (_name, payload, field) => {
    const { result, directory } = await run({ id: 'u', email: 'lena@orchard.example', ...payload });
    expect(result).toMatchObject({ status: 'succeeded', warnings: [{ code: 'property_ignored' }] });
    expect(result.warnings?.[0]?.message).toMatch(new RegExp(`(^|: )${field} was left out: (it )?(must be|nests)`));
    const [user] = await directory.readEach([{ kind: 'user', id: 'u' }]);
    expect(user?.attributes).toEqual({ email: 'lena@orchard.example' });
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('%s is an id like any other', async (id) => {
    const { result, directory } = await run({ id, email: 'lena@orchard.example' });
    expect(result).toMatchObject({ status: 'succeeded', result: { id, created: true } });
    const [user] = await directory.readEach([{ kind: 'user', id }]);
    expect(user?.attributes).toEqual({ email: 'lena@orchard.example' });
  });

  test.each<[string, JsonObject, string]>([
    ['an id with a slash', { id: 'a/b' }, 'id'],
    ['an id with a hash', { id: 'a#b' }, 'id'],
    ['an id of 257 characters', { id: 'x'.repeat(257) }, 'id'],
    ['a list for an id', { id: ['u'] }, 'id'],
    ['a map for an id', { id: { id: 'u' } }, 'id'],
    ['a boolean for an id', { id: true }, 'id'],
    ...['undefined', 'null', 'NaN', '[object Object]', ' undefined '].map((id): [string, JsonObject, string] => [
      `"${id}" for an id`,
      { id },
      'id',
    ]),
    ['an id of more bytes than a key has room for', { id: '人'.repeat(200) }, 'id'],
    ['properties over 256 kB', { id: 'u', properties: { a: 'x'.repeat(257 * 1024) } }, 'properties'],
  ])('%s: fails with the field, and writes nothing', async (_name, payload, field) => {
    const { result, directory } = await run(payload);
    expect(result).toMatchObject({ status: 'failed', reason: 'invalid_params', errors: [{ field }] });
    expect(result.detail).toContain(field);
    expect(directory.writes).toBe(0);
  });

  test('an id of 256 characters and every other sign is fine', async () => {
    const id = `user@example.com +${'ü'.repeat(238)}`;
    expect((await run({ id })).result).toMatchObject({ status: 'succeeded' });
  });

  test('malformed address, phone and time zone are stored, each with a warning', async () => {
    const { result, user } = await run({ id: 'u', email: 'lena', phone_number: '123', timezone: 'Mars/Olympus' });
    expect(result.warnings?.map(({ code }) => code)).toEqual([
      'email_malformed',
      'phone_number_malformed',
      'timezone_unknown',
    ]);
    expect(user?.attributes).toEqual({ email: 'lena', phone_number: '123', timezone: 'Mars/Olympus' });
  });
});
