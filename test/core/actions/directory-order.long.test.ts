import { describe, expect, test } from '@jest/globals';
import { gone, live, permutations, type Step, stories, v1 } from '../../support/directory-stories.ts';
import { makeActionContext, object } from '../../support/directory-world.ts';

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
    const { context } = makeActionContext();
    let ids = 0;
    for (const order of arrivals(steps)) {
      const id = `u${++ids}`;
      const names = order.map(({ name }) => name).join(' ');
      expect({ names, end: await live(context, id, order) }).toEqual({ names, end: ends(id) });
    }
    expect(ids).toBe(360);
  });
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
