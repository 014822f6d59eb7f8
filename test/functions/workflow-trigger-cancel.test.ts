import { describe, expect, test } from '@jest/globals';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { lowestIdAt } from '../../shared/core/ids/event-id.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { contextNowMs, identify } from '../support/fakes-workflow-trigger.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

const minute = 60_000;

/** Workflow `remind-it` calls its target after ten minutes. */
async function makeWorld() {
  const made = makeTrigger();
  await identify(made.directory, { id: 'lena' }, { id: 'ivo' });
  const live = await made.deps.configuration.current();
  const remindIt = { ...live.snapshot.workflows['call-it'], delay: '10m' };
  const configuration = {
    ...live,
    snapshot: { ...live.snapshot, workflows: { ...live.snapshot.workflows, 'remind-it': remindIt } },
  } as typeof live;
  const world = { configuration };
  made.deps.configuration = { current: async () => world.configuration, reload: async () => world.configuration };
  return { ...made, configured: world };
}

const remind = (payload: JsonObject = {}) =>
  actionsMessage({
    invocations: [
      invocation('workflows_trigger', 'remind', {
        key: 'remind-it',
        recipients: ['lena', 'ivo'],
        cancellation_key: 'cart-1',
        ...payload,
      }),
    ],
  });

/** A message of an event that comes `afterMs` after the trigger's. */
function later(afterMs: number, action: string, payload: JsonObject): ActionsMessage {
  const receivedAtMs = contextNowMs + afterMs;
  const execution = lowestIdAt(receivedAtMs);
  const invocations = [invocation(action, action, payload, execution)];
  return actionsMessage({
    execution,
    receivedAtMs,
    occurredAtMs: receivedAtMs,
    firstSentAtMs: receivedAtMs,
    invocations,
  });
}

const cancel = (payload: JsonObject = {}, afterMs = minute) =>
  later(afterMs, 'workflows_cancel', { key: 'remind-it', cancellation_key: 'cart-1', ...payload });

