import { describe, expect, test } from '@jest/globals';
import { usersIdentify } from '../../../shared/core/actions/users-identify.ts';
import { workflowsTrigger } from '../../../shared/core/actions/workflows-trigger.ts';
import { upsertEntities } from '../../../shared/core/directory/upsert-entities.ts';
import { type EntityRef, refFromRecipientKey } from '../../../shared/core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import type { ObjectRef } from '../../../shared/core/runs/subscriber-pages.ts';
import { contextNowMs, makeActionContext } from '../../support/fakes-workflow-trigger.ts';

const ref = (key: string): EntityRef => refFromRecipientKey(key);
const objectRef = (key: string) => ref(key) as ObjectRef;
const reference = (key: string): JsonValue => {
  const one = ref(key);
  return one.kind === 'user' ? one.id : { collection: one.collection, id: one.id };
};

/** Knows everybody in `subscriptions`: object → its subscribers, in the order in which they subscribed. */
async function makeWorld(subscriptions: Record<string, string[]>, ...args: Parameters<typeof makeActionContext>) {
  const made = makeActionContext(...args);
  const everybody = new Set([...Object.keys(subscriptions), ...Object.values(subscriptions).flat()]);
  await upsertEntities(
    [...everybody].map((key) => ({ ref: ref(key), attributes: { known_as: key }, sourceTimeMs: contextNowMs - 9000 })),
    made.directory,
    contextNowMs - 9000,
  );
  let atMs = contextNowMs - 8000;
  for (const [object, subscribers] of Object.entries(subscriptions)) {
    for (const subscriber of subscribers) {
      const wish = { properties: { via: object }, sourceTimeMs: atMs, nowMs: atMs++ };
      await made.context.subscriptions.subscribe(objectRef(object), [ref(subscriber)], wish);
    }
  }
  const trigger = (payload: JsonObject, change: Partial<typeof made.context> = {}) =>
    workflowsTrigger.run({ key: 'log-it', data: {}, ...payload }, { ...made.context, ...change });
  const paths = () =>
    Object.fromEntries(
      made
        .runsOf()
        .map(({ key, subscription }) => [
          key.recipient.kind === 'user' ? key.recipient.id : `${key.recipient.collection}/${key.recipient.id}`,
          subscription ? `${subscription.object.collection}/${subscription.object.id}` : 'listed',
        ]),
    );
  return { ...made, trigger, paths };
}

describe('a trigger on an object', () => {
  test('starts a run for the object, its subscribers, and those of subscribers that are objects; no deeper', async () => {
    const { trigger, paths } = await makeWorld({
      'projects/p': ['lena', 'teams/t'],
      'teams/t': ['ivo', 'squads/s'],
      'squads/s': ['too-deep'],
    });
    expect(await trigger({ recipients: reference('projects/p') })).toEqual({
      status: 'succeeded',
      result: { id: expect.any(String), runs: 5 },
    });
    expect(paths()).toEqual({
      'projects/p': 'listed',
      lena: 'projects/p',
      'teams/t': 'projects/p',
      ivo: 'teams/t',
      'squads/s': 'teams/t',
    });
  });

  test('gives each recipient one run: as listed before as subscriber, and through the object that is listed first', async () => {
    const { trigger, paths } = await makeWorld({
      'projects/p': ['lena', 'ivo', 'mia'],
      'projects/q': ['mia', 'ivo', 'noa'],
    });
    const recipients = ['projects/q', 'lena', 'projects/p'].map(reference);
    expect(await trigger({ recipients })).toMatchObject({ result: { runs: 6 } });
    expect(paths()).toEqual({
      'projects/p': 'listed',
      'projects/q': 'listed',
      lena: 'listed',
      ivo: 'projects/q',
      mia: 'projects/q',
      noa: 'projects/q',
    });
  });

  test('among children, the one that subscribed first leads to a subscriber of both', async () => {
    const { trigger, paths } = await makeWorld({
      'projects/p': ['teams/z', 'teams/a'],
      'teams/a': ['lena'],
      'teams/z': ['lena'],
    });
    await trigger({ recipients: reference('projects/p') });
    expect(paths().lena).toBe('teams/z');
  });

  test('objects that follow each other, or themselves, come to an end', async () => {
    const { trigger } = await makeWorld({
      'projects/p': ['projects/p', 'projects/q'],
      'projects/q': ['projects/p', 'projects/q', 'lena'],
    });
    expect(await trigger({ recipients: reference('projects/p') })).toMatchObject({ result: { runs: 3 } });
  });

  test('leaves out the actor who only follows, and not one who is listed', async () => {
    const { trigger, paths } = await makeWorld({ 'projects/p': ['lena', 'ivo'] });
    await trigger({ recipients: reference('projects/p'), actor: 'lena' });
    expect(Object.keys(paths())).toEqual(['projects/p', 'ivo']);
    await trigger({ recipients: [reference('projects/p'), 'lena'], actor: 'lena' }, { mapping: 'other' });
    expect(paths().lena).toBe('listed');
  });

  test('passes over subscribers who are not there any more', async () => {
    const { trigger, directory, paths } = await makeWorld({ 'projects/p': ['lena', 'ivo'] });
    directory.entities.delete('ivo');
    expect(await trigger({ recipients: reference('projects/p') })).toMatchObject({ result: { runs: 2 } });
    expect(paths().ivo).toBeUndefined();
  });

  test('tells the target of the subscription: its properties and the object', async () => {
    const { trigger, requests } = await makeWorld({ 'projects/p': ['lena'] });
    await trigger({ key: 'call-it', recipients: reference('projects/p') });
    expect(requests.map(({ message }) => (message.data.recipient as JsonObject).subscription)).toEqual([
      undefined,
      {
        via: 'projects/p',
        object: expect.objectContaining({ collection: 'projects', id: 'p', known_as: 'projects/p' }),
      },
    ]);
  });

  test('counts listed recipients against the limit, not subscribers', async () => {
    const { trigger } = await makeWorld({ 'projects/p': Array.from({ length: 1200 }, (_, i) => `user-${i}`) });
    expect(await trigger({ recipients: reference('projects/p') })).toMatchObject({ result: { runs: 1201 } });
    expect(await trigger({ recipients: Array.from({ length: 1001 }, (_, i) => `user-${i}`) })).toMatchObject({
      status: 'failed',
      reason: 'too_many_recipients',
    });
  });
});

