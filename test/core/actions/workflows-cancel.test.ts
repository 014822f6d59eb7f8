import { describe, expect, test } from '@jest/globals';
import { workflowsCancel } from '../../../shared/core/actions/workflows-cancel.ts';
import { workflowsTrigger } from '../../../shared/core/actions/workflows-trigger.ts';
import { lowestIdAt } from '../../../shared/core/ids/event-id.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import type { ActionContext } from '../../../shared/core/runs/action-context.ts';
import { cancelUnfinishedRuns } from '../../../shared/core/runs/cancel-runs.ts';
import { endingOf } from '../../../shared/core/runs/workflow-run.ts';
import type { CancelAnswer, CancelRequest } from '../../../shared/ports/workflow-target.ts';
import { contextNowMs, identify, makeActionContext } from '../../support/fakes-workflow-trigger.ts';

const minute = 60_000;

/** Workflow `call-it` has a delay of ten minutes here; `target` can take runs back. */
async function makeWorld() {
  const made = makeActionContext();
  await identify(made.directory, { id: 'lena' }, { id: 'ivo' });
  const { configuration } = made.context;
  const callIt = configuration.snapshot.workflows['call-it'] as NonNullable<unknown>;
  const workflows = { ...configuration.snapshot.workflows, 'remind-it': { ...callIt, delay: '10m' } } as never;
  const cancels: CancelRequest[] = [];
  const world = { answer: (): CancelAnswer => ({ kind: 'cancelled' }) };
  const openTarget: ActionContext['openTarget'] = (workflow, target) => ({
    ...made.context.openTarget(workflow, target),
    async cancel(request) {
      cancels.push(request);
      return world.answer();
    },
  });
  const at = (afterMs: number, change: Partial<ActionContext> = {}): ActionContext => {
    const nowMs = contextNowMs + afterMs;
    const id = lowestIdAt(nowMs);
    return {
      ...made.context,
      configuration: { ...configuration, snapshot: { ...configuration.snapshot, workflows } },
      openTarget,
      execution: id,
      origin: id,
      event: { ...made.context.event, id, occurredAtMs: nowMs, receivedAtMs: nowMs },
      nowMs: () => nowMs,
      deadlineMs: nowMs + 50_000,
      ...change,
    };
  };
  const trigger = (afterMs: number, payload: JsonObject = {}, change: Partial<ActionContext> = {}) =>
    workflowsTrigger.run(
      { key: 'remind-it', recipients: ['lena', 'ivo'], cancellation_key: 'cart-1', data: {}, ...payload },
      at(afterMs, change),
    );
  const cancel = (afterMs: number, payload: JsonObject = {}, change: Partial<ActionContext> = {}) =>
    workflowsCancel.run({ key: 'remind-it', cancellation_key: 'cart-1', ...payload }, at(afterMs, change));
  const states = () => made.runsOf().map(({ key, status }) => `${key.recipient.id} ${status}`);
  return { ...made, at, trigger, cancel, states, cancels, world };
}

describe('a trigger of a workflow with a delay', () => {
  test('writes its runs and waits; when the delay is over they are handed off', async () => {
    const { trigger, states, requests, runsOf } = await makeWorld();
    const first = await trigger(0);
    expect(first).toMatchObject({ status: 'pending', reason: 'delayed', retryAfterSeconds: 600, result: { runs: 2 } });
    expect(states()).toEqual(['lena pending', 'ivo pending']);
    expect(runsOf()[0]?.notBeforeMs).toBe(contextNowMs + 10 * minute);
    expect(requests).toEqual([]);
    const { progress } = first as { progress: JsonObject };
    const event = { ...(await makeWorld()).at(0).event };
    const due = { progress, again: true, event, execution: event.id, origin: event.id };
    expect(await trigger(9 * minute, {}, due)).toMatchObject({ reason: 'delayed', retryAfterSeconds: 60 });
    expect(requests).toEqual([]);
    expect(await trigger(10 * minute, {}, due)).toMatchObject({ status: 'succeeded', result: { runs: 2 } });
    expect(states()).toEqual(['lena handed_off', 'ivo handed_off']);
    expect(requests).toHaveLength(2);
  });

  test('hands off nothing that was cancelled while it waited', async () => {
    const { trigger, cancel, requests, at } = await makeWorld();
    const { progress } = (await trigger(0)) as { progress: JsonObject };
    expect(await cancel(minute, { recipients: 'ivo' })).toMatchObject({ result: { cancelled: 1, too_late: 0 } });
    const { event, execution, origin } = at(0);
    const due = { progress, again: true, event, execution, origin };
    expect(await trigger(10 * minute, {}, due)).toMatchObject({ result: { runs: 1, cancelled: 1 } });
    expect(requests.map(({ message }) => (message.data.recipient as JsonObject).id)).toEqual(['lena']);
  });

  test('takes its runs back when the workflow is switched off meanwhile', async () => {
    const { trigger, at, runsOf, requests } = await makeWorld();
    const { progress } = (await trigger(0)) as { progress: JsonObject };
    const { event, execution, origin, configuration } = at(0);
    const off = { ...configuration, state: { ...configuration.state, inactive_workflows: ['remind-it'] } };
    const due = { progress, again: true, event, execution, origin, configuration: off };
    expect(await trigger(10 * minute, {}, due)).toMatchObject({
      status: 'failed',
      reason: 'workflow_inactive',
      result: { runs: 0, cancelled: 2 },
    });
    expect(runsOf().map((run) => [run.status, endingOf(run).cancelReason])).toEqual([
      ['cancelled', 'workflow_inactive'],
      ['cancelled', 'workflow_inactive'],
    ]);
    expect(requests).toEqual([]);
  });

  test.each([
    ['asks to skip it', 0, { settings: { skip_delay: true } }],
    ['comes when it is over already', 0, {}],
  ])('does not wait when it %s', async (_name, afterMs, payload) => {
    const { trigger, at } = await makeWorld();
    const late = 'settings' in payload ? {} : { nowMs: () => contextNowMs + 11 * minute, deadlineMs: Number.MAX_VALUE };
    expect(await trigger(afterMs, payload, late)).toMatchObject({ status: 'succeeded', result: { runs: 2 } });
    expect(at(0).environment).toBe('development');
  });
});

