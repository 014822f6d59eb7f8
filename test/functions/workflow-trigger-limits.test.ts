import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { RetryableError } from '../../shared/core/errors.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { limitCalls } from '../../shared/core/targets/limit-calls.ts';
import { makeRunLimiter } from '../../shared/core/targets/run-limiter.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { RunLimits } from '../../shared/ports/run-limits.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { makeFakeRunLimits } from '../support/fake-run-limits.ts';
import { contextNowMs, identify } from '../support/fakes-workflow-trigger.ts';
import { down, makeTrigger } from '../support/workflow-trigger.ts';

const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);

/** Workflow `call-it` with limits; `other-it` has none. */
async function makeWorld(limits: Record<string, number>) {
  const made = makeTrigger();
  await identify(made.directory, ...users.map((id) => ({ id })));
  const live = await made.deps.configuration.current();
  const { 'call-it': callIt, 'log-it': logIt } = live.snapshot.workflows;
  const workflows = {
    'call-it': { ...callIt, ...limits },
    'log-it': { ...logIt, ...limits },
    'other-it': { ...callIt },
  };
  const configuration = { ...live, snapshot: { ...live.snapshot, workflows } } as LiveConfiguration;
  const stored = makeFakeRunLimits();
  made.deps.configuration = { current: async () => configuration, reload: async () => configuration };
  made.deps.limiter = makeRunLimiter(stored, () => made.clock.nowMs, randomUUID);
  const begun: number[] = [];
  const { openTarget } = made.deps;
  made.deps.openTarget = (workflow, target, max) => {
    const opened = openTarget(workflow, target);
    const noted = {
      ...opened,
      async start(request: Parameters<typeof opened.start>[0]) {
        begun.push(made.clock.nowMs);
        return opened.start(request);
      },
    };
    const deps = { limiter: made.deps.limiter, nowMs: made.deps.nowMs };
    return max === undefined ? noted : limitCalls(workflow, noted, max, deps);
  };
  const waiting: { message: ActionsMessage; dueMs: number }[] = [];
  made.deps.actionsQueue = {
    async sendEach(messages) {
      for (const message of messages)
        waiting.push({ message, dueMs: made.clock.nowMs + (message.delaySeconds ?? 0) * 1000 });
      return messages.map(() => ({ sent: true }));
    },
  };
  /** Delivers each message when it is due, until none is left. */
  async function settle(mostMessages = 2000) {
    for (let i = 0; i < mostMessages; i++) {
      waiting.sort((a, b) => a.dueMs - b.dueMs);
      const next = waiting.shift();
      if (next === undefined) return;
      made.clock.nowMs = Math.max(made.clock.nowMs, next.dueMs);
      await made.deliver([next.message]);
    }
    throw new Error('it never settles');
  }
  return { ...made, settle, stored, begun };
}

let events = 0;
function trigger(recipients: string | string[], key = 'call-it'): ActionsMessage {
  const execution = `01KAJ6VY${String(events++).padStart(4, '0')}M25RXK0Q4T9B70`;
  return actionsMessage({
    execution,
    eventId: execution,
    origin: execution,
    invocations: [invocation('workflows_trigger', key, { key, recipients }, execution)],
  });
}

/** So many begun within any second, at most. */
function mostInASecond(times: number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
}

