import { describe, expect, test } from '@jest/globals';
import { runActions, type WorkflowTriggerDeps } from '../../functions/workflow-trigger/run-actions.ts';
import { SourceState } from '../../shared/core/configuration/schema.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { ActionStatus } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { heldBack } from '../../shared/core/targets/breaker.ts';
import type { TargetAnswer } from '../../shared/ports/workflow-target.ts';
import { openBreaker } from '../contracts/target-breakers.ts';
import { actionsMessage, actionsRecord, invocation, testExecution } from '../support/actions-message.ts';
import { liveConfiguration, sqsRecord } from '../support/build.ts';
import { contextNowMs, identify } from '../support/fakes-workflow-trigger.ts';
import { callLena, down, identifyLena, logLena, makeTrigger, up } from '../support/workflow-trigger.ts';

describe("an event's actions", () => {
  test('run in the fixed order and leave one row that explains them', async () => {
    const { deliver, row, runs, actionsQueue } = makeTrigger();
    // The trigger comes first in the message: its order is not what decides.
    const message = actionsMessage({ invocations: [callLena(), identifyLena({ email: 'lena@orchard.example' })] });
    expect(await deliver([message])).toBe(0);
    expect(row()).toEqual({
      execution: testExecution,
      eventId: testExecution,
      source: 'rudderstack',
      eventType: 'track/order_completed',
      configVersion: 7,
      actions: [
        {
          ...message.invocations[1],
          status: 'succeeded',
          result: { id: 'lena', created: true, changed: ['email'] },
          attempts: 1,
          firstAttemptAtMs: contextNowMs,
          finishedAtMs: contextNowMs,
        },
        {
          ...message.invocations[0],
          status: 'succeeded',
          result: { id: message.invocations[0]?.id, runs: 1 },
          attempts: 1,
          firstAttemptAtMs: contextNowMs,
          finishedAtMs: contextNowMs,
        },
      ],
      next: 0,
      origins: [testExecution],
      revision: contextNowMs,
      receivedAtMs: contextNowMs,
      updatedAtMs: contextNowMs,
    });
    expect(runs.runs.size).toBe(1);
    expect(actionsQueue.sent).toEqual([]);
  });

  test('that fail or are skipped do not stop later ones', async () => {
    const { deliver, outcomes, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    await deliver([
      actionsMessage({
        invocations: [identifyLena({ id: '' }), invocation('users_identify', 'bad', { id: {} }), logLena()],
      }),
    ]);
    expect(outcomes()).toEqual({ identify: 'required_field_missing', bad: 'invalid_params', order: 'succeeded' });
  });

  test('that are unknown fail, last', async () => {
    const { deliver, outcomes } = makeTrigger();
    await deliver([actionsMessage({ invocations: [invocation('constructor', 'odd', {}), identifyLena()] })]);
    expect(outcomes()).toEqual({ identify: 'succeeded', odd: 'action_unknown' });
  });

  test('that the processor could not hand on fail with its reason, without running', async () => {
    const { deliver, row, directory } = makeTrigger();
    const refused = { reason: 'parameters_too_large' as const, detail: 'too many bytes' };
    await deliver([actionsMessage({ invocations: [{ ...identifyLena(), payload: {}, refused }] })]);
    expect(row()?.actions).toMatchObject([{ status: 'failed', ...refused }]);
    expect(directory.writes).toBe(0);
  });

  test('are counted by how they ended, with the reason', async () => {
    const { deliver, metrics, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    await deliver([
      actionsMessage({
        invocations: [
          identifyLena({ id: null }),
          invocation('users_identify', 'bad', { id: {} }),
          logLena(),
          callLena('call'),
        ],
      }),
    ]);
    expect(Object.fromEntries(metrics.counts)).toEqual({
      ActionsSkipped: 1,
      'ActionsSkipped required_field_missing': 1,
      ActionsFailed: 1,
      'ActionsFailed invalid_params': 1,
      ActionsSucceeded: 2,
      RunsStarted: 2,
      TargetCalls: 1,
    });
  });
});

describe('a target that is down', () => {
  test('is asked again, later each time, until it is up; one run comes of it', async () => {
    const { deliver, settle, world, outcomes, row, runs, requests, actionsQueue, directory, clock } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = () => (clock.nowMs < contextNowMs + 3_600_000 ? down() : up());
    await deliver([actionsMessage({ invocations: [callLena()] })]);
    expect(outcomes()).toEqual({ order: 'target_unavailable' });
    expect(row()).toMatchObject({
      next: 2,
      revision: 1,
      actions: [{ status: 'pending', detail: '1 of 1 run waits: answered 503', retryAtMs: contextNowMs + 5000 }],
    });
    expect(actionsQueue.sent).toMatchObject([{ n: 2, delaySeconds: 5, retryAtMs: contextNowMs + 5000 }]);
    await settle();
    expect(row()).toMatchObject({
      actions: [{ status: 'succeeded', attempts: requests.length, firstAttemptAtMs: contextNowMs }],
    });
    expect([...runs.runs.values()]).toMatchObject([{ status: 'handed_off' }]);
    expect(new Set(requests.map(({ messageId }) => messageId)).size).toBe(1);
    // 5 s doubling to 15 minutes: an hour takes about a dozen attempts, not hundreds.
    expect(requests.length).toBeGreaterThan(8);
    expect(requests.length).toBeLessThan(16);
  });

  test('for a day is given up, with its run, and the claim is released so that a resend may try', async () => {
    const { deliver, settle, world, row, runs, directory, clock, claims } = makeTrigger();
    await identify(directory, { id: 'lena' });
    const claim = { key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' };
    await claims.claim(
      { ...claim, eventId: testExecution, leaseEndsAtMs: 0, expiresAtMs: contextNowMs + 1e9 },
      contextNowMs,
    );
    world.answer = down;
    await deliver([actionsMessage({ claim, invocations: [callLena()] })]);
    expect([...claims.items.values()]).toMatchObject([{ released: false }]);
    await settle();
    expect(row()?.actions).toMatchObject([
      {
        status: 'failed',
        reason: 'retries_exhausted',
        detail: expect.stringMatching(/^given up after 1\d\d attempts; the last: 1 of 1 run waits: answered 503$/),
      },
    ]);
    expect([...runs.runs.values()]).toMatchObject([{ status: 'failed', error: expect.stringContaining('given up') }]);
    expect([...claims.items.values()]).toMatchObject([{ released: true }]);
    expect(clock.nowMs - contextNowMs).toBeGreaterThanOrEqual(86_400_000);
    expect(clock.nowMs - contextNowMs).toBeLessThan(86_400_000 + 901_000);
  });

  test('says itself when it wants to be asked again', async () => {
    const { deliver, world, actionsQueue, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = () => ({ ...down(), retryAfterSeconds: 1800 }) as TargetAnswer;
    await deliver([actionsMessage({ invocations: [callLena()] })]);
    expect(actionsQueue.sent).toMatchObject([{ n: 2, delaySeconds: 900, retryAtMs: contextNowMs + 1_890_000 }]);
  });

  test('that its breaker stands for is not asked: no attempt is counted, and the row says when the next probe is', async () => {
    const { deliver, settle, world, row, actionsQueue, directory, clock } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = () => heldBack(openBreaker({ probeAtMs: clock.nowMs + 20_000 }), clock.nowMs);
    await deliver([actionsMessage({ invocations: [callLena()] })]);
    for (let i = 0; i < 150; i++) {
      const [next] = actionsQueue.sent.splice(0);
      if (next === undefined) throw new Error('a retry was expected');
      clock.nowMs = next.retryAtMs ?? 0;
      await deliver([next]);
      const [waiting] = row()?.actions ?? [];
      expect(waiting).toMatchObject({ status: 'pending', attempts: 0 });
      expect(waiting?.retryAtMs).toBeGreaterThan(clock.nowMs);
    }
    world.answer = up;
    await settle();
    expect(row()?.actions).toMatchObject([{ status: 'succeeded', attempts: 1 }]);
  });

  test('that its breaker stands for a whole day is given up, and nothing says that it was tried', async () => {
    const { deliver, settle, world, row, runs, directory, clock } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = () => heldBack(openBreaker({ probeAtMs: clock.nowMs + 900_000 }), clock.nowMs);
    await deliver([actionsMessage({ invocations: [callLena()] })]);
    await settle();
    expect(row()?.actions).toMatchObject([
      {
        status: 'failed',
        reason: 'retries_exhausted',
        attempts: 0,
        detail: expect.stringMatching(/^given up without an attempt: 1 of 1 run waits: not called: /),
      },
    ]);
    expect([...runs.runs.values()]).toMatchObject([
      { status: 'failed', error: expect.stringMatching(/^given up without an attempt: not called: /) },
    ]);
  });

  test('is not asked by a message that comes before its time; that is delayed again and counts for nothing', async () => {
    const { deliver, actionsQueue, requests, row, actionLog, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    const early = actionsMessage({ n: 2, retryAtMs: contextNowMs + 990_000, invocations: [callLena()] });
    expect(await deliver([early])).toBe(0);
    expect(actionsQueue.sent).toEqual([{ ...early, delaySeconds: 900 }]);
    expect([requests.length, row(), actionLog.rows.size]).toEqual([0, undefined, 0]);
  });

  test('delays no other: the other events of the batch end as ever', async () => {
    const { deliver, world, outcomes, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = down;
    const other = '01KAJ6VY018M25RXK0Q4T9B7C0';
    await deliver([
      actionsMessage({ invocations: [callLena()] }),
      actionsMessage({ execution: other, invocations: [logLena()] }),
    ]);
    expect([outcomes(), outcomes(other)]).toEqual([{ order: 'target_unavailable' }, { order: 'succeeded' }]);
  });
});

describe('a recipient that is not known yet', () => {
  const signUp = () => ({
    identify: actionsMessage({ execution: '01KAJ6VY018M25RXK0Q4T9B7C0', invocations: [identifyLena()] }),
    order: actionsMessage({ invocations: [logLena()] }),
  });

  test('and is described by another event of the batch gets a run at once, whichever comes first', async () => {
    for (const inOrder of [true, false]) {
      const { deliver, outcomes, runs, actionsQueue } = makeTrigger();
      const { identify, order } = signUp();
      await deliver(inOrder ? [identify, order] : [order, identify]);
      expect(outcomes()).toEqual({ order: 'succeeded' });
      expect([runs.runs.size, actionsQueue.sent.length]).toEqual([1, 0]);
    }
  });

  test('is waited for, and gets its run within seconds of being identified', async () => {
    const { deliver, outcomes, row, runs, actionsQueue, directory, clock } = makeTrigger();
    const { order } = signUp();
    await deliver([order]);
    expect(row()?.actions).toMatchObject([
      { status: 'pending', reason: 'recipient_unknown', detail: 'waits for lena: not identified yet' },
    ]);
    expect(actionsQueue.sent).toMatchObject([{ n: 2, delaySeconds: 2 }]);
    await identify(directory, { id: 'lena' });
    const [next] = actionsQueue.sent.splice(0);
    clock.nowMs += 2000;
    await deliver([next as ActionsMessage]);
    expect(outcomes()).toEqual({ order: 'succeeded' });
    expect(runs.runs.size).toBe(1);
  });

  test('and never is identified: skipped after ten seconds, a handful of tries and no attempt lost', async () => {
    const { deliver, settle, row, clock, metrics, claims } = makeTrigger();
    const { order } = signUp();
    await deliver([order]);
    const tries = await settle();
    expect(tries).toBeLessThan(7);
    expect(clock.nowMs - contextNowMs).toBeGreaterThanOrEqual(10_000);
    expect(clock.nowMs - contextNowMs).toBeLessThan(16_000);
    expect(row()?.actions).toMatchObject([
      { status: 'skipped', reason: 'recipient_unknown', result: { runs: 0, unknown: 1 } },
    ]);
    expect(metrics.counts.get('ActionsSkipped recipient_unknown')).toBe(1);
    expect(claims.items.size).toBe(0);
  });

  test('a replay begins its run once it is known, and no run of the others again', async () => {
    const { deliver, settle, outcomes, row, runs, requests, directory } = makeTrigger();
    await identify(directory, { id: 'ivo' });
    const both = invocation('workflows_trigger', 'order', { key: 'call-it', recipients: ['ivo', 'lena'] });
    await deliver([actionsMessage({ invocations: [both] })]);
    expect(requests).toHaveLength(1);
    await settle();
    expect(row()?.actions).toMatchObject([{ status: 'skipped', result: { runs: 1, unknown: 1 } }]);
    const replay = actionsMessage({ origin: 'replay-1', again: true, invocations: [both] });
    await deliver([replay]);
    expect(outcomes()).toEqual({ order: 'recipient_unknown' });
    await identify(directory, { id: 'lena' });
    await deliver([{ ...replay, origin: 'replay-2' }]);
    expect(outcomes()).toEqual({ order: 'succeeded' });
    expect([runs.runs.size, requests.length]).toEqual([2, 2]);
    // A redelivery of an origin that the row has seen opens nothing.
    await deliver([{ ...replay, origin: 'replay-1' }], { receiveCount: 2 });
    expect(requests).toHaveLength(2);
  });

  test('as the actor of a trigger is waited for as well; then the trigger fails', async () => {
    const { deliver, settle, outcomes, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    const acted = invocation('workflows_trigger', 'order', { key: 'log-it', recipients: 'lena', actor: 'ivo' });
    await deliver([actionsMessage({ invocations: [acted] })]);
    expect(outcomes()).toEqual({ order: 'recipient_unknown' });
    await settle();
    expect(outcomes()).toEqual({ order: 'actor_missing' });
  });

  test('is not waited for where the workflow says 0, nor once its replay comes later', async () => {
    const { deliver, outcomes, actionsQueue } = makeTrigger();
    const configuration = liveConfiguration({
      workflows: {
        'log-it': { name: 'Log it', target: { development: { type: 'log' } }, wait_for_recipients: 0 },
      },
    });
    await deliver([signUp().order], {
      configuration: { current: async () => configuration, reload: async () => configuration },
    });
    expect(outcomes()).toEqual({ order: 'recipient_unknown' });
    expect(actionsQueue.sent).toEqual([]);
  });

  test('that is known costs no read and no write more', async () => {
    const { deliver, directory, runs } = makeTrigger();
    await identify(directory, { id: 'lena' });
    let reads = 0;
    const counted = {
      ...directory,
      readEach(refs: Parameters<typeof directory.readEach>[0]) {
        reads++;
        return directory.readEach(refs);
      },
    };
    await deliver([signUp().order], { directory: counted });
    expect([reads, runs.writes]).toEqual([1, 1]);
  });
});

describe('a table that is throttled', () => {
  const throttled = { readEach: async () => Promise.reject(new RetryableError('throttled')) };

  test('makes the action wait, and later actions wait for it, so that no trigger overtakes its identify', async () => {
    const { deliver, settle, row, outcomes, directory, requests } = makeTrigger();
    const message = actionsMessage({ invocations: [identifyLena(), identifyLena({ id: 'ivo' }), callLena()] });
    message.invocations[1] = {
      ...(message.invocations[1] as (typeof message.invocations)[number]),
      mapping: 'identify-2',
      id: invocation('', 'identify-2', {}).id,
    };
    let calls = 0;
    await deliver([message], {
      directory: {
        ...directory,
        readEach: async (refs) => (++calls === 1 ? throttled.readEach() : directory.readEach(refs)),
      },
    });
    expect(outcomes()).toEqual({
      identify: 'table_unavailable',
      'identify-2': 'succeeded',
      order: 'waiting_for_earlier_action',
    });
    expect(row()?.actions.find(({ mapping }) => mapping === 'order')).toMatchObject({
      attempts: 0,
      detail: 'waits for users_identify',
    });
    expect(requests).toHaveLength(0);
    await settle();
    expect(outcomes()).toEqual({ identify: 'succeeded', 'identify-2': 'succeeded', order: 'succeeded' });
    expect(row()?.actions.map(({ attempts }) => attempts)).toEqual([2, 1, 1]);
  });

  test('tells for how long its actions have waited, and says nothing of those that wait for them', async () => {
    const { deliver, metrics, clock, actionsQueue } = makeTrigger();
    const away = { directory: { ...makeTrigger().directory, ...throttled } };
    await deliver([actionsMessage({ invocations: [identifyLena(), callLena()] })], away);
    expect(metrics.times.get('ActionsBlockedMs')).toEqual([0]);
    clock.nowMs = (actionsQueue.sent[0]?.retryAtMs ?? 0) + 60_000;
    await deliver(actionsQueue.sent.splice(0), away);
    expect(metrics.times.get('ActionsBlockedMs')).toEqual([0, clock.nowMs - contextNowMs]);
    expect(metrics.times.has('TargetWaitMs')).toBe(false);
  });

  test('is given up after a day, and then what waited runs', async () => {
    const { deliver, outcomes, runs, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    const late = actionsMessage({
      n: 100,
      firstSentAtMs: contextNowMs - 86_400_000,
      invocations: [identifyLena({ email: 'x@y.example' }), logLena()],
    });
    let calls = 0;
    await deliver([late], {
      directory: {
        ...directory,
        readEach: async (refs) => (++calls === 1 ? throttled.readEach() : directory.readEach(refs)),
      },
    });
    expect(outcomes()).toEqual({ identify: 'retries_exhausted', order: 'succeeded' });
    expect(runs.runs.size).toBe(1);
  });
});

describe('a message that comes again', () => {
  test.each([
    ['a redelivery', {}, 2],
    ['a resend', { again: true, origin: testExecution }, 1],
    ['a twin of a retry', { n: 2 }, 1],
  ])('%s of what is done is acknowledged without doing anything', async (_name, change, receiveCount) => {
    const { deliver, row, directory, runs, requests } = makeTrigger();
    const message = actionsMessage({ invocations: [identifyLena(), callLena()] });
    await deliver([message]);
    const before = structuredClone(row());
    const writes = [directory.writes, runs.writes, requests.length];
    expect(await deliver([{ ...message, ...change }], { receiveCount })).toBe(0);
    expect([row(), directory.writes, runs.writes, requests.length]).toEqual([before, ...writes]);
  });

  test('superseded by a later message of its chain is acknowledged: that one carries on', async () => {
    const { deliver, world, requests, actionsQueue, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = down;
    const message = actionsMessage({ invocations: [callLena()] });
    await deliver([message]);
    await deliver([message], { receiveCount: 2 });
    expect([requests.length, actionsQueue.sent.length]).toEqual([1, 1]);
  });

  test('at the same moment, twice: one run, one row', async () => {
    const { deliver, row, runs, directory, requests } = makeTrigger();
    const message = actionsMessage({
      invocations: [identifyLena({ email: 'lena@orchard.example' }), callLena(), logLena('log')],
    });
    await Promise.all([deliver([message]), deliver([message], { receiveCount: 2 })]);
    expect(row()?.actions.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect([...runs.runs.values()].map(({ status }) => status)).toEqual(['handed_off', 'handed_off']);
    expect(new Set(requests.map(({ messageId }) => messageId)).size).toBe(1);
    expect(directory.entities.get('lena')?.version).toBe(1);
  });
});

describe('an operator’s replay, or a resend that took over', () => {
  async function failedFor(reason: 'target' | 'field') {
    const made = makeTrigger();
    await identify(made.directory, { id: 'lena' });
    made.world.answer = () => ({ kind: 'refused', detail: 'answered 404' });
    const broken =
      reason === 'target' ? callLena() : invocation('workflows_trigger', 'order', { key: 'nope', recipients: 'lena' });
    await made.deliver([actionsMessage({ invocations: [identifyLena({ plan: 'team' }), broken] })]);
    made.world.answer = up;
    return { ...made, broken };
  }

  test('runs what failed for good, and nothing else', async () => {
    const { deliver, outcomes, row, requests, directory, broken, runs } = await failedFor('target');
    expect(outcomes()).toEqual({ identify: 'succeeded', order: 'target_refused' });
    const { writes } = directory;
    await deliver([
      actionsMessage({ origin: 'replay-1', again: true, invocations: [identifyLena({ plan: 'team' }), broken] }),
    ]);
    expect(outcomes()).toEqual({ identify: 'succeeded', order: 'succeeded' });
    expect(row()).toMatchObject({ origins: [testExecution, 'replay-1'], revision: 2 });
    expect([requests.length, directory.writes, [...runs.runs.values()][0]?.status]).toEqual([2, writes, 'handed_off']);
  });

  test('whose origin has failed before releases the claim once more: it took it over, and runs nothing', async () => {
    const { deliver, claims, broken } = await failedFor('target');
    const key = { key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' };
    const lease = { leaseEndsAtMs: contextNowMs, expiresAtMs: contextNowMs + 1e9 };
    await claims.claim({ ...key, eventId: 'another', ...lease }, contextNowMs);
    const isReleased = () => [...claims.items.values()].map(({ released }) => released);
    const again = actionsMessage({ claim: key, again: true, invocations: [broken] });
    await deliver([again]);
    expect(isReleased()).toEqual([false]);
    const [held] = claims.items.values();
    if (held === undefined) throw new Error('a claim was expected');
    await claims.takeOver({ ...key, eventId: again.eventId, execution: testExecution, ...lease }, held);
    await deliver([again]);
    expect(isReleased()).toEqual([true]);
  });

  test('that fails again is logged once more, and the next may try', async () => {
    const { deliver, row, broken } = await failedFor('field');
    for (const origin of ['replay-1', 'replay-1', 'replay-2'])
      await deliver([actionsMessage({ origin, again: true, invocations: [broken] })]);
    expect(row()).toMatchObject({ origins: [testExecution, 'replay-1', 'replay-2'], revision: 3 });
    expect(row()?.actions.find(({ mapping }) => mapping === 'order')).toMatchObject({
      status: 'failed',
      reason: 'workflow_missing',
      attempts: 3,
    });
  });

  test('takes over a chain that is still waiting, whose own message then gives way', async () => {
    const { deliver, world, actionsQueue, requests, row, settle, clock, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = down;
    await deliver([actionsMessage({ invocations: [callLena()] })]);
    const [older] = actionsQueue.sent.splice(0);
    await deliver([
      actionsMessage({ origin: 'replay-1', again: true, firstSentAtMs: clock.nowMs, invocations: [callLena()] }),
    ]);
    expect(actionsQueue.sent).toMatchObject([{ origin: 'replay-1', n: 3, firstN: 2, delaySeconds: 5 }]);
    world.answer = up;
    clock.nowMs += 5000;
    if (older) await deliver([older]);
    expect(requests).toHaveLength(2);
    await settle();
    expect(row()).toMatchObject({ actions: [{ status: 'succeeded' }], origins: [testExecution, 'replay-1'] });
    expect(requests).toHaveLength(3);
  });
});

describe('trouble of our own', () => {
  test('a queue that does not take the retry: nothing is logged, the message comes back', async () => {
    const { deliver, row, world, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = down;
    const actionsQueue = {
      sendEach: async (messages: unknown[]) =>
        messages.map(() => ({ sent: false as const, error: new RetryableError('away') })),
    };
    expect(await deliver([actionsMessage({ invocations: [callLena()] })], { actionsQueue })).toBe(1);
    expect(row()).toBeUndefined();
  });

  test.each<[string, Partial<WorkflowTriggerDeps>]>([
    ['a queue that throws', { actionsQueue: { sendEach: () => Promise.reject(new Error('bug')) } }],
    ['a claim that cannot be released', { claims: { release: () => Promise.reject(new RetryableError('throttled')) } }],
  ])('%s: the message comes back, its neighbours do not', async (_name, change) => {
    const { deliver, world, directory, outcomes } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = () => (change.claims ? { kind: 'refused', detail: 'no' } : down());
    const claim = { key: 'k', source: 's', eventType: 't' };
    const other = '01KAJ6VY018M25RXK0Q4T9B7C0';
    expect(
      await deliver(
        [
          actionsMessage({ claim, invocations: [callLena()] }),
          actionsMessage({ execution: other, invocations: [logLena()] }),
        ],
        change,
      ),
    ).toBe(1);
    expect([outcomes(), outcomes(other)]).toEqual([{}, { order: 'succeeded' }]);
  });

  test('rows that are not written: just their messages come back', async () => {
    const { deliver, actionLog } = makeTrigger();
    const messages = Array.from({ length: 10 }, (_, i) =>
      actionsMessage({ execution: `01KAJ6VY0${i}8M25RXK0Q4T9B7C0`, invocations: [identifyLena()] }),
    );
    const records = messages.map((message) => actionsRecord(message));
    for (let broken = 0; broken < 10; broken++) {
      const deps = {
        ...makeTrigger().deps,
        actionLog: {
          ...actionLog,
          writeEach: async (entries: unknown[]) => entries.map((_, i) => (i === broken ? new Error('no') : undefined)),
        },
      };
      expect(await runActions(records, deps, Number.POSITIVE_INFINITY)).toEqual({
        batchItemFailures: [{ itemIdentifier: records[broken]?.messageId }],
      });
    }
    expect(
      await deliver(messages, { actionLog: { ...actionLog, writeEach: () => Promise.reject(new Error('bug')) } }),
    ).toBe(10);
  });

  test('a bug in one action: its message comes back, nine good ones are done', async () => {
    const { deps, log, outcomes } = makeTrigger();
    const broken = {
      ...deps.directory,
      readEach: (refs: { id: string }[]) =>
        refs[0]?.id === 'bug' ? Promise.reject(new TypeError('a bug')) : deps.directory.readEach(refs as never),
    };
    const messages = Array.from({ length: 10 }, (_, i) =>
      actionsMessage({
        execution: `01KAJ6VY0${i}8M25RXK0Q4T9B7C0`,
        invocations: [identifyLena({ id: i === 4 ? 'bug' : `u${i}` })],
      }),
    );
    const records = messages.map((message) => actionsRecord(message));
    expect(await runActions(records, { ...deps, directory: broken }, Number.POSITIVE_INFINITY)).toEqual({
      batchItemFailures: [{ itemIdentifier: records[4]?.messageId }],
    });
    expect(messages.filter(({ execution }) => outcomes(execution).identify === 'succeeded')).toHaveLength(9);
    expect(log.lines).toMatchObject([
      {
        level: 'error',
        message: 'a record failed',
        message_id: records[4]?.messageId,
        execution: messages[4]?.execution,
        delivery: 1,
        error: { message: 'a bug', stack: expect.stringContaining('workflow-trigger.test.ts') },
      },
    ]);
  });

  test.each(['', 'null', '{}', '{"v":1,"body":{}}', '{"v":2,"body":{}}', '{"v":1,"z":"AAAA"}'])(
    'a message that cannot be read (%s) comes back, to be explained in the end',
    async (body) => {
      const { deps, row } = makeTrigger();
      const records = [sqsRecord(body), actionsRecord(actionsMessage({ invocations: [identifyLena()] }))];
      expect(await runActions(records, deps, Number.POSITIVE_INFINITY)).toEqual({
        batchItemFailures: [{ itemIdentifier: records[0]?.messageId }],
      });
      expect(row()).toBeDefined();
    },
  );

  test('on the last delivery the reason is in the row before the message is parked, and final outcomes stay', async () => {
    const { deps, deliver, row, outcomes } = makeTrigger();
    const broken = { directory: { ...deps.directory, readEach: () => Promise.reject(new TypeError('a bug')) } };
    const message = actionsMessage({ invocations: [identifyLena()] });
    expect(await deliver([message], { ...broken, receiveCount: 9 })).toBe(1);
    expect(row()).toBeUndefined();
    expect(await deliver([message], { ...broken, receiveCount: 10 })).toBe(1);
    expect(row()).toMatchObject({ actions: [{ status: 'pending', detail: 'a bug' }], next: 0, origins: [] });
    // What it left does not stand in the way of the message when somebody sends it once more.
    expect(await deliver([message])).toBe(0);
    expect(outcomes()).toEqual({ identify: 'succeeded' });
    expect(await deliver([message], { ...broken, receiveCount: 10 })).toBe(0);
    expect(outcomes()).toEqual({ identify: 'succeeded' });
  });

  test('a row that others keep writing is read and merged again', async () => {
    const { deliver, actionLog, row, world, directory } = makeTrigger();
    await identify(directory, { id: 'lena' });
    world.answer = down;
    let meddling = 3;
    const meddled = {
      ...actionLog,
      async writeIfUnchanged(...[entry, revision]: Parameters<typeof actionLog.writeIfUnchanged>) {
        if (meddling-- > 0) {
          const other: ActionStatus = 'pending';
          const rowNow = actionLog.rows.get(entry.execution) ?? entry;
          actionLog.rows.set(entry.execution, {
            ...rowNow,
            actions: rowNow.actions.map((action) => ({ ...action, status: other })),
            revision: revision + 1,
          });
          return false;
        }
        return actionLog.writeIfUnchanged(entry, revision);
      },
    };
    expect(await deliver([actionsMessage({ invocations: [callLena()] })], { actionLog: meddled })).toBe(0);
    expect(row()).toMatchObject({ next: 2, actions: [{ status: 'pending' }] });
  });

  test('no configuration: the whole batch comes back untouched', async () => {
    const { deliver, directory } = makeTrigger();
    const configuration = {
      current: () => Promise.reject(new RetryableError('away')),
      reload: () => Promise.reject(new Error()),
    };
    await expect(deliver([actionsMessage({ invocations: [identifyLena()] })], { configuration })).rejects.toMatchObject(
      { name: 'RetryableError' },
    );
    expect(directory.writes).toBe(0);
  });
});

test('rows are kept as long as the source keeps its rows, in every attempt', async () => {
  const { deliver, settle, deps, world, row, directory } = makeTrigger();
  await identify(directory, { id: 'lena' });
  const configuration = await deps.configuration.current();
  const state = {
    ...configuration.state,
    sources: { ...configuration.state.sources, rudderstack: SourceState.parse({ retention_days: 8 }) },
  };
  deps.configuration = { ...deps.configuration, current: async () => ({ ...configuration, state }) };
  world.answer = down;
  await deliver([actionsMessage({ invocations: [callLena()] })]);
  expect(row()).toMatchObject({ retentionDays: 8, revision: 1 });
  world.answer = up;
  await settle();
  expect(row()).toMatchObject({ retentionDays: 8, revision: 2, actions: [{ status: 'succeeded' }] });
});

test('one configuration serves a whole batch, however long it takes', async () => {
  const { deliver } = makeTrigger();
  let asked = 0;
  const configuration = {
    current: async () => {
      asked++;
      return liveConfiguration();
    },
    reload: async () => liveConfiguration(),
  };
  await deliver(
    Array.from({ length: 10 }, (_, i) =>
      actionsMessage({ execution: `01KAJ6VY0${i}8M25RXK0Q4T9B7C0`, invocations: [identifyLena()] }),
    ),
    { configuration },
  );
  expect(asked).toBe(1);
});
