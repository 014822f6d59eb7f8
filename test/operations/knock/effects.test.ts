import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { parseFieldPath } from '../../../shared/core/mappings/field-path.ts';
import { comparable, type Effect, effectDifferences } from '../../../shared/operations/knock/compare/effects.ts';
import { isOfBody, type KnockLogEntry, knockEffects } from '../../../shared/operations/knock/compare/knock-log.ts';
import { withNewId } from '../../../shared/operations/knock/compare/outgoing-events.ts';
import { recordDifferences, touchedBy } from '../../../shared/operations/knock/compare/touched.ts';

const effect = (action: string, parameters: JsonObject, status = 'succeeded'): Effect => ({
  action,
  status,
  done: status === 'succeeded',
  parameters: comparable(action, parameters),
});

describe('effects are the same', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['one recipient or a list of one', { recipients: 'u-1' }, { recipients: ['u-1'] }],
    ['recipients in another order', { recipients: ['u-1', 'u-2'] }, { recipients: ['u-2', 'u-1'] }],
    ['a user as an id or a reference', { actor: 'u-1' }, { actor: { collection: '$users', id: 'u-1' } }],
    ['nothing and what is empty', {}, { data: { a: null, b: {} }, tenant: '', cancellation_key: null }],
    ['with a snapshot of the workflow', {}, { workflow: { key: 'x', steps: [] } }],
  ])('%s', (_what, here, knock) => {
    const one = effect('workflows_trigger', { key: 'x', ...here });
    expect(effectDifferences([one], [effect('workflows_trigger', { key: 'x', ...knock })])).toEqual([]);
  });

  test('in another order, also twice', () => {
    const [a, b] = [effect('workflows_trigger', { key: 'a' }), effect('workflows_trigger', { key: 'b' })];
    expect(effectDifferences([a, b, a], [a, a, b])).toEqual([]);
  });
});

describe('effects differ', () => {
  const about = (parameters: JsonObject, status?: string) =>
    effect('users_identify', { id: 'u-1', ...parameters }, status);

  test('in a parameter, which is named with both values', () => {
    expect(effectDifferences([about({ name: 'A' })], [about({ name: 'B', email: 'b@x.example' })])).toEqual([
      { kind: 'parameter', effect: 'users_identify u-1', parameter: 'name', here: 'A', knock: 'B' },
      { kind: 'parameter', effect: 'users_identify u-1', parameter: 'email', here: null, knock: 'b@x.example' },
    ]);
  });

  test('in number and text, which are not the same', () => {
    expect(effectDifferences([about({ name: '5' })], [about({ name: 5 })])).toHaveLength(1);
  });

  test('in whether it was done, in the words of both', () => {
    expect(effectDifferences([about({}, 'skipped')], [about({})])).toEqual([
      { kind: 'status', effect: 'users_identify u-1', here: 'skipped', knock: 'succeeded' },
    ]);
  });

  test('by existing on one side', () => {
    const other = effect('users_identify', { id: 'u-2' });
    expect(effectDifferences([about({})], [other])).toEqual([
      { kind: 'only_here', effect: 'users_identify u-1' },
      { kind: 'only_at_knock', effect: 'users_identify u-2' },
    ]);
    expect(effectDifferences([about({}), about({})], [about({})])).toEqual([
      { kind: 'only_here', effect: 'users_identify u-1' },
    ]);
  });
});

