import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { requiredParameters } from '../../shared/core/actions/action.ts';
import { actionPosition, actions, findAction } from '../../shared/core/actions/index.ts';
import { isBlank, type JsonObject, type JsonValue } from '../../shared/core/json/values.ts';
import { defaultParameters, factsOf } from '../../shared/core/mappings/action-facts.ts';
import { knownActionsFile } from '../docs/known-actions.ts';
import { contextNowMs, identify, makeActionContext } from '../support/fakes-workflow-trigger.ts';

const ids = actions.map(({ id }) => id);

/** The order in which the specification runs the actions of one event. An action of ours may stand anywhere between. */
const specified = [
  'users_identify',
  'users_delete',
  'objects_set',
  'objects_delete',
  'tenants_set',
  'tenants_delete',
  'objects_subscribe',
  'objects_unsubscribe',
  'audiences_add_member',
  'audiences_remove_member',
  'workflows_cancel',
  'workflows_trigger',
];

test('the specified actions are listed in the specified order, and no action twice', () => {
  expect(ids.filter((id) => specified.includes(id))).toEqual(specified);
  expect(new Set(ids).size).toBe(ids.length);
});

test('identify comes first and trigger last: a trigger may be for a user of the same event', () => {
  expect([ids[0], ids.at(-1)]).toEqual(['users_identify', 'workflows_trigger']);
});

test('planning knows the facts that definitions state: npm run docs carries them over', () => {
  const file = 'shared/core/mappings/known-actions.ts';
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect({ file, text }).toEqual({ file, text: knownActionsFile(actions) });
  expect(factsOf('constructor')).toEqual({});
});

test('some action fits an event of any type, so that there is always one to suggest', () => {
  for (const eventType of ['identify', 'x', '']) {
    expect(actions.some(({ suggestion }) => suggestion?.fits?.(eventType))).toBe(true);
  }
});

test.each(['constructor', '__proto__', 'toString', '', 'users_Identify'])(
  '"%s" is not an action, and would come last',
  (id) => {
    expect(findAction(id)).toBeUndefined();
    expect(actionPosition(id)).toBe(actions.length);
  },
);

// What a forged event may not do: the answer is one for people to choose, so a new action that deletes has to be named here.
test('actions that delete say that they are destructive, and no other does', () => {
  const destructive = actions.filter((action) => action.destructive).map(({ id }) => id);
  expect(destructive).toEqual(['users_delete', 'objects_delete', 'tenants_delete']);
});

/** Values that senders put where they do not belong. */
const odd: JsonValue[] = [
  null,
  '',
  'x',
  0,
  -1,
  1e300,
  true,
  [],
  [null],
  ['x', 1],
  [[]],
  {},
  { id: null },
  { id: {} },
  { collection: 'c' },
  { __typename: 1, constructor: { name: 'Set' } },
];

