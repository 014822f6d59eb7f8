import { encodeActionsMessage, type Invocation } from '../../shared/core/plan/actions-message.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { actionsMessage, testExecution } from '../support/actions-message.ts';
import { clearWeather } from './fault-plan.ts';
import type { Stores } from './stores.ts';
import type { calledWorkflows } from './subject.ts';
import { World } from './world.ts';

/**
 * What one actions message asks for. Its triggers call two workflows, so that one target can refuse while the other is well.
 */
export type Scenario = {
  invocations: Invocation[];
  configuration: LiveConfiguration;
  /** Who and what is in the directory before the message comes. */
  prepare?(stores: Stores): Promise<void>;
  /** Every run that must be handed off in the end, sorted: `{mapping} {recipient id}`. */
  runs: string[];
};

const claim = { key: 'msg-1', source: 'web', eventType: 'track/order_completed' };
const targets: (typeof calledWorkflows)[number][] = ['call-it', 'tell-it'];
// Twins of one message run side by side until their rows meet. That must fade, and never feed on itself.
const liveMessagesMax = 30;

/**
 * One random history of the workflow-trigger function, from a first message to an empty queue: deliveries that come twice,
 * processes that die, ports that fail, targets that are down or refuse, and an operator who replays. The weather clears after 80
 * steps. @returns what went wrong; nothing, if all is well
 */
export async function playTrigger(seed: number, scenario: Scenario): Promise<string[]> {
  const { invocations, configuration, prepare, runs: expected } = scenario;
  const world = new World(seed);
  const { random, stores, ledger } = world;
  const { actions } = stores.queues;
  world.configurations.splice(0, 1, configuration);
  await prepare?.(stores);
  // However often a message comes back, it is about these attempts; what dead letters do is in the histories of the whole pipeline.
  delete actions.options.deadLetters;

  let replays = 0;
  const send = (change: Parameters<typeof actionsMessage>[0]) => {
    const message = actionsMessage({ ...claim, claim, invocations, firstSentAtMs: world.nowMs(), ...change });
    const encoded = encodeActionsMessage(message);
    if ('tooLarge' in encoded) throw new Error(`the message has ${encoded.tooLarge} bytes`);
    actions.send({ body: encoded.text, group: claim.source });
  };
  const replay = () => send({ again: true, origin: `replay-${++replays}` });

  world.weather = { ...clearWeather, trouble: random() * 0.3, death: 0.05, echo: 0.012, lostAnswer: 0.02 };
  // Long steps: most attempts run out of time and go on in the next message.
  world.paceMs = 3000;
  if (random() < 0.5) world.outages.set('target', world.nowMs() + random() * 3_000_000);
  const refusing = targets.filter(() => random() < 0.15);
  for (const name of refusing) stores.targets[name].mood = 'refuses';

  const claimed = { ...claim, eventId: testExecution, leaseEndsAtMs: 0, expiresAtMs: world.nowMs() + 1e12 };
  await stores.claims.claim(claimed, world.nowMs());
  send({});

  for (let step = 0; ; step++) {
    if (step === 4000) {
      ledger.wrong('it never settles');
      break;
    }
    if (step === 80) world.weather = clearWeather;
    if (actions.waiting().length > liveMessagesMax) ledger.wrong('a storm of messages');
    if (random() < 0.003 && replays < 2) replay();
    if (await world.step()) continue;
    if (Object.values(stores.queues).some((queue) => queue.waiting().length > 0)) await world.pass(30_000);
    else if (refusing.length > 0 && hasFailed(stores)) {
      if (![...stores.claims.items.values()][0]?.released) ledger.wrong('a failure for good did not release the claim');
      // The target is mended, and an operator replays.
      for (const name of refusing.splice(0)) stores.targets[name].mood = 'well';
      replay();
    } else break;
  }

  const outcomes = stores.actionLog.rows.get(testExecution)?.actions ?? [];
  for (const { mapping, id } of invocations) {
    const outcome = outcomes.find((one) => one.id === id);
    if (outcome?.status !== 'succeeded')
      ledger.wrong(`an action is lost: ${mapping} ${outcome?.status} (${outcome?.reason})`);
  }
  const runs = [...stores.runs.runs.values()]
    .map(({ status, mapping, key }) => `${mapping} ${key.recipient.id}${status === 'handed_off' ? '' : ` ${status}`}`)
    .sort();
  if (runs.join() !== expected.join()) ledger.wrong(`runs are ${runs.join()}`);
  const messageIds = targets.flatMap((name) => [...stores.targets[name].done.keys()]);
  if (messageIds.length !== expected.length)
    ledger.wrong(`${expected.length} runs went out under ${messageIds.length} ids`);
  if (stores.directory.entities.get('lena')?.version !== 1) ledger.wrong('the same identify was written twice');
  return [...ledger.violations];
}

/** Plays many, and stops after five that went wrong. @returns what went wrong, by seed */
export async function playTriggers(count: number, scenario: Scenario): Promise<string[]> {
  const failures: string[] = [];
  for (let i = 1; i <= count && failures.length < 5; i++) {
    const wrong = await playTrigger(i * 7919, scenario);
    if (wrong.length > 0) failures.push(`seed ${i * 7919}: ${wrong.join('; ')}`);
  }
  return failures;
}

function hasFailed({ actionLog }: Stores): boolean {
  return actionLog.rows.get(testExecution)?.actions.some(({ status }) => status === 'failed') ?? false;
}
