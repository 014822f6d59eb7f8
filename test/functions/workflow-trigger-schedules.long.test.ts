import { describe, expect, test } from '@jest/globals';
import { runActions } from '../../functions/workflow-trigger/run-actions.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import { actionsMessage, actionsRecord, invocation, testExecution } from '../support/actions-message.ts';
import { contextNowMs, openFakeTarget } from '../support/fakes-workflow-trigger.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

/*
 * Random schedules of the real code over in-memory ports. Every call of every process waits at a gate; a seeded scheduler
 * decides which goes on, which process dies, what is delivered twice, and when an operator replays. The weather clears
 * towards the end. A seed that fails is printed; give it to `weather` alone to look at it.
 */

const functionSeconds = 30;
const visibilitySeconds = 180;
// Twins of one message run side by side until their rows meet; that must fade, never feed on itself.
const mostLiveMessages = 30;

const claim = { key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' };
const invocations = [
  invocation('users_identify', 'identify', { id: 'lena', properties: { plan: 'team' } }),
  invocation('users_identify', 'identify-ivo', { id: 'ivo' }),
  invocation('workflows_trigger', 'a', { key: 'call-it', recipients: 'lena', actor: 'ivo' }),
  invocation('workflows_trigger', 'b', { key: 'call-it', recipients: ['lena', 'ivo'] }),
];
const triggers = ['a', 'b'];

type Queued = { message: ActionsMessage; receives: number; visibleAtMs: number; firstMs: number; isGone: boolean };
type Process = { of: Queued; startedMs: number; isDead: boolean; isDone: boolean; acknowledges: boolean };

function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One random history, from a first message to an empty queue. Answers what went wrong; nothing, if all is well. */
async function weather(seed: number): Promise<string[]> {
  const random = makeRandom(seed);
  const wrong = new Set<string>();
  const made = makeTrigger();
  const { clock } = made;
  const queue: Queued[] = [];
  const gates: { process: Process; open(): void }[] = [];
  const processes: Process[] = [];
  const downUntilMs = random() < 0.5 ? contextNowMs + random() * 3_000_000 : 0;
  const doomed = new Set(triggers.filter(() => random() < 0.15));
  let trouble = random() * 0.3;
  let crashes = 0.05;
  let twins = 0.012;
  let replays = 0;

  const send = (message: ActionsMessage, delaySeconds = 0) => {
    queue.push({ message, receives: 0, visibleAtMs: clock.nowMs + delaySeconds * 1000, firstMs: 0, isGone: false });
    if (queue.filter(({ isGone }) => !isGone).length > mostLiveMessages) wrong.add('a storm of messages');
  };

  /** The ports of one process: each call waits its turn, fails at random, and never returns once the process is dead. */
  function portsOf(process: Process) {
    const gated = <Port extends object>(port: Port, isTroubled: boolean): Port =>
      new Proxy(port, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            await new Promise<void>((open) => gates.push({ process, open }));
            if (isTroubled && random() < trouble) throw new RetryableError('throttled');
            return member.apply(target, args);
          };
        },
      });
    const actionsQueue = {
      async sendEach(messages: (ActionsMessage & { delaySeconds?: number })[]) {
        for (const { delaySeconds, ...message } of structuredClone(messages)) send(message, delaySeconds);
        return messages.map(() => ({ sent: true as const }));
      },
    };
    const target = {
      recordsOnly: false,
      timeoutMs: 5000,
      async start(request: (typeof made.requests)[number]) {
        made.requests.push(request);
        const { mapping } = invocations.find(({ id }) => id === request.message.data.workflow_run_id) ?? {
          mapping: '',
        };
        if (doomed.has(mapping)) return { kind: 'refused' as const, detail: 'answered 404' };
        const isDown = clock.nowMs < downUntilMs || random() < trouble;
        return isDown
          ? { kind: 'unavailable' as const, reason: 'target_unavailable' as const, detail: 'down' }
          : { kind: 'accepted' as const };
      },
    };
    return {
      ...made.deps,
      random,
      claims: gated(made.claims, false),
      actionLog: gated(watched(made.actionLog, wrong), false),
      actionsQueue: gated(actionsQueue, false),
      directory: gated(made.directory, true),
      runs: gated(made.runs, true),
      openTarget: openFakeTarget(gated(target, false)),
    };
  }

  function receive(of: Queued, isTwin: boolean) {
    if (!isTwin) {
      of.receives++;
      of.visibleAtMs = clock.nowMs + visibilitySeconds * 1000;
      of.firstMs ||= clock.nowMs;
    }
    const process: Process = { of, startedMs: clock.nowMs, isDead: false, isDone: false, acknowledges: false };
    processes.push(process);
    void runActions([actionsRecord(of.message, of.receives)], portsOf(process), clock.nowMs + 20_000).then(
      ({ batchItemFailures }) => {
        process.isDone = true;
        process.acknowledges = batchItemFailures.length === 0;
      },
      () => {
        process.isDone = true;
      },
    );
  }

  const pick = <Item>(items: Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const replay = () =>
    send(
      actionsMessage({ claim, invocations, again: true, origin: `replay-${++replays}`, firstSentAtMs: clock.nowMs }),
    );
  await made.claims.claim(
    { ...claim, eventId: testExecution, leaseEndsAtMs: 0, expiresAtMs: clock.nowMs + 1e12 },
    clock.nowMs,
  );
  send(actionsMessage({ claim, invocations }));

  for (let step = 0; ; step++) {
    if (step === 4000) {
      wrong.add('it never settles');
      break;
    }
    clock.nowMs += random() * 6_000;
    if (step === 80) [crashes, twins, trouble] = [0, 0, 0];
    for (const process of processes)
      if (clock.nowMs - process.startedMs > functionSeconds * 1000) process.isDead = true;
    for (const process of processes) {
      if (process.isDone && !process.isDead && process.acknowledges) process.of.isGone = true;
    }
    const waiting = gates.filter(({ process }) => !process.isDead);
    const ready = queue.filter((queued) => !queued.isGone && queued.visibleAtMs <= clock.nowMs);
    const twin = queue.find(
      (queued) => queued.receives > 0 && clock.nowMs - queued.firstMs < 300_000 && random() < twins,
    );
    if (twin) receive(twin, true);
    else if (ready.length > 0 && (waiting.length === 0 || random() < 0.4)) receive(pick(ready), false);
    else if (waiting.length > 0) {
      const gate = pick(waiting);
      gates.splice(gates.indexOf(gate), 1);
      if (random() < crashes) gate.process.isDead = true;
      else gate.open();
    } else if (queue.some(({ isGone }) => !isGone)) clock.nowMs += 30_000;
    else if (doomed.size > 0 && (made.row()?.actions.some(({ status }) => status === 'failed') ?? false)) {
      if (![...made.claims.items.values()][0]?.released) wrong.add('a failure for good did not release the claim');
      // The target is mended, and an operator replays.
      doomed.clear();
      replay();
    } else break;
    if (random() < 0.003 && replays < 2) replay();
    // Everything that can go on without a gate has.
    await new Promise((resolve) => setImmediate(resolve));
  }

  const outcomes = made.outcomes();
  if (invocations.some(({ mapping }) => outcomes[mapping] !== 'succeeded'))
    wrong.add(`an action is lost: ${JSON.stringify(outcomes)}`);
  const runs = [...made.runs.runs.values()]
    .map(({ status, mapping, key }) => `${mapping} ${key.recipient.id} ${status}`)
    .sort();
  const expected = ['a lena handed_off', 'b ivo handed_off', 'b lena handed_off'];
  if (runs.join() !== expected.join()) wrong.add(`runs are ${runs.join()}`);
  if (made.directory.entities.get('lena')?.version !== 1) wrong.add('the same identify was written twice');
  return [...wrong];
}