describe('a trigger that time runs short for', () => {
  /** Makes attempts of `callsPerAttempt` reads each until it is over; answers how many there were. */
  async function attempts(world: Awaited<ReturnType<typeof makeWorld>>, payload: JsonObject, pagesPerAttempt: number) {
    let progress: JsonObject | undefined;
    for (let count = 1; count < 100; count++) {
      let nowMs = contextNowMs;
      const result = await world.trigger(payload, {
        again: count > 1,
        ...(progress && { progress }),
        nowMs: () => nowMs,
        subscriptions: {
          ...world.context.subscriptions,
          subscribersOf(object, page) {
            nowMs += 47_000 / pagesPerAttempt + 1;
            return world.context.subscriptions.subscribersOf(object, page);
          },
        },
      });
      if (result.status !== 'pending') return { count, result };
      expect(result.reason).toBe('continues');
      expect(result.progress).not.toEqual(progress);
      progress = JSON.parse(JSON.stringify(result.progress));
    }
    throw new Error('it never ends');
  }

  const users = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `user-${from + i}`);

  test.each([2, 3, 5])('goes on where it stopped, starting nothing twice (%d pages an attempt)', async (pages) => {
    const world = await makeWorld({
      'projects/p': [...users(0, 1100), 'teams/a', 'teams/b'],
      'teams/a': users(900, 2300),
      'teams/b': users(2200, 2400),
      'projects/q': users(0, 700),
    });
    const recipients = ['projects/p', 'projects/q', 'user-3', 'nobody'].map(reference);
    const { count, result } = await attempts(world, { key: 'call-it', recipients }, pages);
    expect(count).toBeGreaterThan(2);
    // 2,400 users and 4 objects, each asked for once; who is not known is still named at the end.
    expect(result).toMatchObject({
      status: 'skipped',
      reason: 'recipient_unknown',
      result: { runs: 2404, unknown: 1 },
      warnings: [{ code: 'recipient_missing' }],
    });
    expect(world.requests).toHaveLength(2404);
    expect(new Set(world.requests.map(({ messageId }) => messageId)).size).toBe(2404);
  });

  test('10,000 subscribers are all reached, in several attempts', async () => {
    const world = await makeWorld({ 'projects/p': users(0, 10_000) });
    const { count, result } = await attempts(world, { recipients: reference('projects/p') }, 7);
    expect(count).toBeGreaterThan(2);
    expect(result).toMatchObject({ status: 'succeeded', result: { runs: 10_001 } });
    expect(world.runs.runs.size).toBe(10_001);
    expect(world.runs.writes).toBe(10_001);
  });
});

describe('the data of a trigger', () => {
  const schema = {
    type: 'object',
    properties: { order_id: { type: 'string' }, total: { type: 'number', minimum: 0 } },
    required: ['order_id'],
  };
  async function withSchema(data_schema: JsonObject) {
    const world = await makeWorld({});
    await usersIdentify.run({ id: 'lena' }, world.context);
    const { configuration } = world.context;
    const workflows = { 'log-it': { ...configuration.snapshot.workflows['log-it'], data_schema } } as never;
    const live = { ...configuration, snapshot: { ...configuration.snapshot, workflows } };
    return {
      ...world,
      check: (data: JsonObject) => world.trigger({ recipients: 'lena', data }, { configuration: live }),
    };
  }

  test('that matches the schema of the workflow starts it', async () => {
    const { check } = await withSchema(schema);
    expect(await check({ order_id: 'A-1', total: 3, more: true })).toMatchObject({ status: 'succeeded' });
  });

  test('that does not match starts nothing, and says which fields are wrong', async () => {
    const { check, runsOf } = await withSchema(schema);
    expect(await check({ total: -1 })).toMatchObject({
      status: 'failed',
      reason: 'data_invalid',
      errors: [
        { field: 'data', message: "must have required property 'order_id'" },
        { field: 'data.total', message: 'must be >= 0' },
      ],
    });
    expect(runsOf()).toEqual([]);
  });

  test('is refused where the schema is none, rather than let through', async () => {
    const { check } = await withSchema({ type: 'no such type' });
    expect(await check({})).toMatchObject({ status: 'failed', reason: 'data_invalid' });
  });
});
