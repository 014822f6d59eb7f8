import { describe, expect, test } from '@jest/globals';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { refFromRecipientKey } from '../../shared/core/ids/entity-ref.ts';
import { lowestIdAt } from '../../shared/core/ids/event-id.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ObjectRef } from '../../shared/core/runs/subscriber-pages.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { dieAt, type Fate } from '../support/die-at.ts';
import { contextNowMs, openFakeTarget } from '../support/fakes-workflow-trigger.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

const project = { collection: 'projects', id: 'p' };
const trigger = (payload: JsonObject) =>
  invocation('workflows_trigger', 'order', { recipients: ['lena', project], cancellation_key: 'k', ...payload });

/** Each receives its messages in order, the last of which meets the fates. */
const scenarios: Record<string, { messages: ActionsMessage[]; runs: string[] }> = {
  'a trigger that fans out, recorded': {
    messages: [actionsMessage({ invocations: [trigger({ key: 'log-it' })] })],
    runs: ['ivo handed_off', 'lena handed_off', 'mia handed_off', 'p handed_off', 't handed_off'],
  },
  'a trigger that fans out, calling': {
    messages: [actionsMessage({ invocations: [trigger({ key: 'call-it' })] })],
    runs: ['ivo handed_off', 'lena handed_off', 'mia handed_off', 'p handed_off', 't handed_off'],
  },
  'a trigger with a delay': {
    messages: [actionsMessage({ invocations: [trigger({ key: 'remind-it' })] })],
    runs: ['ivo handed_off', 'lena handed_off', 'mia handed_off', 'p handed_off', 't handed_off'],
  },
  'a cancel of some of what waits': {
    messages: [
      actionsMessage({ invocations: [trigger({ key: 'remind-it' })] }),
      cancelMessage({ recipients: ['mia', project] }),
    ],
    runs: ['ivo handed_off', 'lena handed_off', 'mia cancelled', 'p cancelled', 't handed_off'],
  },
};

function cancelMessage(payload: JsonObject): ActionsMessage {
  const receivedAtMs = contextNowMs + 60_000;
  const execution = lowestIdAt(receivedAtMs);
  return actionsMessage({
    execution,
    receivedAtMs,
    firstSentAtMs: receivedAtMs,
    invocations: [
      invocation('workflows_cancel', 'cancel', { key: 'remind-it', cancellation_key: 'k', ...payload }, execution),
    ],
  });
}

async function makeWorld() {
  const made = makeTrigger();
  const everybody = ['lena', 'ivo', 'mia', 'projects/p', 'teams/t'].map(refFromRecipientKey);
  await upsertEntities(
    everybody.map((ref) => ({ ref, attributes: {}, sourceTimeMs: 0 })),
    made.directory,
    0,
  );
  const [, , , p, t] = everybody as [unknown, unknown, unknown, ObjectRef, ObjectRef];
  const wish = { properties: {}, sourceTimeMs: 1, nowMs: 1 };
  await made.subscriptions.subscribe(p, [refFromRecipientKey('ivo'), t], wish);
  await made.subscriptions.subscribe(t, [refFromRecipientKey('mia')], wish);
  const live = await made.deps.configuration.current();
  const remindIt = { ...live.snapshot.workflows['call-it'], delay: '10m' };
  const configuration = {
    ...live,
    snapshot: { ...live.snapshot, workflows: { ...live.snapshot.workflows, 'remind-it': remindIt } },
  } as typeof live;
  return { ...made, configuration: { current: async () => configuration, reload: async () => configuration } };
}

async function survive(messages: ActionsMessage[], fates: Fate[], pauses = false) {
  const made = await makeWorld();
  const { clock, claims, actionLog, actionsQueue, directory, subscriptions, runs, requests, configuration } = made;
  const target = {
    recordsOnly: false,
    timeoutMs: 5000,
    async start(request: (typeof requests)[number]) {
      requests.push(request);
      return { kind: 'accepted' as const };
    },
  };
  let calls = 0;
  for (const message of messages.slice(0, -1)) await made.deliver([message], { configuration });
  clock.nowMs = Math.max(clock.nowMs, messages.at(-1)?.receivedAtMs ?? 0);
  let receiveCount = 0;
  for (const fate of [...fates, undefined]) {
    const dying = dieAt({ claims, actionLog, actionsQueue, directory, subscriptions, runs, target }, fate);
    const { target: dyingTarget, ...ports } = dying.ports;
    await made
      .deliver(messages.slice(-1), {
        ...ports,
        configuration,
        openTarget: openFakeTarget(dyingTarget),
        receiveCount: ++receiveCount,
        // Every look at the clock takes long, so that time runs short again and again.
        ...(pauses && { nowMs: () => (clock.nowMs += 3000) }),
      })
      .catch(() => undefined);
    calls = dying.calls();
    clock.nowMs += 100_000;
  }
  for (let i = 0; actionsQueue.sent.length > 0; i++) {
    if (i === 200) throw new Error('it never settles');
    const next = actionsQueue.sent.shift() as (typeof actionsQueue.sent)[number];
    clock.nowMs += (next.delaySeconds ?? 0) * 1000;
    await made.deliver([next], { configuration, ...(pauses && { nowMs: () => (clock.nowMs += 3000) }) });
  }
  return {
    calls,
    end: {
      runs: [...runs.runs.values()].map(({ key, status }) => `${key.recipient.id} ${status}`).sort(),
      called: new Set(requests.map(({ messageId }) => messageId)).size,
      outcomes: [...actionLog.rows.values()].flatMap(({ actions }) => actions.map(({ status }) => status)),
    },
  };
}

describe.each(Object.entries(scenarios))('a process that dies during: %s', (_name, { messages, runs }) => {
  test('at any call, before or after its effect, leaves what an undisturbed one does', async () => {
    const { calls, end } = await survive(messages, []);
    expect(end.runs).toEqual(runs);
    expect(new Set(end.outcomes)).toEqual(new Set(['succeeded']));
    expect(calls).toBeGreaterThan(3);
    for (let at = 0; at < calls; at++) {
      for (const when of ['before', 'after'] as const) {
        expect({ at, when, ...(await survive(messages, [{ at, when }])).end }).toEqual({ at, when, ...end });
      }
    }
  });

  test('and again while it is repaired: still the same', async () => {
    const { calls, end } = await survive(messages, []);
    for (let first = 0; first < calls; first++) {
      for (let second = 0; second <= calls; second += 2) {
        const fates: Fate[] = [
          { at: first, when: 'after' },
          { at: second, when: 'before' },
        ];
        expect({ fates, ...(await survive(messages, fates)).end }).toEqual({ fates, ...end });
      }
    }
  });

  test('while time runs short at every turn: it goes on in more messages, to the same end', async () => {
    const { end } = await survive(messages, [], true);
    expect(end.runs).toEqual(runs);
  });
});