describe('Knock’s log', () => {
  const entry = (more: Partial<KnockLogEntry>): KnockLogEntry => ({ id: 'l', event: 'e', actions: [], ...more });

  test('is of an event whose body it has, whole, as a member, or only its contents', () => {
    const body = { type: 'a', list: [1] };
    expect(isOfBody(entry({ data: { list: [1], type: 'a' } }), body)).toBe(true);
    expect(isOfBody(entry({ data: { body, headers: {} } }), body)).toBe(true);
    expect(isOfBody(entry({ data: { total: 5 } }), { type: 'track', properties: { total: 5 } })).toBe(true);
    expect(isOfBody(entry({ data: {} }), { type: 'track', properties: {} })).toBe(false);
    expect(isOfBody(entry({ data: { body: { type: 'a' } } }), body)).toBe(false);
    expect(isOfBody(entry({ data: null }), body)).toBe(false);
  });

  test('may name the workflow in the payload, its snapshot, or the parameters', () => {
    const actions = [
      { action_payload: { key: 'x' } },
      { action_payload: { workflow: { key: 'x' } } },
      { action_payload: { workflow: 'x' } },
      { action_payload: {}, action_parameters: { key: 'x' } },
    ].map((one) => ({ action_type: 'workflows_trigger', action_status: 'success', ...one }));
    expect(knockEffects(entry({ actions })).map(({ parameters }) => parameters)).toEqual(
      Array.from({ length: 4 }, () => ({ key: 'x' })),
    );
  });

  test('of an action without a status, or with an unknown one, says that it was not done', () => {
    const actions = [null, 'error', 'skipped'].map((action_status) => ({ action_type: 'users_delete', action_status }));
    expect(knockEffects(entry({ actions })).map(({ done }) => done)).toEqual([false, false, false]);
  });
});

describe('records', () => {
  test('are those that an action sets or deletes, and recipients that are described', () => {
    const touched = touchedBy([
      effect('users_identify', { id: 'u-1', name: 'A', properties: { plan: 'pro' } }),
      effect('users_identify', { id: 'u-1', email: 'a@x.example' }),
      effect('tenants_delete', { id: 't-1' }),
      effect('objects_set', { collection: 'projects', id: 'p-1', name: 'P' }),
      effect('objects_subscribe', { collection: 'projects', id: 'p-2', recipients: ['u-9'] }),
      effect('workflows_trigger', { key: 'x', recipients: ['u-3', { id: 'u-2', name: 'B' }] }),
    ]);
    expect(touched.map(({ ref, fields }) => [ref, [...fields]])).toEqual([
      [{ kind: 'user', id: 'u-1' }, ['name', 'plan', 'email']],
      [{ kind: 'object', collection: '$tenants', id: 't-1' }, []],
      [{ kind: 'object', collection: 'projects', id: 'p-1' }, ['name']],
      [{ kind: 'user', id: 'u-2' }, ['name']],
    ]);
  });

  test('differ in fields that were written, and in whether they exist; not in older fields', () => {
    const [touched] = touchedBy([effect('users_identify', { id: 'u-1', name: 'A', email: null })]);
    if (touched === undefined) throw new Error('nothing was touched');
    expect(recordDifferences(touched, { name: 'A', plan: 'old' }, { name: 'A', plan: 'other' })).toEqual([]);
    expect(recordDifferences(touched, { name: 'A' }, {})).toEqual([
      { record: 'user u-1', field: 'name', here: 'A', knock: null },
    ]);
    expect(recordDifferences(touched, { name: 'A' }, undefined)).toEqual([
      { record: 'user u-1', field: 'whether it exists', here: true, knock: false },
    ]);
  });
});

describe('a new id', () => {
  const event = (text: string, headers = {}) => ({ name: 'e', headers, body: new TextEncoder().encode(text) });
  const textOf = ({ body }: { body: Uint8Array }) => new TextDecoder().decode(body);
  const paths = ['headers.svix-id', 'body.messageId'].map(parseFieldPath);

  test('takes the place of the old one; every other byte stays', () => {
    const text = '{ "n": 12345678901234567890,\n "messageId":"m-1" }';
    const renewed = textOf(withNewId(event(text), paths));
    expect(renewed).toMatch(/^\{ "n": 12345678901234567890,\n "messageId":"[0-9a-f-]{36}" \}$/);
  });

  test('in a header leaves the body alone', () => {
    const renewed = withNewId(event('{"a":1}', { 'svix-id': 'msg_1' }), paths);
    expect(renewed.headers['svix-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(textOf(renewed)).toBe('{"a":1}');
  });

  test.each(['{"a":1}', '[1]', 'no JSON'])('is not made up for %s', (text) =>
    expect(withNewId(event(text), paths)).toEqual(event(text)),
  );

  test('is refused where the old one stands elsewhere too, since that may mean something', () => {
    expect(() => withNewId(event('{"messageId":"m-1","also":"m-1"}'), paths)).toThrow('occurs 2 times');
  });
});
