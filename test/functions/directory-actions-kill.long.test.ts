import { describe, expect, test } from '@jest/globals';
import type { Invocation } from '../../shared/core/plan/actions-message.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { dieAt, type Fate } from '../support/die-at.ts';
import { act } from '../support/directory-world.ts';
import { contextNowMs, makeActionContext } from '../support/fakes-workflow-trigger.ts';
import { identifyLena, makeTrigger } from '../support/workflow-trigger.ts';

const project = { collection: 'projects', id: 'p1' };
const on = (action: string, payload: Parameters<typeof invocation>[2]) => invocation(action, action, payload);

const scenarios: Record<string, Invocation[]> = {
  users_delete: [on('users_delete', { id: 'ivo' })],
  'users_identify, then users_delete': [identifyLena(), on('users_delete', { id: 'lena' })],
  objects_set: [on('objects_set', { ...project, properties: { a: 1 } })],
  objects_delete: [on('objects_delete', project)],
  'tenants_set, then tenants_delete': [
    on('tenants_set', { id: 't1', name: 'Orchard' }),
    on('tenants_delete', { id: 't2' }),
  ],
  'objects_subscribe, to an object that is made': [
    on('objects_subscribe', { collection: 'new', id: 'n', recipients: ['ivo', { id: 'new' }, 'ghost'] }),
  ],
  'objects_subscribe, then objects_unsubscribe': [
    on('objects_subscribe', { ...project, recipients: { id: 'new' } }),
    on('objects_unsubscribe', { ...project, recipients: ['ivo', 'ghost'] }),
  ],
  'audiences_add_member, then audiences_remove_member': [
    on('audiences_add_member', { key: 'made', members: [{ id: 'new', plan: 'team' }, 'ghost'], create_audience: true }),
    on('audiences_remove_member', { key: 'beta', members: ['ivo', 'ghost'] }),
  ],
};

/** Delivers a message to processes that die one after the other as `fates` say, and then to one that lives. */
async function survive(invocations: Invocation[], fates: Fate[]) {
  const made = makeTrigger();
  const { actionLog, actionsQueue, directory, subscriptions, audiences, runs, clock } = made;
  const { context } = makeActionContext({ directory, subscriptions, audiences });
  await act(context, 'users_identify', { id: 'ivo' });
  await act(context, 'objects_set', project);
  await act(context, 'objects_subscribe', { ...project, recipients: 'ivo' });
  await act(context, 'audiences_add_member', { key: 'beta', members: 'ivo', create_audience: true });
  const message = actionsMessage({ invocations });
  let calls = 0;
  let receiveCount = 0;
  for (const fate of [...fates, undefined]) {
    const dying = dieAt({ actionLog, actionsQueue, directory, subscriptions, audiences, runs }, fate);
    await made.deliver([message], { ...dying.ports, receiveCount: ++receiveCount }).catch(() => undefined);
    calls = dying.calls();
    clock.nowMs += 360_000;
  }
  await made.settle();
  const state = <Value>(rows: Map<string, Value>, of: (value: Value) => unknown) =>
    [...rows].map(([key, value]) => [key, of(value)]).sort();
  return {
    calls,
    end: {
      outcomes: made.outcomes(),
      entities: state(directory.entities, ({ attributes, sourceTimeMs }) => [attributes, sourceTimeMs]),
      tombstones: state(directory.tombstones, ({ deletedSourceTimeMs, wasThere }) => [deletedSourceTimeMs, wasThere]),
      subscriptions: state(subscriptions.rows, ({ relation }) => [relation.isRemoved, relation.sourceTimeMs]),
      members: state(audiences.rows, ({ relation }) => [relation.isRemoved, relation.sourceTimeMs, relation.by]),
      audiences: [...audiences.keys].sort(),
    },
  };
}

describe.each(Object.entries(scenarios))('a process that dies during: %s', (_name, invocations) => {
  test('at any of its calls, before or after its effect, leaves what an undisturbed one does', async () => {
    const { calls, end } = await survive(invocations, []);
    expect(Object.values(end.outcomes)).toEqual(invocations.map(() => 'succeeded'));
    expect(calls).toBeGreaterThan(2);
    for (let at = 0; at < calls; at++) {
      for (const when of ['before', 'after'] as const) {
        expect({ at, when, ...(await survive(invocations, [{ at, when }])).end }).toEqual({ at, when, ...end });
      }
    }
  });

  test('and once more while it is repaired: still the same', async () => {
    const { calls, end } = await survive(invocations, []);
    for (let first = 0; first < calls; first++) {
      for (let second = 0; second <= calls; second++) {
        const fates: Fate[] = [
          { at: first, when: 'after' },
          { at: second, when: 'after' },
        ];
        expect({ fates, ...(await survive(invocations, fates)).end }).toEqual({ fates, ...end });
      }
    }
  });
});

test('deleting a user cancels its runs that are not over, and leaves those that are', async () => {
  const made = makeTrigger();
  const { runs, world, clock } = made;
  const first = actionsMessage({
    invocations: [invocation('workflows_trigger', 'recorded', { key: 'log-it', recipients: { id: 'lena' } })],
  });
  await made.deliver([first]);
  world.answer = () => ({ kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503' });
  const second = '01KAJ6VY008M25RXK0Q4T9B7C1';
  await made.deliver([
    actionsMessage({
      eventId: second,
      execution: second,
      origin: second,
      invocations: [invocation('workflows_trigger', 'called', { key: 'call-it', recipients: 'lena' }, second)],
    }),
  ]);
  clock.nowMs += 1000;
  const third = '01KAJ6VY008M25RXK0Q4T9B7C2';
  await made.deliver([
    actionsMessage({
      eventId: third,
      execution: third,
      origin: third,
      occurredAtMs: contextNowMs,
      invocations: [invocation('users_delete', 'delete', { id: 'lena' }, third)],
    }),
  ]);
  expect(made.row(third)?.actions).toMatchObject([
    { status: 'succeeded', result: { deleted: true, runs_cancelled: 1 } },
  ]);
  expect([...runs.runs.values()].map(({ workflow, status }) => [workflow, status])).toEqual([
    ['log-it', 'handed_off'],
    ['call-it', 'cancelled'],
  ]);
});
