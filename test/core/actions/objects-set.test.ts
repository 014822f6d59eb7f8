import { describe, expect, test } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import { act, makeActionContext } from '../../support/directory-world.ts';

async function run(action: string, payload: JsonObject, made = makeActionContext(), seconds = 1) {
  const result = await act(made.context, action, payload, { seconds });
  return { result, directory: made.directory, entities: [...made.directory.entities.values()] };
}

describe('setting an object', () => {
  test('makes one of a new collection, from parameters and properties', async () => {
    const { result, entities } = await run('objects_set', {
      collection: 'projects',
      id: 7,
      name: 'Apollo',
      timezone: 'Europe/Madrid',
      properties: { plan: 'team', email: 'custom here', locale: 'es' },
      channel_data: '{"slack":{"token":"x"}}',
    });
    expect(result).toEqual({
      status: 'succeeded',
      result: {
        collection: 'projects',
        id: '7',
        created: true,
        changed: ['plan', 'email', 'locale', 'name', 'timezone', 'channel_data'],
      },
    });
    expect(entities[0]?.attributes).toEqual({
      plan: 'team',
      email: 'custom here',
      locale: 'es',
      name: 'Apollo',
      timezone: 'Europe/Madrid',
      channel_data: { slack: { token: 'x' } },
    });
  });

  test('merges maps, replaces lists and scalars, keeps null, and writes nothing when nothing changes', async () => {
    const made = makeActionContext();
    await run('objects_set', { collection: 'c', id: 'o', properties: { a: { x: 1, y: 1 }, list: [1, 2], s: 1 } }, made);
    const second = { collection: 'c', id: 'o', properties: { a: { y: null }, list: [3], s: { deep: 1 } } };
    const { entities } = await run('objects_set', second, made, 2);
    expect(entities[0]?.attributes).toEqual({ a: { x: 1, y: null }, list: [3], s: { deep: 1 } });
    const { writes } = made.directory;
    expect((await run('objects_set', second, made, 3)).result).toMatchObject({
      result: { created: false, changed: [] },
    });
    expect(made.directory.writes).toBe(writes);
  });

  test('of collection $tenants is the tenant', async () => {
    const made = makeActionContext();
    await run('objects_set', { collection: '$tenants', id: 't1', name: 'Orchard' }, made);
    const { entities } = await run('tenants_set', { id: 't1', properties: { plan: 'team' } }, made, 2);
    expect(entities).toHaveLength(1);
    expect(entities[0]?.attributes).toEqual({ name: 'Orchard', plan: 'team' });
  });

  test.each<[string, JsonObject, string]>([
    ['collection $users', { collection: '$users', id: 'u' }, 'collection'],
    ['a reserved collection', { collection: '$things', id: 'u' }, 'collection'],
    ['a collection with a slash', { collection: 'a/b', id: 'u' }, 'collection'],
    ['a list for a collection', { collection: ['c'], id: 'u' }, 'collection'],
    ['an id with a hash', { collection: 'c', id: 'a#b' }, 'id'],
    ["whitespace in a tenant's id", { collection: '$tenants', id: 'a b' }, 'id'],
    ['"undefined" for an id', { collection: 'c', id: 'undefined' }, 'id'],
    ['"null" for a collection', { collection: 'null', id: 'o' }, 'collection'],
    ['properties over 256 kB', { collection: 'c', id: 'o', properties: { a: 'x'.repeat(257 * 1024) } }, 'properties'],
  ])('%s: fails with the field, and writes nothing', async (_name, payload, field) => {
    const { result, directory } = await run('objects_set', payload);
    expect(result).toMatchObject({ status: 'failed', reason: 'invalid_params', errors: [{ field }] });
    expect(directory.writes).toBe(0);
  });

  test.each<[string, JsonObject, string]>([
    ['text for properties', { properties: 'plan' }, 'properties'],
    ['a map for a name', { name: {} }, 'name'],
    [
      'preferences nested too deep',
      { preferences: JSON.parse(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`) },
      'preferences',
    ],
  ])('%s: left out with a warning, and the object is stored', async (_name, payload, field) => {
    const { result, entities } = await run('objects_set', { collection: 'c', id: 'o', locale: 'es', ...payload });
    expect(result).toMatchObject({ status: 'succeeded', warnings: [{ code: 'property_ignored' }] });
    expect(result.warnings?.[0]?.message).toContain(`${field} was left out: `);
    expect(entities[0]?.attributes).toEqual({ locale: 'es' });
  });

  test.each(['constructor', '__proto__', 'toString'])('%s is a collection and an id like any other', async (name) => {
    const { entities } = await run('objects_set', { collection: name, id: name, properties: { plan: 'team' } });
    expect(entities).toMatchObject([{ ref: { collection: name, id: name }, attributes: { plan: 'team' } }]);
  });

  test.each<JsonObject>([{ id: 'o' }, { collection: 'c' }, { collection: '', id: null }, { collection: ' ', id: ' ' }])(
    '%j is skipped',
    async (payload) => {
      expect((await run('objects_set', payload)).result).toMatchObject({ reason: 'required_field_missing' });
    },
  );
});

describe('setting a tenant', () => {
  const branding = { primary_color: '#1a2b3c', logo_url: 'https://a.example/logo.png' };

  test('keeps settings apart from properties, and merges them', async () => {
    const made = makeActionContext();
    await run(
      'tenants_set',
      { id: 't1', settings: { branding, preference_set: { channel_types: { sms: true } } } },
      made,
    );
    const { result, entities } = await run(
      'tenants_set',
      {
        id: 't1',
        name: 'Orchard',
        settings: { branding: { primary_color: '#fff' }, preference_set: { workflows: { a: false } } },
      },
      made,
      2,
    );
    expect(result).toEqual({
      status: 'succeeded',
      result: { collection: '$tenants', id: 't1', created: false, changed: ['name', 'settings'] },
    });
    expect(entities[0]?.attributes).toEqual({
      name: 'Orchard',
      settings: {
        branding: { ...branding, primary_color: '#fff' },
        preference_set: { channel_types: { sms: true }, workflows: { a: false } },
      },
    });
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['replace', { a: 1, __persistence_strategy__: 'replace' }, { a: 1 }],
    ['merge', { a: 1, __persistence_strategy__: 'merge' }, { old: true, a: 1 }],
  ])('a preference set with strategy "%s" does that, and the strategy is not stored', async (_name, given, after) => {
    const made = makeActionContext();
    await run('tenants_set', { id: 't1', settings: { branding, preference_set: { old: true } } }, made);
    const { entities, result } = await run('tenants_set', { id: 't1', settings: { preference_set: given } }, made, 2);
    expect(entities[0]?.attributes).toEqual({ settings: { branding, preference_set: after } });
    expect(result.warnings).toBeUndefined();
  });

  test('a late "replace" takes nothing from what was said later', async () => {
    const made = makeActionContext();
    await run('tenants_set', { id: 't1', settings: { preference_set: { new: true } } }, made, 5);
    const late = { id: 't1', settings: { preference_set: { new: false, __persistence_strategy__: 'replace' } } };
    const { entities } = await run('tenants_set', late, made, 2);
    expect(entities[0]?.attributes).toEqual({ settings: { preference_set: { new: true } } });
  });

  test('a null preference set is a value; null branding is nothing', async () => {
    const { entities } = await run('tenants_set', { id: 't1', settings: { preference_set: null, branding: null } });
    expect(entities[0]?.attributes).toEqual({ settings: { preference_set: null } });
  });

  test('JSON text is taken for settings, and for each of them', async () => {
    const settings = JSON.stringify({ branding: JSON.stringify(branding) });
    const { entities } = await run('tenants_set', { id: 't1', settings });
    expect(entities[0]?.attributes).toEqual({ settings: { branding } });
  });

  test('odd colors and strategies are stored or merged, with a warning each', async () => {
    const settings = { branding: { primary_color: 'red' }, preference_set: { __persistence_strategy__: 'append' } };
    const { result, entities } = await run('tenants_set', { id: 't1', settings });
    expect(result.warnings?.map(({ code }) => code)).toEqual(['color_malformed', 'persistence_strategy_unknown']);
    expect(entities[0]?.attributes).toEqual({ settings: { branding: { primary_color: 'red' }, preference_set: {} } });
  });

  test.each<[string, JsonValue, string, JsonObject]>([
    ['text for branding', { branding: 'red', plan: 1 }, 'settings.branding', { settings: { plan: 1 } }],
    [
      'a number for a preference set',
      { preference_set: 7, plan: 1 },
      'settings.preference_set',
      { settings: { plan: 1 } },
    ],
    ['a number for settings', 1, 'settings', {}],
  ])('%s: left out with a warning, and the rest is stored', async (_name, settings, field, stored) => {
    const { result, entities } = await run('tenants_set', { id: 't1', name: 'Orchard', settings });
    expect(result).toMatchObject({ status: 'succeeded', warnings: [{ code: 'property_ignored' }] });
    expect(result.warnings?.[0]?.message).toContain(`${field} was left out: `);
    expect(entities[0]?.attributes).toEqual({ name: 'Orchard', ...stored });
  });

  test.each<[string, JsonObject, string]>([
    ['an id with whitespace', { id: 't 1' }, 'id'],
    ['"undefined" for an id', { id: 'undefined' }, 'id'],
  ])('%s: fails with the field', async (_name, payload, field) => {
    const { result, directory } = await run('tenants_set', payload);
    expect(result).toMatchObject({ status: 'failed', reason: 'invalid_params', errors: [{ field }] });
    expect(directory.writes).toBe(0);
  });
});
