import { describe, expect, test } from '@jest/globals';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { TargetAnswer } from '../../shared/ports/workflow-target.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { dieAt, type Fate } from '../support/die-at.ts';
import { contextNowMs, openFakeTarget } from '../support/fakes-workflow-trigger.ts';
import { callLena, down, identifyLena, logLena, makeTrigger, up } from '../support/workflow-trigger.ts';

const claim = { key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' };
const refused = (): TargetAnswer => ({ kind: 'refused', detail: 'answered 404' });

type Scenario = {
  invocations: ActionsMessage['invocations'];
  answers: () => TargetAnswer;
  ends: Record<string, string>;
};

// Every kind of call that workflow-trigger makes is in one of these.
const scenarios: Record<string, Scenario> = {
  identify: {
    invocations: [identifyLena({ email: 'lena@orchard.example' })],
    answers: up,
    ends: { identify: 'succeeded' },
  },
  'identify, then a trigger that is recorded': {
    invocations: [identifyLena(), logLena()],
    answers: up,
    ends: { identify: 'succeeded', order: 'succeeded' },
  },
  'identify, then a trigger that calls': {
    invocations: [identifyLena(), callLena()],
    answers: up,
    ends: { identify: 'succeeded', order: 'succeeded' },
  },
  'a trigger with everybody inline': {
    invocations: [
      invocation('workflows_trigger', 'order', {
        key: 'call-it',
        recipients: [{ id: 'lena', plan: 'team' }],
        actor: { id: 'ivo' },
        tenant: 't1',
      }),
    ],
    answers: up,
    ends: { order: 'succeeded' },
  },
  'a trigger whose target is down at first': {
    invocations: [identifyLena(), callLena()],
    answers: down,
    ends: { identify: 'succeeded', order: 'succeeded' },
  },
  'a trigger that is refused': {
    invocations: [identifyLena(), callLena()],
    answers: refused,
    ends: { identify: 'succeeded', order: 'target_refused' },
  },
};

/** Delivers a message to processes that die one after the other as `fates` say, and then to one that lives. */
async function survive({ invocations, answers }: Scenario, fates: Fate[]) {
  const made = makeTrigger();
  const { clock, world, claims, actionLog, actionsQueue, directory, runs, requests } = made;
  const message = actionsMessage({ claim, invocations });
  await claims.claim(
    { ...claim, eventId: message.eventId, leaseEndsAtMs: 0, expiresAtMs: contextNowMs + 1e9 },
    contextNowMs,
  );
  const target = {
    recordsOnly: false,
    timeoutMs: 5000,
    async start(request: (typeof requests)[number]) {
      requests.push(request);
      return world.answer();
    },
  };
  world.answer = answers;
  let calls = 0;
  let receiveCount = 0;
  for (const fate of [...fates, undefined]) {
    const dying = dieAt({ claims, actionLog, actionsQueue, directory, runs, target }, fate);
    const { target: dyingTarget, ...ports } = dying.ports;
    await made
      .deliver([message], { ...ports, openTarget: openFakeTarget(dyingTarget), receiveCount: ++receiveCount })
      .catch(() => undefined);
    calls = dying.calls();
    clock.nowMs += 360_000;
  }
  if (answers === down) world.answer = up;
  await made.settle();
  const run = [...runs.runs.values()].map(
    ({ status, attempts: _attempts, insertedAtMs: _at, updatedAtMs: _updated, ...rest }) => ({ ...rest, status }),
  );
  const users = [...directory.entities].map(([key, { attributes, version }]) => [key, attributes, version]);
  const messageIds = new Set(requests.map(({ messageId }) => messageId)).size;
  return {
    calls,
    end: { outcomes: made.outcomes(), run, users, messageIds, released: [...claims.items.values()][0]?.released },
  };
}

describe.each(Object.entries(scenarios))('a process that dies during: %s', (_name, scenario) => {
  test('at any call, before or after its effect, leaves what an undisturbed one does: nothing lost, nothing twice', async () => {
    const { calls, end } = await survive(scenario, []);
    expect(end.outcomes).toEqual(scenario.ends);
    expect(end.released).toBe(Object.values(scenario.ends).includes('target_refused'));
    expect(calls).toBeGreaterThan(2);
    for (let at = 0; at < calls; at++) {
      for (const when of ['before', 'after'] as const) {
        expect({ at, when, ...(await survive(scenario, [{ at, when }])).end }).toEqual({ at, when, ...end });
      }
    }
  });

  test('and once more while it is repaired: still the same', async () => {
    const { calls, end } = await survive(scenario, []);
    for (let first = 0; first < calls; first++) {
      for (let second = 0; second <= calls; second++) {
        for (const [one, two] of [
          ['before', 'after'],
          ['after', 'before'],
          ['after', 'after'],
        ] as const) {
          const fates = [
            { at: first, when: one },
            { at: second, when: two },
          ];
          expect({ fates, ...(await survive(scenario, fates)).end }).toEqual({ fates, ...end });
        }
      }
    }
  });
});
