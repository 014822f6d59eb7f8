import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type Environment, openEnvironment } from '../../shared/operations/environment.ts';
import { type CensusObject, type CensusRun, makeCensusClient } from '../clients/census-client.ts';
import type { JsonMap } from '../clients/method-caller.ts';
import { readOptions, wholeNumber } from '../support/program-arguments.ts';
import { formatted } from './figure.ts';
import { type LocalRuntime, startLocalRuntime } from './local-runtime.ts';
import { percentile } from './measure.ts';
import { identify, requestHeaders } from './sample-events.ts';

const help = `Syncs a warehouse of users twice into the local runtime, by a client that plays Census, while another source sends events.

  npm run warehouse -- [--records N] [--per-second N]

It prints how long each run took, what the second wrote to the directory (nothing), and what the sync did to the latency of
the events.`;

const eventsPerSecond = 10;
const secondsAlone = 20;

async function main(): Promise<void> {
  const { values } = readOptions({
    options: {
      records: { type: 'string', default: '100000' },
      'per-second': { type: 'string', default: '500' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const count = wholeNumber('records', values.records, 1);
  const perSecond = wholeNumber('per-second', values['per-second'], 1);
  say('starting the local runtime');
  const runtime = await startLocalRuntime();
  const environment = openLocal(runtime);
  try {
    const client = await connect(environment, runtime, perSecond);
    await timed(runtime, sleep(2_000));
    await alone(runtime);
    const users = Array.from({ length: count }, (_, i) => userOf(i));
    for (const run of [1, 2]) {
      say(`run ${run}: ${count} users`);
      const before = await directory(environment);
      const startedMs = performance.now();
      const { latenciesMs, result } = await timed(runtime, client(users, run));
      const seconds = (performance.now() - startedMs) / 1000;
      const after = await directory(environment);
      const changed = [...after].filter(([name, state]) => before.get(name) !== state).length;
      console.log(
        `run ${run}: ${result.done.length} done, ${result.rejected.length} rejected, ${result.batches} batches in ${formatted(seconds)} s: ${formatted(count / seconds)} records/s; ${changed} items of the directory written`,
      );
      tell(`events during run ${run}`, latenciesMs);
      if (run === 2 && changed > 0) process.exitCode = 1;
      if (result.done.length !== count) process.exitCode = 1;
      // Before and after each run: what else the machine does changes meanwhile.
      await alone(runtime);
    }
  } finally {
    environment.documents.destroy();
    runtime.child.kill('SIGKILL');
  }
}

async function alone(runtime: LocalRuntime): Promise<void> {
  say(`events alone: ${eventsPerSecond} a second for ${secondsAlone} s`);
  const { latenciesMs } = await timed(runtime, sleep(secondsAlone * 1_000));
  tell('events alone', latenciesMs);
}

function say(line: string): void {
  console.error(`${line} …`);
}

function tell(what: string, latenciesMs: number[]): void {
  const [median, p95, p99] = [50, 95, 99].map((percent) => formatted(percentile(latenciesMs, percent)));
  const load = formatted(loadavg()[0] as number);
  console.log(
    `${what}: ${latenciesMs.length} answered, median ${median} ms, p95 ${p95} ms, p99 ${p99} ms; load ${load}`,
  );
}

function userOf(i: number): JsonMap {
  const id = `warehouse-${i}`;
  return {
    id,
    name: `Customer ${i}`,
    email: `${id}@orchard.example`,
    plan: i % 3 === 0 ? 'pro' : 'free',
    seats: i % 40,
  };
}

function openLocal({ file }: LocalRuntime): Environment {
  const { region, credentials, endpoints, outputs } = JSON.parse(readFileSync(file, 'utf8')).environments.development;
  return openEnvironment('development', 'local', outputs, { region, credentials }, endpoints);
}

async function connect({ outputs }: Environment, runtime: LocalRuntime, perSecond: number) {
  const { key } = runtime.signalbox('keys', 'create', 'census') as { key: string };
  const client = makeCensusClient({
    url: `${outputs.IngestUrl}/v1/integrations/census/custom-destination`,
    headers: { authorization: `Bearer ${key}` },
    recordsPerSecondMax: perSecond,
  });
  const users = (await client.connect()).find(({ object_api_name }) => object_api_name === 'users') as CensusObject;
  const sync = { object: users, behaviour: 'upsert', newFields: { plan: 'string', seats: 'integer' } } as const;
  return (records: JsonMap[], syncRunId: number): Promise<CensusRun> => client.run({ ...sync, syncRunId }, records);
}

/** Posts events of another source at a steady rate until the work is done; each at its time, whatever became of earlier ones. */
async function timed<Result>({ url }: Pick<LocalRuntime, 'url'>, work: Promise<Result>) {
  const latenciesMs: number[] = [];
  const posts: Promise<void>[] = [];
  let isOver = false;
  const post = async (n: number) => {
    const startedMs = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: requestHeaders,
      body: JSON.stringify(identify(`event-${n % 100}`)),
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`an event was answered ${response.status}`);
    latenciesMs.push(performance.now() - startedMs);
  };
  const beganMs = performance.now();
  const sending = (async () => {
    for (let n = 0; !isOver; n++) {
      posts.push(post(n));
      await sleep(Math.max(0, beganMs + ((n + 1) * 1_000) / eventsPerSecond - performance.now()));
    }
    await Promise.all(posts);
  })();
  const result = await work.finally(() => {
    isOver = true;
  });
  await sending;
  return { latenciesMs, result };
}

/** Every user of the warehouse, with the version of its item. */
async function directory({ documents, outputs }: Environment): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new ScanCommand({
        TableName: outputs.DirectoryTable,
        ConsistentRead: true,
        FilterExpression: 'begins_with(pk, :prefix)',
        ExpressionAttributeValues: { ':prefix': 'user#warehouse-' },
        ProjectionExpression: 'pk, sk, version',
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    );
    for (const { pk, sk, version } of page.Items ?? []) found.set(`${pk} ${sk}`, String(version));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found;
}

await main();
process.exit();
