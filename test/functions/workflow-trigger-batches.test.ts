import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeWorkflowTargets } from '../../shared/adapters/workflow-targets.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { liveConfiguration } from '../support/build.ts';
import { makeFakeLimiter } from '../support/fake-run-limits.ts';
import { makeFakeTargetBreakers } from '../support/fake-target-breakers.ts';
import { identify } from '../support/fakes-workflow-trigger.ts';
import { startWireServer } from '../support/wire-server.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

let server: Awaited<ReturnType<typeof startWireServer>>;
/** What a receiver has begun that ignores a webhook-id it has seen, and what one has that goes by the id of each run. */
const byMessage = new Map<string, string[]>();
const byRun = new Set<string>();

beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  byMessage.clear();
  byRun.clear();
  answer(() => 202);
});

/** Answers by the runs that a request carries; one that is answered 2xx has begun. */
function answer(statusFor: (runIds: string[]) => number) {
  server.world.answer = ({ json, headers }, response) => {
    const runIds = (json.data as { id: string }[]).map(({ id }) => id);
    const status = statusFor(runIds);
    const messageId = String(headers['webhook-id']);
    if (status < 300) {
      if (!byMessage.has(messageId)) byMessage.set(messageId, runIds);
      for (const id of runIds) byRun.add(id);
    }
    response.writeHead(status).end();
  };
}

const users = ['ada', 'ben', 'cleo', 'dan', 'eve'];
const message = () =>
  actionsMessage({ invocations: [invocation('workflows_trigger', 'order', { key: 'call-it', recipients: users })] });

async function makeBatchTrigger() {
  const trigger = makeTrigger();
  await identify(trigger.directory, ...users.map((id) => ({ id })));
  const values = [`whsec_${Buffer.from('a target secret of 32 bytes long').toString('base64')}`];
  const target = { type: 'http', url: server.url, timeout_seconds: 5, headers: {}, batch: { max: 2 } } as const;
  const configuration = liveConfiguration({
    workflows: { 'call-it': { name: 'Call it', target: { development: target } } },
  });
  Object.assign(trigger.deps, {
    configuration: { current: async () => configuration, reload: async () => configuration },
    openTarget: makeWorkflowTargets({
      secrets: { valuesOf: async () => values, refresh: async () => values },
      allowPrivate: true,
      nowMs: () => Date.now(),
      breakers: makeFakeTargetBreakers(),
      limiter: makeFakeLimiter(),
    }),
  });
  return trigger;
}

const allBegunOnce = () => {
  expect([...byMessage.values()].flat().sort()).toEqual([...byRun].sort());
  expect(byRun.size).toBe(users.length);
};

describe('runs of one trigger, two to a request', () => {
  test('take three requests for five runs', async () => {
    const { deliver, outcomes } = await makeBatchTrigger();
    await deliver([message()]);
    expect(outcomes()).toEqual({ order: 'succeeded' });
    expect(server.received.map(({ json }) => (json.data as unknown[]).length).sort()).toEqual([1, 2, 2]);
    allBegunOnce();
  });

  test('are sent again under the id that their batch had, when one batch was not taken', async () => {
    const { deliver, settle, outcomes } = await makeBatchTrigger();
    let refusals = 1;
    answer((runIds) => (runIds.some((id) => id.endsWith('-cleo')) && refusals-- > 0 ? 503 : 202));
    await deliver([message()]);
    expect(outcomes()).toEqual({ order: 'target_unavailable' });
    await settle();
    expect(outcomes()).toEqual({ order: 'succeeded' });
    const ids = server.received
      .filter(({ body }) => body.includes('-cleo'))
      .map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    allBegunOnce();
  });

  test.each([1, 2, 3, 4, 5])(
    'are begun once each by either kind of receiver, when all goes wrong after run %d was written as handed off',
    async (writes) => {
      const { deliver, settle, outcomes, runs } = await makeBatchTrigger();
      const end = runs.end.bind(runs);
      let left = writes;
      const dying = {
        ...runs,
        end: (...args: Parameters<typeof end>) =>
          left-- > 0 ? end(...args) : Promise.reject(new RetryableError('throttled')),
      };
      await deliver([message()], { runs: dying });
      await settle();
      expect(outcomes()).toEqual({ order: 'succeeded' });
      expect([...runs.runs.values()].map(({ status }) => status)).toEqual(users.map(() => 'handed_off'));
      allBegunOnce();
    },
  );

  test('keep their batch when another recipient has become known meanwhile', async () => {
    const { deliver, settle, directory } = await makeBatchTrigger();
    answer(() => 503);
    const invocations = [
      invocation('workflows_trigger', 'order', { key: 'call-it', recipients: ['newcomer', ...users] }),
    ];
    await deliver([actionsMessage({ invocations })]);
    const batches = () => server.received.map(({ headers }) => String(headers['webhook-id']));
    const before = new Set(batches());
    await identify(directory, { id: 'newcomer' });
    answer(() => 202);
    server.received.length = 0;
    await settle();
    expect(batches()).toEqual(expect.arrayContaining([...before]));
    expect(byRun.size).toBe(users.length + 1);
    expect([...byMessage.values()].flat()).toHaveLength(users.length + 1);
  });
});
