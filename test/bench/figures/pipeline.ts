import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsJsonClient, makeAwsJsonClient } from '../../../infra/local/aws-json-client.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../../infra/local/runtime.ts';
import { encodeRawEvent } from '../../../shared/core/events/raw-event.ts';
import { rawEvent } from '../../support/build.ts';
import { configure as configureFrozen } from '../../support/config.ts';
import { developmentStack, temporaryFolder } from '../assembly.ts';
import { makePowertoolsAssembly } from '../baselines/powertools-assembly.ts';
import type { EventMessage } from '../baselines/powertools-messages.ts';
import type { Figure, Section } from '../figure.ts';
import { median } from '../measure.ts';
import { identify, orderCompleted, requestHeaders } from '../sample-events.ts';

const warmUpEvents = 1_000;
const eventsPerRound = 1_500;
const rounds = 3;
/** Warm-up events that are sent once more: neither pipeline may start a second run for one. */
const repeatedEvents = 20;
const users = Array.from({ length: 100 }, (_, i) => `usr_${i}`);

/** How many events pass from the events queue to their runs and log rows, in a second of this machine. */
export const pipeline: Section = {
  name: 'pipeline',
  about: `${rounds} rounds of ${eventsPerRound} events from the events queue to their runs and log rows, in the local runtime`,
  async measure(say) {
    const contenders: Contender[] = [];
    try {
      for (const definition of [await signalbox(say), await powertools(true), await powertools(false)]) {
        say(`${definition.name}: ${warmUpEvents} events to warm up`);
        contenders.push(await start(definition));
      }
      for (let round = 1; round <= rounds; round++) {
        say(`round ${round} of ${rounds}`);
        // In turn, so that a busy moment of the machine falls on all alike.
        for (const contender of contenders) await runRound(contender);
      }
      for (const contender of contenders) await check(contender);
      return figures(contenders.map(({ measured }) => measured));
    } finally {
      for (const { runtime } of contenders) await runtime.stop();
    }
  },
};

type Throughput = { eventsPerSecond: number; microsecondsPerEvent: number };

function figures(measured: Throughput[][]): Figure[] {
  const medianOf = (name: keyof Throughput, contender: number) =>
    median((measured[contender] ?? []).map((round) => round[name]));
  const baselines = ['the same by Powertools', 'the same by Powertools, second function not idempotent'];
  return [
    {
      name: 'events from queue to log rows, in relation to Powertools',
      measured: medianOf('eventsPerSecond', 0) / medianOf('eventsPerSecond', 1),
      unit: '×',
      bound: { atLeast: 5 },
      note: 'the same runtime, emulators, workers and events; docs/figures.md says what the baselines do',
    },
    ...baselines.map(
      (what, i): Figure => ({
        name: i === 0 ? 'events from queue to log rows' : 'events from queue to log rows, leaner baseline',
        measured: medianOf('eventsPerSecond', 0),
        unit: 'events/s',
        baseline: { what, measured: medianOf('eventsPerSecond', i + 1) },
      }),
    ),
    ...baselines.map(
      (what, i): Figure => ({
        name: i === 0 ? 'processor time of all of it' : 'processor time of all of it, leaner baseline',
        measured: medianOf('microsecondsPerEvent', 0),
        unit: 'µs/event',
        baseline: { what, measured: medianOf('microsecondsPerEvent', i + 1) },
        note: 'functions, emulators and runtime together; what else the machine does hardly shows in it',
      }),
    ),
  ];
}

type Definition = {
  /** The environment that its stack says it is. */
  name: string;
  outdir: string;
  /** Absent: the runtime pushes the configuration files. */
  configure?: () => Promise<{ version: number; changed: boolean; sources: never[] }>;
  /** What ingest would put into the events queue. */
  message(body: Record<string, unknown>): string;
  /** Makes the recipients known. */
  addUsers(environment: RuntimeEnvironment): Promise<void>;
};

async function signalbox(say: (line: string) => void): Promise<Definition> {
  const { outdir } = await developmentStack(say);
  return {
    name: 'development',
    outdir,
    message: (body) => encodeRawEvent(rawEvent(body)),
    addUsers: (environment) =>
      send(
        environment,
        users.map((user) => encodeRawEvent(rawEvent(identify(user)))),
      ),
  };
}