describe('a cancel', () => {
  test('takes back every pending run of the pair, and none of another key or workflow', async () => {
    const { trigger, cancel, states } = await makeWorld();
    await trigger(0);
    await trigger(1, { recipients: 'lena', cancellation_key: 'cart-2' });
    expect(await cancel(minute)).toEqual({ status: 'succeeded', result: { cancelled: 2, too_late: 0 } });
    expect(states()).toEqual(['lena cancelled', 'ivo cancelled', 'lena pending']);
    expect(await cancel(minute, { key: 'call-it', cancellation_key: 'cart-2' })).toMatchObject({
      result: { cancelled: 0 },
    });
  });

  test('finds runs by a key of any length; one that is too long for an index is known by its hash', async () => {
    const { trigger, cancel, states } = await makeWorld();
    const [longest, tooLong] = ['é'.repeat(512), 'é'.repeat(513)];
    expect((await trigger(0, { cancellation_key: longest })).warnings).toBeUndefined();
    const warnings = [{ code: 'cancellation_key_hashed', message: expect.stringContaining('1026 bytes') }];
    expect(await trigger(1, { recipients: 'lena', cancellation_key: tooLong })).toMatchObject({ warnings });
    expect(await cancel(minute, { cancellation_key: `${tooLong}x` })).toMatchObject({ result: { cancelled: 0 } });
    expect(await cancel(minute, { cancellation_key: tooLong })).toMatchObject({ warnings, result: { cancelled: 1 } });
    expect(states()).toEqual(['lena pending', 'ivo pending', 'lena cancelled']);
  });

  test('of nothing, or a second time, succeeds with nothing cancelled', async () => {
    const { trigger, cancel } = await makeWorld();
    const none = { status: 'succeeded', result: { cancelled: 0, too_late: 0 } };
    expect(await cancel(0)).toEqual(none);
    await trigger(1);
    await cancel(2);
    expect(await cancel(3)).toEqual(none);
  });

  test.each([
    ['by the same event', 0],
    ['by an event that came later, though it ran earlier', 5],
  ])('never touches runs that were started %s', async (_name, triggeredAtMs) => {
    const { trigger, cancel, states } = await makeWorld();
    await trigger(triggeredAtMs);
    expect(await cancel(0)).toMatchObject({ result: { cancelled: 0 } });
    expect(states()).toEqual(['lena pending', 'ivo pending']);
  });

  describe('in the same request as its trigger', () => {
    /** The n-th event of one request. */
    const nth = (n: number, world: Awaited<ReturnType<typeof makeWorld>>): Partial<ActionContext> => {
      const id = `${lowestIdAt(contextNowMs).slice(0, 25)}${n}`;
      return { event: { ...world.at(0).event, id }, execution: id, origin: id };
    };

    test.each([
      ['cancels it when it comes after it', 1, 2, ['lena cancelled', 'ivo cancelled']],
      ['leaves it alone when it comes before it', 2, 1, ['lena pending', 'ivo pending']],
    ])('%s, whichever runs first', async (_name, triggered, cancelled, expected) => {
      for (const triggerFirst of [true, false]) {
        const world = await makeWorld();
        const trigger = () => world.trigger(0, {}, nth(triggered, world));
        const cancel = () => world.cancel(0, {}, nth(cancelled, world));
        if (triggerFirst) await trigger();
        await cancel();
        if (!triggerFirst) await trigger();
        expect(world.states()).toEqual(expected);
      }
    });
  });

  test.each(['remind-it', 'call-it', 'log-it'])(
    'that overtakes the trigger of an earlier event stops it all the same (%s)',
    async (key) => {
      const { trigger, cancel, runsOf, requests } = await makeWorld();
      await cancel(10, { key, recipients: ['lena'] });
      await trigger(5, { key });
      expect(runsOf().map(({ key, status }) => [key.recipient.id, status === 'cancelled'])).toEqual([
        ['lena', true],
        ['ivo', false],
      ]);
      expect(requests.every(({ message }) => (message.data.recipient as JsonObject).id === 'ivo')).toBe(true);
      await cancel(11, { key });
      await trigger(12, { key, recipients: 'lena' });
      expect(runsOf().at(-1)?.status).not.toBe('cancelled');
    },
  );

  test('tells the target of what it has taken, once', async () => {
    const { trigger, cancel, cancels, runsOf } = await makeWorld();
    await trigger(0, { key: 'call-it' });
    expect(await cancel(1, { key: 'call-it' })).toMatchObject({ result: { cancelled: 2, too_late: 0 } });
    expect(cancels.map(({ message }) => [message.type, message.data.reason])).toEqual([
      ['workflow_run.cancelled', 'workflows_cancel'],
      ['workflow_run.cancelled', 'workflows_cancel'],
    ]);
    expect(runsOf().map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    await cancel(2, { key: 'call-it' });
    expect(cancels).toHaveLength(2);
  });

  test('that comes too late leaves the run as it is, and does not ask again', async () => {
    const { trigger, cancel, cancels, runsOf, world } = await makeWorld();
    await trigger(0, { key: 'call-it', recipients: 'lena' });
    world.answer = () => ({ kind: 'too_late', detail: 'it is over' });
    expect(await cancel(1, { key: 'call-it' })).toMatchObject({ result: { cancelled: 0, too_late: 1 } });
    expect(await cancel(2, { key: 'call-it' })).toMatchObject({ result: { cancelled: 0, too_late: 0 } });
    expect(runsOf().map(({ status }) => status)).toEqual(['handed_off']);
    expect(cancels).toHaveLength(1);
  });

  test('whose target is away is tried again', async () => {
    const { trigger, cancel, world } = await makeWorld();
    await trigger(0, { key: 'call-it', recipients: 'lena' });
    world.answer = () => ({ kind: 'unavailable', reason: 'target_busy', detail: 'answered 429', retryAfterSeconds: 9 });
    expect(await cancel(1, { key: 'call-it' })).toMatchObject({
      status: 'pending',
      reason: 'target_busy',
      retryAfterSeconds: 9,
    });
    world.answer = () => ({ kind: 'cancelled' });
    expect(await cancel(1, { key: 'call-it' }, { again: true })).toMatchObject({ result: { cancelled: 1 } });
  });

  test('while the target is taking the run reaches the target too', async () => {
    const { at, trigger, cancel, cancels, runsOf } = await makeWorld();
    const slow: ActionContext['openTarget'] = (workflow, target) => ({
      ...at(0).openTarget(workflow, target),
      async start() {
        await cancel(1, { key: 'call-it' });
        return { kind: 'accepted' };
      },
    });
    expect(await trigger(0, { key: 'call-it', recipients: 'lena' }, { openTarget: slow })).toMatchObject({
      result: { runs: 0, cancelled: 1 },
    });
    expect(cancels).toHaveLength(1);
    expect(runsOf().map(({ status }) => status)).toEqual(['cancelled']);
  });
});

describe('the runs of a recipient who is deleted', () => {
  test('are cancelled, those of others and those that are over are not', async () => {
    const { trigger, at, states } = await makeWorld();
    await trigger(0);
    await trigger(1, { key: 'log-it', recipients: 'lena' });
    expect(await cancelUnfinishedRuns('lena', 'recipient_deleted', at(2))).toEqual({ cancelled: 1, done: true });
    expect(states()).toEqual(['lena cancelled', 'ivo pending', 'lena handed_off']);
    expect(await cancelUnfinishedRuns('lena', 'recipient_deleted', at(3))).toEqual({ cancelled: 0, done: true });
  });

  test('wait for another call when there is no time', async () => {
    const { trigger, at } = await makeWorld();
    await trigger(0);
    const short = at(2, { deadlineMs: contextNowMs + 10 });
    expect(await cancelUnfinishedRuns('lena', 'recipient_deleted', short)).toEqual({ cancelled: 0, done: false });
  });
});