describe.each(actions.map((action) => [action.id, action] as const))('%s', (id, action) => {
  const names = Object.keys(action.params.shape);
  const required = requiredParameters(action);

  test('is found by its id', () => {
    expect(findAction(id)).toBe(action);
  });

  test('has parameters in snake case, and needs at least one', () => {
    expect(names.every((name) => /^[a-z_]+$/.test(name))).toBe(true);
    expect(required.length).toBeGreaterThan(0);
  });

  test('says what it does, and its facts name parameters that it has', () => {
    expect(action.does).toMatch(/^[a-z].*[^.]$/);
    const { eventData, names: naming, startsRunsFor } = action;
    const named = [eventData, naming?.parameter, naming?.madeWith, startsRunsFor].filter((name) => name !== undefined);
    expect(names).toEqual(expect.arrayContaining([...named, ...Object.keys(defaultParameters(id))]));
  });

  test('without parameters is skipped, and names every one that it needs', async () => {
    const { context } = makeActionContext();
    const result = await action.run({}, context);
    expect(result).toMatchObject({ status: 'skipped', reason: 'required_field_missing' });
    expect('errors' in result && result.errors?.map(({ field }) => field)).toEqual(required);
  });

  // An exception is redelivered ten times and parked; whatever a sender can write is an answer instead.
  test('answers whatever it is given, and never throws', async () => {
    const usual: JsonObject = { id: 'u', key: 'log-it', recipients: 'u', members: 'u', collection: 'c' };
    for (const name of names) {
      for (const value of odd) {
        const { context } = makeActionContext();
        const result = await action.run({ ...usual, [name]: value }, context);
        expect(['succeeded', 'skipped', 'failed']).toContain(result.status);
        if (result.status !== 'succeeded') expect(result.detail).toMatch(/\w/);
      }
    }
  });

  // A picture of an odd type is no reason to lose a person. Without the parameters of decidesWhom the action would be for others.
  test('an optional parameter that cannot be read is left out with a warning, unless it decides whom the action is for', async () => {
    const given = {
      ...Object.fromEntries(required.map((name) => [name, 'x'])),
      ...{ id: 'u', key: 'log-it', recipients: [{ id: 'u' }], members: 'u', collection: 'c' },
    };
    for (const name of names.filter((one) => !required.includes(one))) {
      for (const value of odd) {
        const isReadable = action.params.shape[name]?.safeParse(value).success;
        if (isReadable || value === null || value === '') continue;
        const made = makeActionContext();
        await made.audiences.ensure('log-it', true, contextNowMs);
        const result = await action.run({ ...given, [name]: value }, made.context);
        if (action.decidesWhom?.includes(name)) {
          expect([name, value, result.status]).toEqual([name, value, 'failed']);
          continue;
        }
        expect([name, value, result.status]).toEqual([name, value, 'succeeded']);
        const said = result.warnings?.filter(({ code }) => code === 'property_ignored').map(({ message }) => message);
        expect(said).toContainEqual(expect.stringContaining(`${name} was left out: `));
      }
    }
  });

  test.each(['undefined', 'null', 'NaN', '[object Object]', ' ', '\t', '\u200b'])(
    '"%s" is not an id of anything it takes',
    async (text) => {
      for (const name of ['id', 'collection', 'members', 'user', 'recipients'].filter((one) => names.includes(one))) {
        const made = makeActionContext();
        await made.audiences.ensure('log-it', true, contextNowMs);
        const usual = { id: 'u', key: 'log-it', recipients: 'u', members: 'u', collection: 'c', cancellation_key: 'k' };
        const { members: _members, ...withoutMembers } = usual;
        const payload = { ...(name === 'user' ? withoutMembers : usual), [name]: text };
        const result = await action.run(payload, made.context);
        // A cancel without recipients is for all; blank recipients are none.
        if (name === 'recipients' && action.decidesWhom?.includes(name) && isBlank(text)) continue;
        expect([name, result.status]).toEqual([name, expect.stringMatching(/^(skipped|failed)$/)]);
        expect(made.directory.writes).toBe(0);
      }
    },
  );

  test('done twice leaves what it left the first time', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'u' });
    await made.audiences.ensure('log-it', true, contextNowMs);
    const payload = {
      ...Object.fromEntries(required.map((name) => [name, 'x'])),
      id: 'u',
      key: 'log-it',
      collection: 'c',
      cancellation_key: 'k',
      recipients: [{ id: 'u', plan: 'team' }],
      members: [{ user: { id: 'u', plan: 'team' }, tenant: 't1' }],
      properties: { plan: 'team' },
    };
    const kept = () => [
      ...[made.directory.entities, made.directory.tombstones, made.runs.runs],
      ...[made.subscriptions.rows, made.audiences.rows],
    ];
    const first = await action.run(payload, made.context);
    expect(first.status).toBe('succeeded');
    const before = structuredClone(kept());
    expect((await action.run(payload, { ...made.context, again: true, attempt: 2 })).status).toBe('succeeded');
    expect(kept()).toEqual(before);
  });
});