/** The log, with an eye on every write: what is final stays so, unless a new origin tries a failure again. */
function watched(actionLog: ActionLog & { rows: Map<string, ActionLogEntry> }, wrong: Set<string>): ActionLog {
  const check = (entry: ActionLogEntry) => {
    const before = actionLog.rows.get(entry.execution);
    for (const { id, mapping, status } of before?.actions ?? []) {
      const after = entry.actions.find((action) => action.id === id)?.status;
      if (status === 'succeeded' && after !== 'succeeded') wrong.add(`${mapping} had succeeded and became ${after}`);
      const isSeen = entry.origins.every((origin) => before?.origins.includes(origin));
      if (status === 'failed' && after === 'pending' && isSeen) wrong.add(`${mapping} had failed and was reopened`);
    }
  };
  return {
    read: (execution) => actionLog.read(execution),
    async writeEach(entries) {
      for (const entry of entries) check(entry);
      return actionLog.writeEach(entries);
    },
    async writeIfUnchanged(entry, revisionSeen) {
      if ((actionLog.rows.get(entry.execution)?.revision ?? 0) === revisionSeen) check(entry);
      return actionLog.writeIfUnchanged(entry, revisionSeen);
    },
  };
}

describe('whatever is delivered twice, dies, is refused, throttled or replayed', () => {
  const schedules = Number(process.env.SCHEDULES ?? 1000);
  test(
    `every action ends, none runs before those it waits for, and each run is started once (${schedules} random schedules)`,
    async () => {
      const failures: string[] = [];
      for (let i = 1; i <= schedules && failures.length < 5; i++) {
        const wrong = await weather(i * 7919);
        if (wrong.length > 0) failures.push(`seed ${i * 7919}: ${wrong.join('; ')}`);
      }
      expect(failures).toEqual([]);
    },
    10_000 + schedules * 30,
  );
});
