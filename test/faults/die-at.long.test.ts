import { describe, expect, test } from '@jest/globals';
import type { Fate } from './fault-plan.ts';
import type { Gate, Process } from './process.ts';
import { checkMended, checkSettled } from './properties.ts';
import type { FunctionName, QueueName } from './stores.ts';
import { maxReceiveCount } from './stores.ts';
import { type Spec, windowHours } from './subject.ts';
import { World } from './world.ts';

/*
 * Every function dies at each of its calls in turn, before the call had its effect and after, on a first delivery, a
 * redelivery, while a twin works on the same message, and when the message comes back from a dead-letter queue. Whatever
 * is left is then delivered again in clear weather, and everything must be as if nobody had died.
 */

const specs: Spec[] = [
  { kind: 'order', source: 'web', user: 'lena', seq: 2, key: 'key-1' },
  { kind: 'followed', source: 'web', user: 'ivo', seq: 1, key: 'key-2' },
  // Its target refuses: release, then log.
  { kind: 'refused', source: 'web', user: 'lena', seq: 3, key: 'key-3' },
];

type Situation = 'first delivery' | 'redelivery' | 'twin on two workers' | 'redrive';
const situations: Situation[] = ['first delivery', 'redelivery', 'twin on two workers', 'redrive'];
const queueOf: Partial<Record<FunctionName, QueueName>> = {
  processor: 'events',
  'workflow-trigger': 'actions',
  'dead-letter': 'actionsDead',
};

type Death = { at: number; fate: Extract<Fate, 'dies_before' | 'dies_after'> };

/** Takes the world to where the function has something to do, lets the victim begin, and has it die as told. */
async function live(
  name: FunctionName,
  situation: Situation,
  death: Death | undefined,
): Promise<{ calls: number; wrong: string[] }> {
  const world = new World(7);
  world.paceMs = 1;
  world.stores.targets.moody.mood = 'refuses';
  let victim: Process | undefined;
  let calls = 0;
  world.fate = ({ process }: Gate) => {
    if (process !== victim) return 'goes_on';
    const mine = calls++;
    return mine === death?.at ? death.fate : 'goes_on';
  };
  // A request that comes again comes after, or beside, one that was heard; any other is the first of its events.
  if (name !== 'ingest' || situation !== 'first delivery') world.post(specs);
  if (name === 'ingest' && situation === 'redelivery') await world.drain();
  await reach(world, name, situation);
  victim = begin(world, name, situation);
  await world.drain();
  await checkSettled(world);
  world.stores.targets.moody.mood = 'well';
  // A copy after a failure runs it; a copy of a success is one.
  world.post(specs);
  await world.drain();
  await checkSettled(world);
  await checkMended(world);
  const rows = [...world.stores.eventLog.rows.values()];
  const executions = new Set(rows.map(({ execution }) => execution));
  if (executions.size !== specs.length) world.ledger.wrong(`${executions.size} executions of ${specs.length} keys`);
  return { calls, wrong: [...world.ledger.violations] };
}

/** Runs everything that comes before the function. */
async function reach(world: World, name: FunctionName, situation: Situation): Promise<void> {
  if (name === 'ingest') return;
  const queue = world.stores.queues[queueOf[name] as QueueName];
  const isThere = () => queue.ready().length > 0;
  if (name === 'dead-letter') {
    const { actions } = world.stores.queues;
    await until(world, () => actions.ready().length > 0);
    for (const message of actions.ready()) message.receives = maxReceiveCount;
    // Moves them.
    actions.ready();
  }
  await until(world, isThere);
  if (situation === 'redelivery' || situation === 'redrive') {
    // An earlier delivery got as far as its last call and was lost there.
    const earlier = world.deliver(queueOf[name] as QueueName, queue.ready());
    const { fate } = world;
    world.fate = (gate) => (gate.process === earlier && isLast(gate) ? 'dies_before' : 'goes_on');
    await until(world, () => earlier.state !== 'running');
    world.fate = fate;
    if (situation === 'redrive' && name !== 'dead-letter') {
      for (const message of queue.waiting())
        Object.assign(message, { receives: maxReceiveCount, visibleAtMs: world.nowMs() });
      queue.ready();
      queue.options.deadLetters?.queue.redrive(queue);
    } else if (situation === 'redrive') queue.redrive(queue);
    // Leases are over before a message is seen again.
    else
      for (const message of queue.waiting())
        message.visibleAtMs = world.nowMs() + queue.options.visibilitySeconds * 1000;
    if (situation === 'redelivery') world.stores.clock.nowMs += queue.options.visibilitySeconds * 1000;
    else world.stores.clock.nowMs += 40_000;
  }
}

const isLast = ({ call }: Gate) =>
  `${call.port}.${call.method}` === 'eventLog.writeEach' || /^actionLog\.write/.test(`${call.port}.${call.method}`);

async function until(world: World, isSo: () => boolean): Promise<void> {
  for (let steps = 0; !isSo(); steps++) {
    if (steps > 500 || !(await world.step())) throw new Error('the world did not get there');
  }
}

function begin(world: World, name: FunctionName, situation: Situation): Process {
  if (name === 'ingest') {
    const outgoing = { specs, attempts: 0, dueAtMs: 0, isOver: false, isOut: false };
    return world.request(outgoing);
  }
  const queue = queueOf[name] as QueueName;
  const messages = world.stores.queues[queue].ready();
  if (messages.length === 0) throw new Error(`nothing waits for ${name}`);
  const victim = world.deliver(queue, messages);
  if (situation === 'twin on two workers')
    world.start(
      queue,
      messages.map((message) => world.stores.queues[queue].echo(message)),
    ).isEcho = true;
  return victim;
}

describe.each(['ingest', 'processor', 'workflow-trigger', 'dead-letter'] as const)('F03 F19 %s that dies', (name) => {
  // No request comes from a dead-letter queue.
  test.each(situations.filter((situation) => name !== 'ingest' || situation !== 'redrive'))(
    'at any call of a %s leaves what an undisturbed one does',
    async (situation) => {
      const undisturbed = await live(name, situation, undefined);
      expect(undisturbed.wrong).toEqual([]);
      expect(undisturbed.calls).toBeGreaterThan(0);
      for (let at = 0; at < undisturbed.calls; at++) {
        for (const fate of ['dies_before', 'dies_after'] as const) {
          const { wrong } = await live(name, situation, { at, fate });
          expect({ at, fate, wrong }).toEqual({ at, fate, wrong: [] });
        }
      }
    },
  );
});

test('the window of the world is longer than all of this takes', () => {
  expect(windowHours * 3600).toBeGreaterThan(10 * 180);
});
