import { createServer } from 'node:http';
import { type BilledFunction, billedFunctions } from '../../infra/cost/measured-times.ts';
import type { TemplateFacts } from '../../infra/cost/template-facts.ts';
import { callMs, type EventUnits, type MeasuredUnits, mix } from '../../infra/cost/units.ts';
import type { Stack } from '../../infra/local/template.ts';
import { type TableName, tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { Snapshot } from '../../shared/core/configuration/schema.ts';
import { itemBytes } from '../../shared/core/json/item-bytes.ts';
import { type CountedPipeline, type StageRun, startCountedPipeline } from '../bench/counted-pipeline.ts';
import { identify } from '../bench/sample-events.ts';
import type { AwsCall } from '../bench/wire.ts';
import { eventOfSize, sizeOf } from './event-of-size.ts';

export const measuredTargets = ['log', 'http'] as const;

export type Question = {
  /** Bytes of an event as JSON. */
  bytes: number;
  /** Triggers that an event leads to, on average. */
  actions: number;
  target: (typeof measuredTargets)[number];
  /** Events in one request. */
  perRequest: number;
  /** What each round of calls takes longer on AWS than here. */
  awsMs: number;
};

export type Measurement = {
  single: MeasuredUnits['event'];
  full: MeasuredUnits['event'];
  running: MeasuredUnits['running'];
  /** Bytes of the events that were sent. */
  bytes: number;
  /** False: units of indexes are missing, since the tables were dynalite. */
  indexesCounted: boolean;
};

export const fullBatch = 10;
/** As many as a batch holds, so that no read of a user serves two events of a batch. */
const users = Array.from({ length: fullBatch }, (_, i) => `usr_${8841 + i}`);
const gatewayStep = 512 * 1024;
const queueStep = 64 * 1024;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
const rowOverheadBytes = 100;
/** https://aws.amazon.com/cloudwatch/pricing/: added to each log event. */
const lineOverheadBytes = 26;
// Status line, date, content type and length, and the gateway's request id.
const answerHeadBytes = 180;

/**
 * What AWS would bill for one event: counted while the bundles of `stack` work on such events, with batches of one and
 * of ten. A number of actions with a fraction lies between the two whole ones.
 */
export async function measureUnits(
  stack: Stack,
  facts: TemplateFacts,
  question: Question,
  say: (line: string) => void,
): Promise<Measurement> {
  const receiver = await startReceiver();
  const few = Math.floor(question.actions);
  const counts = [...new Set([few, Math.ceil(question.actions)])];
  const snapshot = snapshotFor(stack.environment, counts, question.target, receiver.url);
  const pipeline = await startCountedPipeline(stack, { snapshot });
  try {
    // The users are known, as most are; and these batches take the cold starts.
    await sendAll(pipeline, users.map(identify));
    await sendAll(pipeline, [eventOfSize(question.bytes, eventNamed(counts.at(-1) ?? 0))]);
    const measured = new Map<string, MeasuredUnits & { bytes: number }>();
    for (const actions of counts) {
      for (const batch of [1, fullBatch]) {
        say(`events with ${actions} ${actions === 1 ? 'trigger' : 'triggers'}, batches of ${batch}`);
        measured.set(
          `${actions} ${batch}`,
          await measureCase(pipeline, facts, { ...question, actions, batch, receiver }),
        );
      }
    }
    const at = (batch: number): EventUnits => {
      const [less, more] = counts.map((actions) => measured.get(`${actions} ${batch}`)?.event) as [
        EventUnits,
        EventUnits?,
      ];
      return more === undefined ? less : mix(more, less, question.actions - few);
    };
    const last = [...measured.values()].at(-1);
    if (last === undefined) throw new Error('nothing was measured');
    return {
      single: at(1),
      full: at(fullBatch),
      running: last.running,
      bytes: last.bytes,
      indexesCounted: pipeline.isReference,
    };
  } finally {
    await pipeline.stop();
    await receiver.stop();
  }
}

type Case = Question & { batch: number; receiver: Awaited<ReturnType<typeof startReceiver>> };

async function measureCase(
  pipeline: CountedPipeline,
  facts: TemplateFacts,
  { bytes, actions, perRequest, awsMs, batch, receiver }: Case,
): Promise<MeasuredUnits & { bytes: number }> {
  // Whole requests and whole batches.
  const events = Array.from({ length: countOf(batch, perRequest) }, (_, i) => ({
    ...eventOfSize(bytes, eventNamed(actions)),
    userId: users[i % users.length],
  }));
  const requests = grouped(events, perRequest).map((group) => (group.length === 1 ? group[0] : group));
  const before = await storedByteDays(pipeline);
  const sentBefore = receiver.bytes();
  const runs: Record<BilledFunction, StageRun[]> = { ingest: [], processor: [], 'workflow-trigger': [] };
  runs.ingest.push(await pipeline.ingest(requests));
  for (let done = 0; done < events.length; done += batch) {
    runs.processor.push(await pipeline.process(batch));
    if (actions > 0) runs['workflow-trigger'].push(await pipeline.trigger(batch));
  }
  const calls = Object.values(runs).flatMap((stage) => stage.flatMap((run) => run.calls));
  const printed = Object.values(runs).flatMap((stage) => stage.flatMap((run) => run.printed));
  const answers = runs.ingest.flatMap((run) => run.answers);
  const perEvent = (quantity: number) => quantity / events.length;
  const requestBytes = requests.map(sizeOf);
  const ofTables = perEventCalls(pipeline, calls);
  const counts = {
    ingest: requests.length,
    processor: runs.processor.length,
    'workflow-trigger': runs['workflow-trigger'].length,
  };
  const milliseconds = (name: BilledFunction) => {
    const memoryMb = facts.functions.get(name)?.memoryMb ?? 0;
    const records = name === 'ingest' ? 1 : batch;
    const rounds = runs[name].reduce((sum, run) => sum + roundsOf(ownCalls(pipeline, run.calls)), 0);
    return perEvent(counts[name] * callMs(name, records, memoryMb) + rounds * awsMs);
  };
  const accessLine = accessLogBytes(facts.accessLogFormat);
  const queues = calls.filter(({ service }) => service === 'sqs');
  const after = await storedByteDays(pipeline);
  return {
    bytes: events.reduce((sum, event) => sum + sizeOf(event), 0) / events.length,
    event: {
      gatewayRequests: perEvent(sum(requestBytes.map((size) => Math.ceil(size / gatewayStep)))),
      calls: byFunction((name) => perEvent(counts[name])),
      milliseconds: byFunction(milliseconds),
      queueRequests: perEvent(sum(queues.map(queueRequests))),
      groupedQueueRequests: perEvent(sum(queues.filter(isGrouped).map(queueRequests))),
      writeUnits: totals(
        ofTables.flatMap(({ writeUnits }) => Object.entries(writeUnits)),
        events.length,
      ),
      readUnits: totals(
        ofTables.filter(({ readUnits }) => readUnits > 0).map(({ tables, readUnits }) => [tables[0] ?? '', readUnits]),
        events.length,
      ),
      byteDays: Object.fromEntries(
        Object.entries(after).map(([table, byteDays]) => [table, perEvent(byteDays - (before[table] ?? 0))]),
      ),
      logBytes:
        perEvent(sum(printed.map((text) => Buffer.byteLength(text) + lineOverheadBytes))) +
        perEvent(requests.length * (accessLine + lineOverheadBytes)),
      sentBytes:
        perEvent(sum(answers.map((answer) => Buffer.byteLength(answer) + answerHeadBytes))) +
        perEvent(receiver.bytes() - sentBefore),
    },
    running: { metrics: metricsIn(printed), tableKeys: tableKeys(runs) },
  };
}

function countOf(batch: number, perRequest: number): number {
  const least = batch === 1 ? 8 : 30;
  for (let count = perRequest; ; count += perRequest) if (count >= least && count % batch === 0) return count;
}

async function sendAll(pipeline: CountedPipeline, bodies: unknown[]): Promise<void> {
  await pipeline.ingest(bodies);
  const { calls } = await pipeline.process();
  if (calls.some(({ operation }) => operation === 'SendMessageBatch')) await pipeline.trigger();
}

/** Without the configuration, which each process reads every 15 s whatever comes. */
function perEventCalls({ names }: CountedPipeline, calls: AwsCall[]): AwsCall[] {
  return calls.filter(({ service, tables }) => service === 'dynamodb' && !tables.includes(names.Configuration));
}

/** What a function waits for; receiving and deleting is done by Lambda. */
function ownCalls({ names }: CountedPipeline, calls: AwsCall[]): AwsCall[] {
  const ofPoller = ['ReceiveMessage', 'DeleteMessageBatch'];
  return calls.filter(
    ({ operation, tables }) => !ofPoller.includes(operation) && !tables.includes(names.Configuration),
  );
}

/** How many calls waited for an earlier one: those made at the same time count once. */
export function roundsOf(calls: Pick<AwsCall, 'startedMs' | 'endedMs'>[]): number {
  let rounds = 0;
  let endedMs = Number.NEGATIVE_INFINITY;
  for (const call of calls.toSorted((a, b) => a.endedMs - b.endedMs)) {
    if (call.startedMs < endedMs) continue;
    rounds++;
    endedMs = call.endedMs;
  }
  return rounds;
}

const queueRequests = ({ messageBytes }: AwsCall) => Math.max(1, Math.ceil(messageBytes / queueStep));

/** Every message of ours names a group, so what is received does too; the emulator does not return it. */
const isGrouped = ({ operation, grouped: named, received = 0 }: AwsCall) =>
  operation === 'ReceiveMessage' ? received > 0 : named;

/** Bytes × days of all rows and their entries in indexes. A row that stays for good is no cost of an event. */
async function storedByteDays(pipeline: CountedPipeline): Promise<Record<string, number>> {
  const nowMs = Date.now();
  const totals: Record<string, number> = {};
  for (const [name, definition] of Object.entries(tableDefinitions)) {
    const { indexes } = definition as { indexes: Record<string, { partitionKey: string; projection: unknown }> };
    for (const row of await pipeline.rows(name as TableName)) {
      if (typeof row.expires_at !== 'number') continue;
      const days = Math.max(0, (row.expires_at * 1000 - nowMs) / 86_400_000);
      const entries = Object.values(indexes).filter(({ partitionKey }) => row[partitionKey] !== undefined);
      const entryBytes = entries.map(({ partitionKey, projection }) => {
        const projected = ['pk', 'sk', partitionKey, ...(Array.isArray(projection) ? projection : [])];
        return itemBytes(Object.fromEntries(projected.map((attribute) => [attribute, row[attribute]])));
      });
      const bytes = sum([itemBytes(row), ...entryBytes].map((size) => size + rowOverheadBytes));
      totals[name] = (totals[name] ?? 0) + bytes * days;
    }
  }
  return totals;
}

/** Each name with each set of dimensions is a metric; those with a source there is one of per source. */
export function metricsIn(printed: string[]): { environment: number; source: number } {
  const environment = new Set<string>();
  const source = new Set<string>();
  for (const text of printed.filter((one) => one.includes('"_aws"'))) {
    const parsed = JSON.parse(text) as {
      _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
      reason?: string;
    };
    for (const { Dimensions, Metrics } of parsed._aws.CloudWatchMetrics) {
      for (const dimensions of Dimensions) {
        for (const { Name } of Metrics) {
          const reason = dimensions.includes('reason') ? parsed.reason : '';
          (dimensions.includes('source') ? source : environment).add(`${Name} ${dimensions.join()} ${reason}`);
        }
      }
    }
  }
  return { environment: environment.size, source: source.size };
}

function tableKeys(runs: Record<BilledFunction, StageRun[]>): number {
  const pairs = Object.entries(runs).flatMap(([name, stage]) =>
    stage
      .flatMap((run) => run.calls.flatMap(({ service, tables }) => (service === 'dynamodb' ? tables : [])))
      .map((table) => `${name} ${table}`),
  );
  // Each function also reads the configuration.
  return new Set([...pairs, ...billedFunctions.map((name) => `${name} Configuration`)]).size;
}

/** What API Gateway puts for each variable of its log format: as long as the real values. */
const accessLogSamples: Record<string, string> = {
  'context.requestTime': '29/Nov/2026:09:05:19 +0000',
  'context.requestId': 'VnR0Fh5ZoAMESpw=',
  'context.routeKey': 'ANY /v1/sources/{source}/{token+}',
  'context.identity.sourceIp': '203.0.113.129',
  'context.status': '200',
  'context.responseLatency': '17',
  'context.integrationLatency': '14',
  'context.integrationErrorMessage': '-',
};

/** @throws Error that names a variable without a sample */
export function accessLogBytes(format: string): number {
  const text = format.replace(/\$(context\.[A-Za-z.]+)/g, (_all, name: string) => {
    const sample = accessLogSamples[name];
    if (sample === undefined) throw new Error(`the access log has $${name}, of which no sample is known`);
    return sample;
  });
  return Buffer.byteLength(text);
}

const eventNamed = (actions: number) => (actions === 0 ? 'unheard_of' : `order_with_${actions}`);

function snapshotFor(environment: string, counts: number[], target: Question['target'], url: string): Snapshot {
  const triggers = counts.flatMap((actions) =>
    Array.from({ length: actions }, (_, i) => ({
      id: `order-${actions}-${i + 1}`,
      event: `track/${eventNamed(actions)}`,
      action: 'workflows_trigger',
      parameters: { key: `order-${i + 1}`, recipients: 'user_id', data: 'data' },
    })),
  );
  const most = Math.max(1, ...counts);
  const to = target === 'log' ? { type: 'log' } : { type: 'http', url };
  return Snapshot.parse({
    sources: {
      rudderstack: {
        kind: 'rudderstack',
        name: 'RudderStack',
        mappings: [
          {
            id: 'identify',
            event: 'identify',
            action: 'users_identify',
            parameters: { id: 'user_id', name: 'data.name' },
          },
          ...triggers,
        ],
      },
    },
    workflows: Object.fromEntries(
      Array.from({ length: most }, (_, i) => [
        `order-${i + 1}`,
        { name: `Order ${i + 1}`, target: { [environment]: to } },
      ]),
    ),
  });
}

/** A target that accepts all, and counts the bytes that were sent to it: heads and bodies. */
async function startReceiver() {
  let bytes = 0;
  const server = createServer((request, response) => {
    bytes += sum(request.rawHeaders.map((text) => text.length + 2)) + (request.url?.length ?? 0);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}/runs`,
    bytes: () => bytes,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function grouped<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function totals(entries: (readonly [string, number])[], events: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, units] of entries) if (units > 0) found[name] = (found[name] ?? 0) + units / events;
  return found;
}

const byFunction = (value: (name: BilledFunction) => number) =>
  Object.fromEntries(billedFunctions.map((name) => [name, value(name)])) as Record<BilledFunction, number>;
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
