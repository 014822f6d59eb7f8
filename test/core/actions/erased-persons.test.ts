import { describe, expect, test } from '@jest/globals';
import { actions, findAction } from '../../../shared/core/actions/index.ts';
import { withoutErased } from '../../../shared/core/actions/parts/without-erased.ts';
import { messageWithoutErased } from '../../../shared/core/executions/message-without-erased.ts';
import { erasedPersons, personHash } from '../../../shared/core/ids/erased-persons.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import type { ActionsMessage } from '../../../shared/core/plan/actions-message.ts';

const erased = erasedPersons('salt', [personHash('salt', 'lena'), personHash('salt', '42')]);
const without = (action: string, payload: JsonObject, persons: { known?: typeof erased } = { known: erased }) => {
  const found = findAction(action);
  if (found === undefined) throw new Error(`no action ${action}`);
  return withoutErased(found, payload, persons.known);
};

describe('an action for an erased person alone is refused', () => {
  test.each<[string, JsonObject]>([
    ['users_identify', { id: 'lena', email: 'lena@orchard.example' }],
    ['users_identify', { id: 42 }],
    ['users_delete', { id: 'lena' }],
    ['workflows_trigger', { key: 'w', recipients: 'lena' }],
    ['workflows_trigger', { key: 'w', recipients: [{ id: 'lena', name: 'Lena' }, 42] }],
    ['workflows_trigger', { key: 'w', recipients: '["lena"]' }],
    ['workflows_trigger', { key: 'w', recipients: { collection: '$users', id: 'lena' } }],
    // Without its recipients it would cancel the runs of everyone.
    ['workflows_cancel', { key: 'w', cancellation_key: 'c', recipients: ['lena'] }],
    ['objects_subscribe', { collection: 'projects', id: 'p', recipients: ['lena'] }],
    ['objects_unsubscribe', { collection: 'projects', id: 'p', recipients: ['lena'] }],
    ['audiences_add_member', { key: 'vip', user: { user_id: 'lena', email: 'x' } }],
    ['audiences_add_member', { key: 'vip', members: [{ user: 'lena', tenant: 't' }, { user: { id: 'lena' } }] }],
    ['audiences_remove_member', { key: 'vip', user: 'lena' }],
  ])('%s %j', (action, payload) => {
    expect(without(action, payload)).toEqual({ kind: 'refused' });
  });
});

describe('an action runs for the others', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'workflows_trigger',
      { key: 'w', recipients: ['lena', 'ivo'], actor: { id: 'lena', name: 'Lena' } },
      { key: 'w', recipients: ['ivo'] },
    ],
    ['workflows_trigger', { key: 'w', recipients: ['ivo', 42] }, { key: 'w', recipients: ['ivo'] }],
    ['workflows_cancel', { key: 'w', recipients: ['lena', 'ivo'] }, { key: 'w', recipients: ['ivo'] }],
    ['audiences_add_member', { key: 'v', members: ['ivo'], user: 'lena' }, { key: 'v', members: ['ivo'] }],
  ])('%s %j', (action, payload, rest) => {
    expect(without(action, payload)).toMatchObject({ kind: 'run', payload: rest });
    expect((without(action, payload) as { payload: JsonObject }).payload).toEqual(rest);
  });

  test.each<[string, JsonObject]>([
    ['workflows_trigger', { key: 'w', recipients: { collection: 'projects', id: 'lena' } }],
    ['workflows_trigger', { key: 'w', recipients: 'ivo', data: { text: 'lena' } }],
    ['workflows_cancel', { key: 'w', cancellation_key: 'c' }],
    ['objects_set', { collection: 'projects', id: 'lena' }],
    ['users_identify', {}],
  ])('%s %j is left as it is', (action, payload) => {
    expect(without(action, payload)).toEqual({ kind: 'run', payload, leftOut: 0 });
  });

  test('nothing is looked at while no person was erased', () => {
    const payload = { id: 'lena' };
    expect(without('users_identify', payload, {})).toMatchObject({ kind: 'run', leftOut: 0 });
  });
});

test('every action that names persons in its parameters says so', () => {
  const names = new Set(['recipients', 'actor', 'members', 'user']);
  for (const { id, params, writes, isFor = [], mentions = [] } of actions) {
    const persons = Object.keys(params.shape).filter((name) => names.has(name) || (name === 'id' && writes === 'user'));
    expect({ id, persons: [...isFor, ...mentions].sort() }).toEqual({ id, persons: persons.sort() });
  }
});

describe('a message that waited while its person was erased', () => {
  const invocation = (action: string, payload: JsonObject) => ({
    id: '58174e51-cc26-57f6-bc0f-dd50a7f51d01',
    action,
    mapping: 'm',
    payload,
  });
  const message = (change: Partial<ActionsMessage>): ActionsMessage => ({
    eventId: 'e',
    source: 's',
    eventType: 't',
    execution: 'e',
    origin: 'e',
    configVersion: 1,
    occurredAtMs: 0,
    receivedAtMs: 0,
    again: false,
    n: 1,
    firstSentAtMs: 0,
    data: { text: 'from Lena' },
    invocations: [invocation('workflows_trigger', { key: 'w', recipients: ['ivo'] })],
    ...change,
  });

  test('loses all that it carries, whomever its actions are for', () => {
    const screened = messageWithoutErased(message({ userId: 'lena' }), erased).message;
    expect(screened).not.toHaveProperty('userId');
    expect(screened).not.toHaveProperty('data');
    expect(screened.invocations).toMatchObject([{ payload: {}, refused: { reason: 'person_erased' } }]);
  });

  test('is left alone if it is of another person', () => {
    const given = message({ userId: 'ivo' });
    expect(messageWithoutErased(given, erased).message).toEqual(given);
  });
});