describe('a trigger that waits for its delay', () => {
  test('is over as soon as its cancellation key is cancelled, and its delayed message changes nothing', async () => {
    const { deliver, settle, row, outcomes, requests, metrics, clock } = await makeWorld();
    await deliver([remind()]);
    expect(outcomes()).toEqual({ remind: 'delayed' });
    clock.nowMs += minute;
    await deliver([cancel()]);
    const [action] = row()?.actions ?? [];
    expect(action).toMatchObject({
      status: 'succeeded',
      detail: 'its runs were cancelled before their delay was over',
      result: { id: action?.id, runs: 0, cancelled: 2 },
      finishedAtMs: clock.nowMs,
    });
    expect([action?.reason, action?.retryAtMs, action?.progress]).toEqual([undefined, undefined, undefined]);
    expect(metrics.counts.get('ActionsSucceeded')).toBe(2);
    const concluded = row();
    await settle();
    expect([row(), requests]).toEqual([concluded, []]);
  });

  test('is over when the cancel is delivered in the same batch', async () => {
    const { deliver, outcomes } = await makeWorld();
    await deliver([remind(), cancel({}, 1)]);
    expect(outcomes()).toEqual({ remind: 'succeeded' });
  });

  test('is over at once when the cancel came first', async () => {
    const { deliver, row } = await makeWorld();
    await deliver([cancel()]);
    await deliver([remind()]);
    expect(row()?.actions).toMatchObject([{ status: 'succeeded', result: { runs: 0, cancelled: 2 } }]);
    expect(row()?.next).toBe(0);
  });

  test('goes on waiting while one of its recipients still waits, and is over with the last', async () => {
    const { deliver, row, outcomes } = await makeWorld();
    await deliver([remind()]);
    await deliver([cancel({ recipients: 'lena' })]);
    expect(outcomes()).toEqual({ remind: 'delayed' });
    await deliver([cancel({ recipients: 'ivo' }, 2 * minute)]);
    expect(row()?.actions).toMatchObject([{ status: 'succeeded', result: { runs: 0, cancelled: 2 } }]);
  });

  test('is over when its only recipient is deleted, also without a cancellation key', async () => {
    const { deliver, outcomes } = await makeWorld();
    const { invocations, ...message } = remind({ recipients: 'lena' });
    const [{ payload, ...one }] = invocations as [(typeof invocations)[number]];
    const { cancellation_key: _none, ...withoutKey } = payload;
    await deliver([{ ...message, invocations: [{ ...one, payload: withoutKey }] }]);
    expect(outcomes()).toEqual({ remind: 'delayed' });
    await deliver([later(minute, 'users_delete', { id: 'lena' })]);
    expect(outcomes()).toEqual({ remind: 'succeeded' });
  });

  test('goes on waiting for a recipient that may still become known', async () => {
    const { deliver, settle, outcomes, directory, requests, row } = await makeWorld();
    await deliver([remind({ recipients: ['lena', 'newcomer'] })]);
    await deliver([cancel({ recipients: 'lena' })]);
    expect(outcomes()).toEqual({ remind: 'delayed' });
    await identify(directory, { id: 'newcomer' });
    await settle();
    expect(requests).toHaveLength(1);
    expect(row()?.actions).toMatchObject([{ status: 'succeeded', result: { runs: 1, cancelled: 1 } }]);
  });

  test('goes on waiting for the subscribers of an object, unless its whole key is cancelled', async () => {
    const { deliver, outcomes, directory, subscriptions, row } = await makeWorld();
    const project = { kind: 'object', collection: 'projects', id: 'p' } as const;
    await upsertEntities([{ ref: project, attributes: {}, sourceTimeMs: 0 }], directory, 0);
    const wish = { properties: {}, sourceTimeMs: 1, nowMs: 1 };
    await subscriptions.subscribe(project, [{ kind: 'user', id: 'lena' }], wish);
    const named = { collection: 'projects', id: 'p' };
    await deliver([remind({ recipients: [named] })]);
    await deliver([cancel({ recipients: [named] })]);
    expect(outcomes()).toEqual({ remind: 'delayed' });
    await deliver([cancel({ recipients: 'lena' }, 2 * minute)]);
    expect(outcomes()).toEqual({ remind: 'delayed' });

    const whole = await makeWorld();
    await upsertEntities([{ ref: project, attributes: {}, sourceTimeMs: 0 }], whole.directory, 0);
    await whole.subscriptions.subscribe(project, [{ kind: 'user', id: 'lena' }], wish);
    await whole.deliver([remind({ recipients: [named] })]);
    await whole.deliver([cancel()]);
    expect(whole.row()?.actions).toMatchObject([{ status: 'succeeded', result: { runs: 0, cancelled: 2 } }]);
    expect(row()?.actions).toMatchObject([{ status: 'pending' }]);
  });

  test('is not concluded while the index of cancellation keys misses a run of a subscriber', async () => {
    const { deliver, outcomes, directory, subscriptions, runs } = await makeWorld();
    const project = { kind: 'object', collection: 'projects', id: 'p' } as const;
    await upsertEntities([{ ref: project, attributes: {}, sourceTimeMs: 0 }], directory, 0);
    await subscriptions.subscribe(project, [{ kind: 'user', id: 'lena' }], {
      properties: {},
      sourceTimeMs: 1,
      nowMs: 1,
    });
    await deliver([remind({ recipients: [{ collection: 'projects', id: 'p' }] })]);
    const lagging: typeof runs = {
      ...runs,
      async unfinishedOf(...asked) {
        const page = await runs.unfinishedOf(...asked);
        return { ...page, entries: page.entries.filter(({ key }) => key.recipient.id !== 'lena') };
      },
    };
    await deliver([cancel()], { runs: lagging });
    expect(outcomes()).toEqual({ remind: 'delayed' });
  });

  test('is left to its delayed message when its row cannot be written; the cancel itself has succeeded', async () => {
    const { deliver, settle, outcomes, actionLog, log, requests } = await makeWorld();
    await deliver([remind()]);
    const message = cancel();
    const away = {
      ...actionLog,
      writeIfUnchanged: async () => {
        throw new Error('the table is away');
      },
    };
    expect(await deliver([message], { actionLog: away })).toBe(0);
    expect([outcomes(), outcomes(message.execution)]).toEqual([
      { remind: 'delayed' },
      { workflows_cancel: 'succeeded' },
    ]);
    expect(log.lines.map(({ message }) => message)).toContain('a cancelled trigger stays pending until it is due');
    await settle();
    expect([outcomes(), requests]).toEqual([{ remind: 'succeeded' }, []]);
  });

  test('takes back its runs when it is due and its workflow is off by then; that is a failure to be replayed', async () => {
    const { deliver, settle, row, configured, requests } = await makeWorld();
    await deliver([remind()]);
    const live = configured.configuration;
    configured.configuration = { ...live, state: { ...live.state, inactive_workflows: ['remind-it'] } };
    await settle();
    expect(row()?.actions).toMatchObject([
      { status: 'failed', reason: 'workflow_inactive', result: { runs: 0, cancelled: 2 } },
    ]);
    expect(requests).toEqual([]);
  });
});

describe('a cancel costs no call more', () => {
  test('where nothing waited for a delay', async () => {
    const { deliver, actionLog } = await makeWorld();
    let reads = 0;
    const counting = {
      ...actionLog,
      read: (execution: string) => {
        reads++;
        return actionLog.read(execution);
      },
    };
    await deliver([remind({ key: 'call-it' }), cancel({ key: 'call-it' })], { actionLog: counting });
    await deliver([remind(), cancel({ cancellation_key: 'another' }, 2 * minute)], { actionLog: counting });
    expect(reads).toBe(0);
  });
});
