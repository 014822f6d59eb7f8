import fc from '../support/fast-check.ts';
import { pickOne } from '../support/random.ts';
import { clearWeather, type Weather } from './fault-plan.ts';
import { failedEvents, redrive, replay } from './operator.ts';
import { checkMended, checkSettled } from './properties.ts';
import {
  calledWorkflows,
  configurationNames,
  type Spec,
  sourceKeys,
  specKinds,
  users,
  windowHours,
} from './subject.ts';
import { type Mood, moods } from './target-model.ts';
import { type Strike, World } from './world.ts';

export type Command =
  | { do: 'post'; specs: number[] }
  | { do: 'work'; steps: number }
  | { do: 'pass'; seconds: number }
  | { do: 'configure'; index: number }
  | { do: 'mood'; workflow: (typeof calledWorkflows)[number]; mood: Mood }
  | { do: 'outage'; port: string; seconds: number }
  | { do: 'weather'; weather: Weather }
  | { do: 'strike'; strike: Strike }
  | { do: 'spend'; queue: 'events' | 'actions' }
  | { do: 'kill' }
  | { do: 'sweep' }
  | { do: 'redrive' }
  | { do: 'replay'; index: number; force: boolean };

export type History = {
  specs: Spec[];
  weather: Weather;
  mood: Mood;
  paceMs: number;
  commands: Command[];
  seed: number;
};

const hour = 3600;
const ports = [
  ...['claims', 'eventLog', 'actionLog', 'actionsQueue', 'events', 'configuration', 'directory', 'runs'],
  ...['subscriptions', 'breakers', 'receivedMessages', 'seen', 'secrets', 'target'],
];

const strike: fc.Arbitrary<Strike> = fc.record({
  function: fc.constantFrom('processor' as const, 'workflow-trigger' as const),
  port: fc.constantFrom('claims', 'actionsQueue', 'eventLog', 'actionLog', 'runs', 'target', 'directory'),
  fate: fc.constantFrom('dies_before', 'dies_after', 'fails_before', 'fails_after', 'partly'),
});

const weather: fc.Arbitrary<Weather> = fc.record({
  trouble: fc.constantFrom(0, 0, 0.03, 0.1, 0.3, 0.8),
  death: fc.constantFrom(0, 0.01, 0.03, 0.1, 0.4),
  echo: fc.constantFrom(0, 0.01, 0.05),
  lostAnswer: fc.constantFrom(0, 0.05, 0.3),
  doubleSend: fc.constantFrom(0, 0.05),
});

const spec = fc.record({
  kind: fc.constantFrom(...specKinds, 'order' as const, 'order' as const, 'refused' as const, 'followed' as const),
  source: fc.constantFrom(...sourceKeys),
  user: fc.constantFrom(...users),
  isKeyed: fc.constantFrom(true, true, true, true, false),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('post' as const),
      specs: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('work' as const), steps: fc.constantFrom(3, 10, 30, 80) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      seconds: fc.constantFrom(
        5,
        31,
        40,
        200,
        400,
        0.5 * hour,
        windowHours * hour - 5,
        windowHours * hour + 5,
        25 * hour,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('configure' as const), index: fc.nat(configurationNames.length - 1) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mood' as const),
      workflow: fc.constantFrom(...calledWorkflows, 'moody' as const),
      mood: fc.constantFrom(...moods, 'refuses' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('outage' as const),
      port: fc.constantFrom(...ports),
      seconds: fc.constantFrom(20, 200, 1800, 2 * hour),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('weather' as const), weather }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('strike' as const), strike }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('spend' as const),
      queue: fc.constantFrom('events' as const, 'actions' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redrive' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('replay' as const),
      index: fc.nat(20),
      force: fc.constantFrom(false, false, true),
    }),
  },
);

/** A copy that comes when something has happened to the first: what the protocol is for, and rare by chance alone. */
const resend: fc.Arbitrary<Command[]> = fc
  .record({
    spec: fc.nat(4),
    strikes: fc.array(strike, { maxLength: 2 }),
    seconds: fc.constantFrom(1, 40, 200, 400, windowHours * hour + 5),
    copies: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ spec, strikes, seconds, copies }) => [
    ...strikes.map((strike): Command => ({ do: 'strike', strike })),
    { do: 'post', specs: [spec] },
    { do: 'work', steps: 80 },
    { do: 'pass', seconds },
    { do: 'work', steps: 80 },
    ...Array.from({ length: copies }, (): Command => ({ do: 'post', specs: [spec] })),
    { do: 'work', steps: 30 },
  ]);