async function powertools(idempotentActions: boolean): Promise<Definition> {
  const name = idempotentActions ? 'powertools' : 'powertools-lean';
  return {
    name,
    outdir: await makePowertoolsAssembly(temporaryFolder(), { environment: name, idempotentActions }),
    configure: async () => ({ version: 1, changed: false, sources: [] }),
    message: (body) =>
      JSON.stringify({
        id: randomUUID(),
        source: 'rudderstack',
        receivedAt: new Date().toISOString(),
        headers: requestHeaders,
        body: body as EventMessage['body'],
      } satisfies EventMessage),
    addUsers: (environment) =>
      withTables(environment, async (tables) => {
        for (const user of users) {
          await tables.call('PutItem', {
            TableName: environment.outputs.UsersTable,
            Item: { pk: { S: user }, plan: { S: 'pro' } },
          });
        }
      }),
  };
}

type Contender = {
  definition: Definition;
  runtime: Runtime;
  environment: RuntimeEnvironment;
  measured: Throughput[];
};

async function start(definition: Definition): Promise<Contender> {
  const { name, outdir, configure = configureFrozen } = definition;
  const runtime = await startRuntime({ environments: [name], port: 0, outdir, configure });
  const environment = runtime.environments[name] as RuntimeEnvironment;
  await definition.addUsers(environment);
  await runtime.idle();
  const messages = makeMessages(definition, warmUpEvents);
  await send(environment, messages);
  await runtime.idle();
  await send(environment, messages.slice(0, repeatedEvents));
  await runtime.idle();
  return { definition, runtime, environment, measured: [] };
}

async function runRound({ definition, runtime, environment, measured }: Contender): Promise<void> {
  // With a delay, so that sending is over when the first message can be received.
  const delaySeconds = 3;
  const messages = makeMessages(definition, eventsPerRound);
  const visibleAtMs = performance.now() + delaySeconds * 1000;
  await send(environment, messages, delaySeconds);
  const leftMs = visibleAtMs - performance.now();
  if (leftMs < 0) throw new Error('sending took longer than the delay');
  await sleep(leftMs);
  const startedMs = performance.now();
  const before = process.cpuUsage();
  await runtime.idle(180_000);
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  measured.push({
    eventsPerSecond: (1000 * eventsPerRound) / elapsedMs,
    microsecondsPerEvent: (user + system) / eventsPerRound,
  });
}

function makeMessages({ message }: Definition, count: number): string[] {
  return Array.from({ length: count }, (_, i) => message(orderCompleted({ userId: users[i % users.length] })));
}

async function send(
  { endpoints, credentials, outputs }: RuntimeEnvironment,
  bodies: string[],
  DelaySeconds = 0,
): Promise<void> {
  const queues = makeAwsJsonClient(endpoints.sqs, 'AmazonSQS', credentials);
  for (let i = 0; i < bodies.length; i += 10) {
    const Entries = bodies.slice(i, i + 10).map((MessageBody, n) => ({ Id: String(n), MessageBody, DelaySeconds }));
    await queues.call('SendMessageBatch', { QueueUrl: outputs.EventsQueueUrl, Entries });
  }
  queues.close();
}

/** All must have done the work: a row for each event and each action, one run for each event however often it was sent. */
async function check({ definition, environment }: Contender): Promise<void> {
  const wanted = warmUpEvents + rounds * eventsPerRound;
  const { outputs } = environment;
  await withTables(environment, async (tables) => {
    const events = await countItems(tables, outputs.EventLogTable);
    const actions = await countItems(tables, outputs.ActionLogTable);
    const runs = await countItems(tables, outputs.WorkflowRunsTable);
    if (events >= wanted && actions >= wanted && runs === wanted) return;
    throw new Error(
      `${definition.name}: ${wanted} events made ${events} event rows, ${actions} action rows, ${runs} runs`,
    );
  });
}

async function withTables(
  { endpoints, credentials }: RuntimeEnvironment,
  work: (tables: AwsJsonClient) => Promise<void>,
): Promise<void> {
  const tables = makeAwsJsonClient(endpoints.dynamodb, 'DynamoDB_20120810', credentials);
  await work(tables).finally(() => tables.close());
}

async function countItems(tables: AwsJsonClient, TableName: string | undefined): Promise<number> {
  let total = 0;
  let ExclusiveStartKey: unknown;
  do {
    const page = await tables.call<{ Count: number; LastEvaluatedKey?: unknown }>('Scan', {
      TableName,
      Select: 'COUNT',
      ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
    });
    total += page.Count;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return total;
}