describe('a workflow with max_per_second', () => {
  test('begins its runs at that rate, without an attempt or a lost run', async () => {
    const { deliver, settle, begun, actionLog, clock } = await makeWorld({ max_per_second: 2 });
    const messages = users.map((user) => trigger(user));
    for (const message of messages) await deliver([message]);
    expect(begun).toHaveLength(2);
    const waiting = actionLog.rows.get(messages.at(-1)?.execution ?? '')?.actions[0];
    expect(waiting).toMatchObject({ status: 'pending', reason: 'rate_limited', attempts: 0 });
    expect(waiting?.detail).toContain('workflow call-it begins at most 2 runs a second');
    await settle();
    expect(begun).toHaveLength(users.length);
    // A second's worth may come at once, and queues deliver to the second.
    expect(mostInASecond(begun)).toBeLessThanOrEqual(4);
    expect(clock.nowMs - contextNowMs).toBeGreaterThanOrEqual(18_000);
    expect(clock.nowMs - contextNowMs).toBeLessThanOrEqual(30_000);
    const outcomes = messages.map(({ execution }) => actionLog.rows.get(execution)?.actions[0]);
    expect(outcomes.every((one) => one?.status === 'succeeded' && one.attempts === 1)).toBe(true);
  });

  test('begins the runs of one trigger with many recipients at that rate, each once', async () => {
    const { deliver, settle, begun, requests, row } = await makeWorld({ max_per_second: 5 });
    const message = trigger(users);
    await deliver([message]);
    await settle();
    expect(new Set(requests.map(({ messageId }) => messageId)).size).toBe(users.length);
    expect(begun).toHaveLength(users.length);
    expect(mostInASecond(begun)).toBeLessThanOrEqual(10);
    expect(row(message.execution)?.actions).toMatchObject([{ status: 'succeeded', result: { runs: users.length } }]);
  });

  test('does not delay other workflows, and costs them nothing', async () => {
    const { deliver, stored, requests } = await makeWorld({ max_per_second: 1 });
    await deliver([trigger(users.slice(0, 5))]);
    const before = [requests.length, stored.writes];
    await deliver([trigger(users, 'other-it')]);
    expect([requests.length, stored.writes]).toEqual([(before[0] ?? 0) + users.length, before[1]]);
  });

  test('limits what only records as well', async () => {
    const { deliver, settle, runs } = await makeWorld({ max_per_second: 5 });
    await deliver([trigger(users, 'log-it')]);
    const done = () => [...runs.runs.values()].filter(({ status }) => status === 'handed_off').length;
    expect(done()).toBe(5);
    await settle();
    expect(done()).toBe(users.length);
  });

  test('is waited for beyond a day without giving up, while a target that fails is given up', async () => {
    const { deliver, settle, world, clock, actionLog } = await makeWorld({ max_per_second: 0.0005 });
    const messages = users.map((user) => trigger(user));
    for (const message of messages) await deliver([message]);
    await settle(5000);
    expect(clock.nowMs - contextNowMs).toBeGreaterThan(20 * 3_600_000);
    const statuses = () => messages.map(({ execution }) => actionLog.rows.get(execution)?.actions[0]?.status);
    expect(new Set(statuses())).toEqual(new Set(['succeeded']));
    world.answer = down;
    const failing = trigger('user-0');
    await deliver([failing]);
    await settle(5000);
    expect(actionLog.rows.get(failing.execution)?.actions[0]).toMatchObject({ reason: 'retries_exhausted' });
  });

  test('waits where the table of limits is away, and begins no run', async () => {
    const { deliver, deps, begun, outcomes } = await makeWorld({ max_per_second: 5 });
    const away = new Proxy(
      {},
      { get: () => async () => Promise.reject(new RetryableError('table away')) },
    ) as RunLimits;
    const message = trigger('user-1');
    const limiter = makeRunLimiter(away, deps.nowMs, randomUUID);
    expect(await deliver([message], { limiter })).toBe(0);
    expect([begun, outcomes(message.execution)]).toEqual([[], { 'call-it': 'table_unavailable' }]);
  });
});

describe('a workflow with max_concurrent', () => {
  test('has no more calls under way than that, over all messages of a batch', async () => {
    const { deliver, settle, world, deps, requests } = await makeWorld({ max_concurrent: 3 });
    let underWay = 0;
    let most = 0;
    const { openTarget } = deps;
    deps.openTarget = (workflow, target, max) => {
      const opened = openTarget(workflow, target);
      const slow = {
        ...opened,
        async start(request: Parameters<typeof opened.start>[0]) {
          most = Math.max(most, ++underWay);
          await new Promise((later) => setImmediate(later));
          underWay--;
          return opened.start(request);
        },
      };
      return max === undefined ? slow : limitCalls(workflow, slow, max, deps);
    };
    world.answer = () => ({ kind: 'accepted' });
    await deliver(users.map((user) => trigger(user)));
    await settle();
    expect([most, new Set(requests.map(({ messageId }) => messageId)).size]).toEqual([3, users.length]);
  });

  test('waits without an attempt while other processes have all calls under way', async () => {
    const { deliver, settle, stored, row, requests, clock } = await makeWorld({ max_concurrent: 2 });
    const permits = { max: 2, count: 2, untilMs: clock.nowMs + 60_000, nowMs: clock.nowMs };
    await stored.takePermits('call-it', { ...permits, lease: 'another' });
    const message = trigger('user-1');
    await deliver([message]);
    expect(row(message.execution)?.actions).toMatchObject([
      { status: 'pending', reason: 'rate_limited', attempts: 0, detail: expect.stringContaining('2 calls under way') },
    ]);
    await deliver([trigger('user-2', 'other-it')]);
    expect(requests).toHaveLength(1);
    // Its process died; the permits end by themselves.
    await settle();
    expect(row(message.execution)?.actions).toMatchObject([{ status: 'succeeded', attempts: 1 }]);
  });
});
