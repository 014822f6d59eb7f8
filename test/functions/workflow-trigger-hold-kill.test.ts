import { describe, expect, test } from '@jest/globals';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { refFromRecipientKey } from '../../shared/core/ids/entity-ref.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ObjectRef } from '../../shared/core/runs/subscriber-pages.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { HeldTrigger, WorkflowHolds } from '../../shared/ports/workflow-holds.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { dieAt, type Fate } from '../support/die-at.ts';
import { openFakeTarget } from '../support/fakes-workflow-trigger.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

const since = '2026-11-21T02:00:00.000Z';
const project = { collection: 'projects', id: 'p' };
const message = actionsMessage({
  invocations: [invocation('workflows_trigger', 'order', { key: 'call-it', recipients: ['lena', project] })],
});
const runsCount = 5;

/** Workflow `call-it` is paused; its trigger reaches five recipients. */
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
  const state = { ...live.state, held_workflows: { 'call-it': { since, by: 'ana' } } };
  const configuration: LiveConfiguration = { ...live, state };
  made.deps.configuration = { current: async () => configuration, reload: async () => configuration };
  made.holds.on.set('call-it', since);
  const started: string[] = [];
  const target = {
    recordsOnly: false,
    timeoutMs: 5000,
    async start({ messageId }: { messageId: string }) {
      started.push(messageId);
      return { kind: 'accepted' as const };
    },
  };
  const { actionLog, actionsQueue, directory, subscriptions, runs, holds } = made;
  /** Delivers with one death after the other, and once more without. */
  async function survive(delivered: ActionsMessage, fates: Fate[]): Promise<number> {
    let calls = 0;
    for (const [i, fate] of [...fates, undefined].entries()) {
      const dying = dieAt({ actionLog, actionsQueue, directory, subscriptions, runs, holds, target }, fate);
      const { target: called, ...ports } = dying.ports;
      const openTarget = openFakeTarget(called);
      await made.deliver([delivered], { ...ports, openTarget, receiveCount: i + 1 }).catch(() => 1);
      calls = dying.calls();
    }
    return calls;
  }
  const released = (): ActionsMessage => {
    const n = made.row()?.next ?? 1;
    return { ...message, again: true, n, firstN: n, released: { 'call-it': since } };
  };
  const statuses = () => [...runs.runs.values()].map(({ status }) => status);
  return { ...made, started, survive, released, statuses };
}

function everyFate(calls: number): Fate[] {
  return Array.from({ length: calls }, (_, at) => (['before', 'after'] as const).map((when) => ({ at, when }))).flat();
}

describe('a process that dies at any of its calls', () => {
  test('while it holds runs leaves each held, and its trigger listed once', async () => {
    const calls = await (await makeWorld()).survive(message, []);
    expect(calls).toBeGreaterThan(10);
    for (const fate of everyFate(calls)) {
      const { survive, statuses, holds, started, row, actionsQueue, deliver, settle, released } = await makeWorld();
      await survive(message, [fate]);
      expect([statuses(), started]).toEqual([Array(runsCount).fill('held'), []]);
      expect(row()?.actions).toMatchObject([{ status: 'pending', reason: 'held', result: { runs: runsCount } }]);
      expect([...holds.triggers.values()]).toMatchObject([{ workflow: 'call-it', runs: runsCount }]);
      expect(actionsQueue.sent).toEqual([]);
      await deliver([released()]);
      await settle();
      expect(row()?.actions).toMatchObject([{ status: 'succeeded', result: { runs: runsCount } }]);
    }
  });

  test('while it releases runs leaves none behind and begins each under one id', async () => {
    const first = await makeWorld();
    await first.deliver([message]);
    const calls = await first.survive(first.released(), []);
    for (const fate of everyFate(calls)) {
      const { deliver, survive, released, settle, statuses, started, row } = await makeWorld();
      await deliver([message]);
      await survive(released(), [fate]);
      await settle();
      expect(statuses()).toEqual(Array(runsCount).fill('handed_off'));
      expect(new Set(started).size).toBe(runsCount);
      expect(row()?.actions).toMatchObject([{ status: 'succeeded', result: { runs: runsCount } }]);
    }
  });
});

test('a second copy of a release begins no run again', async () => {
  const { deliver, released, requests, settle } = await makeWorld();
  await deliver([message]);
  const copy = released();
  await deliver([copy]);
  await deliver([copy]);
  await deliver([released()]);
  await settle();
  expect(requests).toHaveLength(runsCount);
});

/** The two steps of `note`, with a release between them that ends the hold and then looks. */
function holdsWith(order: 'note, then look' | 'look, then note') {
  const noted: HeldTrigger[] = [];
  let isOn = true;
  let found: HeldTrigger[] = [];
  const release = () => {
    isOn = false;
    found = [...noted];
  };
  const holds: WorkflowHolds = {
    async note(trigger) {
      if (order === 'look, then note') {
        const wasOn = isOn;
        release();
        if (wasOn) noted.push(trigger);
        return wasOn;
      }
      noted.push(trigger);
      release();
      if (!isOn) noted.splice(noted.indexOf(trigger), 1);
      return isOn;
    },
    noteCancelled: async () => undefined,
  };
  return { holds, found: () => found };
}

describe('a release that ends the hold while a trigger is noted', () => {
  const outcome = async (order: Parameters<typeof holdsWith>[0]) => {
    const { deliver, statuses, row } = await makeWorld();
    const { holds, found } = holdsWith(order);
    await deliver([message], { holds });
    const isHeld = row()?.actions[0]?.reason === 'held';
    return { isLost: isHeld && found().length === 0, statuses: statuses() };
  };

  test('finds it, or the trigger goes on by itself', async () => {
    expect(await outcome('note, then look')).toEqual({ isLost: false, statuses: Array(runsCount).fill('handed_off') });
  });

  test('would lose it, if functions looked before they noted', async () => {
    expect(await outcome('look, then note')).toEqual({ isLost: true, statuses: Array(runsCount).fill('held') });
  });
});
