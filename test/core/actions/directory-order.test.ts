import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeAudiences } from '../../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../../shared/adapters/dynamodb-directory.ts';
import { makeSubscriptions } from '../../../shared/adapters/dynamodb-subscriptions.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import type { ActionContext } from '../../../shared/core/runs/action-context.ts';
import { act, makeActionContext, object, visible } from '../../support/directory-world.ts';
import { startTables, type TestTables } from '../../support/dynalite.ts';

type Step = { name: string; seconds: number; action: string; payload(id: string): JsonObject };

const identify = (name: string, seconds: number, properties: JsonObject): Step => ({
  ...{ name, seconds, action: 'users_identify' },
  payload: (id) => ({ id, properties }),
});
const subscribe = (seconds: number): Step => ({
  ...{ name: 'subscribe', seconds, action: 'objects_subscribe' },
  payload: (id) => ({ collection: 'projects', id: `of-${id}`, recipients: [{ id }], properties: { role: 'owner' } }),
});
const add = (seconds: number): Step => ({
  ...{ name: 'add', seconds, action: 'audiences_add_member' },
  payload: (id) => ({ key: 'beta', members: [{ user: id, tenant: 't1' }], create_audience: true }),
});

const v1 = identify('v1', 1, { plan: 'free', name: 'Lena', old: true, address: { city: 'Vigo' } });
const v2 = identify('v2', 2, { plan: 'pro', email: 'lena@orchard.example' });
const gone: Step = { name: 'delete', seconds: 3, action: 'users_delete', payload: (id) => ({ id }) };
const v3 = identify('v3', 4, { plan: 'team', name: 'Lena', tags: ['new'] });

const stories: Record<string, { steps: Step[]; ends(id: string): unknown }> = {
  'subscribed before the delete': {
    steps: [v1, v2, subscribe(2.5), gone, v3],
    ends: () => ({ user: { plan: 'team', name: 'Lena', tags: ['new'] }, subscriptions: [], audiences: [] }),
  },
  'subscribed after the delete, before v3': {
    steps: [v1, v2, gone, subscribe(3.5), v3],
    ends: (id) => ({
      user: { plan: 'team', name: 'Lena', tags: ['new'] },
      subscriptions: [['projects', `of-${id}`, { role: 'owner' }]],
      audiences: [],
    }),
  },
  'subscribed at the end': {
    steps: [v1, v2, gone, v3, subscribe(5)],
    ends: (id) => ({
      user: { plan: 'team', name: 'Lena', tags: ['new'] },
      subscriptions: [['projects', `of-${id}`, { role: 'owner' }]],
      audiences: [],
    }),
  },
  'deleted at the end': {
    steps: [v1, v2, subscribe(2.5), add(2.7), { ...gone, seconds: 6 }],
    ends: () => ({ user: 'absent', subscriptions: [], audiences: [] }),
  },
  'added to an audience after the delete': {
    steps: [v1, add(2.5), gone, v3, add(5)],
    ends: () => ({
      user: { plan: 'team', name: 'Lena', tags: ['new'] },
      subscriptions: [],
      audiences: [['beta', 't1']],
    }),
  },
};

function permutations<Item>(items: Item[]): Item[][] {
  if (items.length < 2) return [items];
  return items.flatMap((first, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [first, ...rest]));
}

async function live(context: ActionContext, id: string, steps: Step[]) {
  for (const { action, payload, seconds } of steps) {
    const result = await act(context, action, payload(id), { seconds });
    expect(result).toMatchObject({ status: 'succeeded' });
  }
  return visible(context, id);
}

/** Arrivals with each step once, once with the first delivered again at the end, and once with everything delivered twice. */
function arrivals(steps: Step[]): Step[][] {
  return permutations(steps).flatMap((order) => [
    order,
    [...order, ...order.slice(0, 1)],
    [...order, ...order.toReversed()],
  ]);
}

describe.each(Object.entries(stories))('a user %s', (_name, { steps, ends }) => {
  test('F37 is the same whatever arrives first, and however often: all permutations, in memory', async () => {
    let ids = 0;
    for (const order of arrivals(steps)) {
      const { context } = makeActionContext();
      const id = `u${++ids}`;
      const names = order.map(({ name }) => name).join(' ');
      expect({ names, end: await live(context, id, order) }).toEqual({ names, end: ends(id) });
    }
    expect(ids).toBe(360);
  });
});

describe('in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());

  test('every permutation of identify, identify, delete, identify, subscribe ends as in source-time order', async () => {
    const { client, names } = tables;
    const { context } = makeActionContext({
      directory: makeDirectory(client, names.Directory),
      subscriptions: makeSubscriptions(client, names.Directory),
      audiences: makeAudiences(client, names.Directory),
    });
    const { steps, ends } = stories['subscribed at the end'] as (typeof stories)[string];
    const orders = permutations(steps);
    const lives = orders.map(async (order, i) => [
      await live(context, `u${i}`, [...order, ...order.slice(0, 2)]),
      ends(`u${i}`),
    ]);
    for (const [end, expected] of await Promise.all(lives)) expect(end).toEqual(expected);
  }, 30_000);
});

test('of one event, the delete comes after the identify: no user is left', async () => {
  const { context } = makeActionContext();
  for (const order of [
    [v1, { ...gone, seconds: 1 }],
    [{ ...gone, seconds: 1 }, v1],
  ]) {
    const id = `u-${order[0]?.name}`;
    expect((await live(context, id, order)).user).toBe('absent');
  }
});

test('an object that is deleted and set again has only what was said after, and only later subscribers', async () => {
  const steps: Step[] = [
    {
      name: 'set 1',
      seconds: 1,
      action: 'objects_set',
      payload: (id) => ({ collection: 'c', id, properties: { a: 1, b: 1 } }),
    },
    {
      name: 'subscribe 2',
      seconds: 2,
      action: 'objects_subscribe',
      payload: (id) => ({ collection: 'c', id, recipients: { id: `early-${id}` } }),
    },
    { name: 'delete 3', seconds: 3, action: 'objects_delete', payload: (id) => ({ collection: 'c', id }) },
    {
      name: 'set 4',
      seconds: 4,
      action: 'objects_set',
      payload: (id) => ({ collection: 'c', id, properties: { b: 2 } }),
    },
    {
      name: 'subscribe 5',
      seconds: 5,
      action: 'objects_subscribe',
      payload: (id) => ({ collection: 'c', id, recipients: { id: `late-${id}` } }),
    },
  ];
  const { context, directory, subscriptions } = makeActionContext();
  for (const [i, order] of permutations(steps).entries()) {
    await live(context, `o${i}`, order);
    const [found] = await directory.readEach([object('c', `o${i}`)]);
    const { entries } = await subscriptions.subscribersOf(object('c', `o${i}`), { limit: 9 });
    const end = [found?.attributes, entries.map(({ recipient }) => recipient.id)];
    expect({ order: order.map(({ name }) => name), end }).toEqual({
      order: order.map(({ name }) => name),
      end: [{ b: 2 }, [`late-o${i}`]],
    });
  }
});
