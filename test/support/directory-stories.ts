import { expect } from '@jest/globals';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { ActionContext } from '../../shared/core/runs/action-context.ts';
import { act, visible } from './directory-world.ts';

/* Lives of a user, whose end must not depend on the order in which they arrive. */

export type Step = { name: string; seconds: number; action: string; payload(id: string): JsonObject };

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

export const v1 = identify('v1', 1, { plan: 'free', name: 'Lena', old: true, address: { city: 'Vigo' } });
const v2 = identify('v2', 2, { plan: 'pro', email: 'lena@orchard.example' });
export const gone: Step = { name: 'delete', seconds: 3, action: 'users_delete', payload: (id) => ({ id }) };
const v3 = identify('v3', 4, { plan: 'team', name: 'Lena', tags: ['new'] });

export const stories: Record<string, { steps: Step[]; ends(id: string): unknown }> = {
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

export function permutations<Item>(items: Item[]): Item[][] {
  if (items.length < 2) return [items];
  return items.flatMap((first, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [first, ...rest]));
}

export async function live(context: ActionContext, id: string, steps: Step[]) {
  const statuses: string[] = [];
  for (const { action, payload, seconds } of steps) {
    const { status } = await act(context, action, payload(id), { seconds });
    statuses.push(status);
  }
  expect(new Set(statuses)).toEqual(new Set(['succeeded']));
  return visible(context, id);
}