export const history: fc.Arbitrary<History> = fc
  .record({
    specs: fc.oneof(fc.array(spec, { minLength: 1, maxLength: 2 }), fc.array(spec, { minLength: 1, maxLength: 5 })),
    /** Of the target that is asked by `refused`. */
    mood: fc.constantFrom(...moods, 'refuses' as const, 'refuses' as const, 'refuses' as const),
    weather: fc.oneof(fc.constant(clearWeather), weather, weather),
    paceMs: fc.constantFrom(20, 200, 1500, 5000),
    commands: fc
      .array(fc.oneof({ weight: 12, arbitrary: command.map((one) => [one]) }, { weight: 1, arbitrary: resend }), {
        minLength: 3,
        maxLength: 30,
      })
      .map((some) => some.flat()),
    seed: fc.integer(),
  })
  .map(({ specs, ...rest }) => ({
    ...rest,
    specs: specs.map(
      ({ isKeyed, ...one }, i): Spec => ({
        ...one,
        // Numbered against the order in which they are likely to be sent.
        seq: specs.length - i,
        ...(isKeyed && { key: `key-${i}` }),
      }),
    ),
  }));

/** Plays one history to its end: as it is told, then until all is quiet, then with everything mended and replayed. */
export async function play({ specs, weather, mood, paceMs, commands, seed }: History): Promise<string[]> {
  const world = new World(seed);
  world.weather = weather;
  world.paceMs = paceMs;
  world.stores.targets.moody.mood = mood;
  for (const command of commands) {
    await obey(world, command, specs);
    await world.work(Math.floor(world.random() * 12));
  }
  await world.drain();
  if (world.ledger.violations.size === 0) await checkSettled(world);
  if (world.ledger.violations.size === 0) await mend(world);
  return [...world.ledger.violations];
}

async function obey(world: World, command: Command, specs: Spec[]): Promise<void> {
  switch (command.do) {
    case 'post': {
      // A request is about one source.
      const [first, ...others] = command.specs.map((i) => specs[i % specs.length] as Spec);
      if (first === undefined) return;
      if (first.kind === 'poison') world.postPoison(first);
      else world.post([first, ...others.filter(({ kind, source }) => kind !== 'poison' && source === first.source)]);
      return;
    }
    case 'work':
      await world.work(command.steps);
      return;
    case 'pass':
      return world.pass(command.seconds * 1000);
    case 'configure':
      return world.commit(command.index);
    case 'mood':
      world.stores.targets[command.workflow].mood = command.mood;
      return;
    case 'outage':
      world.outages.set(command.port, world.nowMs() + command.seconds * 1000);
      return;
    case 'weather':
      world.weather = command.weather;
      return;
    case 'strike':
      world.strikes.push({ ...command.strike });
      return;
    case 'spend':
      return world.spend(command.queue);
    case 'kill': {
      const running = world.running();
      if (running.length > 0) world.kill(pickOne(running, world.random));
      return;
    }
    case 'sweep':
      return world.sweepClaims();
    case 'redrive':
      redrive(world);
      return;
    case 'replay': {
      const ids = [...world.stores.eventLog.rows.keys()];
      const id = ids[command.index % ids.length];
      if (id !== undefined) await replay(world, id, command.force);
    }
  }
}

// A replay may fail again as an execution of several events is carried on by one after the other.
const roundsMax = 4;

async function mend(world: World): Promise<void> {
  for (const target of Object.values(world.stores.targets)) target.mood = 'well';
  world.commit(0);
  // Functions have heard of it by then.
  await world.pass(60_000);
  for (let round = 0; round < roundsMax; round++) {
    let sent = 0;
    for (const id of failedEvents(world)) if ((await replay(world, id)) !== undefined) sent++;
    await world.drain();
    if (sent === 0) break;
  }
  await checkSettled(world);
  await checkMended(world);
}

/** The history that belongs to a seed. */
export function historyOf(seed: number): History {
  const [one] = fc.sample(history, { seed, numRuns: 1 });
  return one as History;
}

export async function playSeed(seed: number): Promise<string[]> {
  return play(historyOf(seed));
}

/** The shortest history found that still goes wrong as the seed's does. */
export async function shrink(seed: number, limitMs = 30_000): Promise<History | undefined> {
  const details = await fc.check(
    fc.asyncProperty(history, async (one) => (await play(one)).length === 0),
    { seed, numRuns: 1, interruptAfterTimeLimit: limitMs },
  );
  return details.counterexample?.[0];
}
