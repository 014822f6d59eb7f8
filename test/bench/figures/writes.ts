import { createServer } from 'node:http';
import { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { developmentStack } from '../assembly.ts';
import { type CountedPipeline, startCountedPipeline } from '../counted-pipeline.ts';
import type { Figure, Section } from '../figure.ts';
import { identify, smallOrderCompleted } from '../sample-events.ts';
import type { AwsCall } from '../wire.ts';

/** DynamoDB write units and AWS requests per event: what a month costs, and the one thing that is the same everywhere. */
export const writes: Section = {
  name: 'writes',
  about: 'write units and AWS requests per event, of the deployed bundles, counted on the wire',
  async measure(say) {
    const stack = await developmentStack(say);
    const receiver = await startReceiver();
    const snapshot = snapshotFor(receiver.url);
    try {
      say('counting writes without the users index');
      const plain = await startCountedPipeline(stack, { snapshot, variables: { USERS_INDEX: 'false' } });
      const figures = await measurePlain(plain).finally(() => plain.stop());
      say('counting writes with the users index');
      const indexed = await startCountedPipeline(stack, { snapshot, variables: { USERS_INDEX: 'true' } });
      const withIndex = await measureIndexed(indexed).finally(() => indexed.stop());
      return [...withIndex, ...figures];
    } finally {
      await receiver.stop();
    }
  },
};

const user = 'usr_8841';

async function measurePlain(pipeline: CountedPipeline): Promise<Figure[]> {
  const figures: Figure[] = [];
  const event = async (what: string, body: unknown, unitsMax: number) => {
    const { calls } = await runOne(pipeline, body);
    figures.push(unitsFigure(pipeline, what, calls, unitsMax));
    return calls;
  };
  await event('identify of a new user', identify(user), 5);
  await event('identify that changes nothing', identify(user), 3);
  await event('track, one trigger, log target', smallOrderCompleted(), 4);
  await event('track, one trigger, http target', smallOrderCompleted({ event: 'order_paid' }), 5);
  await event('track, three triggers, log target', smallOrderCompleted({ event: 'order_split' }), 6);
  await event('track without a mapping', smallOrderCompleted({ event: 'unheard_of' }), 1);
  const repeated = smallOrderCompleted();
  await runOne(pipeline, repeated);
  const duplicate = await event('duplicate', repeated, 2);
  figures.push({
    name: 'duplicate: reads',
    measured: pipelineCalls(pipeline, duplicate).filter(({ readUnits }) => readUnits > 0).length,
    unit: 'reads',
    bound: { atMost: 1 },
  });
  return [...figures, ...(await measureBatches(pipeline))];
}

async function measureIndexed(pipeline: CountedPipeline): Promise<Figure[]> {
  await runOne(pipeline, identify(user));
  const { calls } = await runOne(pipeline, smallOrderCompleted());
  return [unitsFigure(pipeline, 'track, one trigger, log target, users index', calls, 5)];
}

/** Ten events that come one to a request, and ten in one request; both make full batches from there on. */
async function measureBatches(pipeline: CountedPipeline): Promise<Figure[]> {
  const events = () => Array.from({ length: 10 }, () => smallOrderCompleted());
  const inTen = await runAll(pipeline, events());
  const inOne = await runAll(pipeline, [events()]);
  const perEvent = (calls: AwsCall[]) => calls.length / 10;
  const tables = (calls: AwsCall[]) => calls.filter(({ service }) => service === 'dynamodb');
  const queues = (calls: AwsCall[]) => calls.filter(({ service }) => service === 'sqs');
  const ofProcessor = functionCalls(pipeline, inTen.processed);
  const ofTrigger = functionCalls(pipeline, inTen.triggered);
  return [
    unitsFigure(pipeline, 'track in a batch of ten, log target', inTen.all, 4, 10),
    {
      name: 'processor, batch of ten: requests per event',
      measured: perEvent(ofProcessor),
      unit: 'requests',
      bound: { atMost: 1.3 },
      note: operations(ofProcessor),
    },
    {
      name: 'workflow-trigger, batch of ten, log target: requests per event',
      measured: perEvent(ofTrigger),
      unit: 'requests',
      bound: { atMost: 1.3 },
      note: operations(ofTrigger),
    },
    {
      name: 'SQS over the whole way, one event to a request: requests per event',
      measured: perEvent(queues(inTen.all)),
      unit: 'requests',
      bound: { atMost: 1.6 },
      note: `receives and deletes of Lambda's poller included: ${operations(queues(inTen.all))}`,
    },
    {
      name: 'SQS over the whole way, ten events to a request: requests per event',
      measured: perEvent(queues(inOne.all)),
      unit: 'requests',
      note: operations(queues(inOne.all)),
    },
    {
      name: 'DynamoDB over the whole way, batch of ten: requests per event',
      measured: perEvent(tables(pipelineCalls(pipeline, inTen.all))),
      unit: 'requests',
    },
  ];
}

async function runOne(pipeline: CountedPipeline, body: unknown): Promise<{ calls: AwsCall[] }> {
  return { calls: (await runAll(pipeline, [body])).all };
}

/** The events of up to ten requests through all three functions, one batch each. */
async function runAll(pipeline: CountedPipeline, bodies: unknown[]) {
  const { calls: ingested } = await pipeline.ingest(bodies);
  const { calls: processed } = await pipeline.process();
  const hasActions = processed.some(({ operation }) => operation === 'SendMessageBatch');
  const triggered = hasActions ? (await pipeline.trigger()).calls : [];
  return { processed, triggered, all: [...ingested, ...processed, ...triggered] };
}

/** Without what is read about every 15 seconds, and noted about every hour, per process and not per event. */
function pipelineCalls({ names }: CountedPipeline, calls: AwsCall[]): AwsCall[] {
  return calls.filter(({ tables }) => !tables.includes(names.Configuration));
}

/** What a function asks itself; receiving and deleting is done by Lambda. */
function functionCalls(pipeline: CountedPipeline, calls: AwsCall[]): AwsCall[] {
  const ofPoller = new Set(['ReceiveMessage', 'DeleteMessageBatch']);
  return pipelineCalls(pipeline, calls).filter(({ operation }) => !ofPoller.has(operation));
}

function operations(calls: AwsCall[]): string {
  return [...Map.groupBy(calls, ({ operation }) => operation)]
    .map(([operation, { length }]) => `${length} ${operation}`)
    .join(', ');
}

function unitsFigure(pipeline: CountedPipeline, what: string, calls: AwsCall[], unitsMax: number, events = 1): Figure {
  const units = new Map<string, number>();
  for (const { writeUnits } of pipelineCalls(pipeline, calls)) {
    for (const [where, count] of Object.entries(writeUnits)) units.set(where, (units.get(where) ?? 0) + count);
  }
  const total = [...units.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...units].filter(([, count]) => count > 0).map(([where, count]) => `${where} ${count}`);
  const caveat = pipeline.isReference ? '' : ' (counted by dynalite, which leaves out indexes: no Java was found)';
  return {
    name: `${what}: write units per event`,
    measured: total / events,
    unit: 'units',
    bound: { atMost: unitsMax },
    note: parts.join(', ') + caveat,
  };
}

function snapshotFor(receiverUrl: string): Snapshot {
  const trigger = (id: string, event: string, key: string) => ({
    id,
    event: `track/${event}`,
    action: 'workflows_trigger',
    parameters: { key, recipients: 'user_id', data: 'data' },
  });
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
            parameters: {
              id: 'user_id',
              name: 'data.name',
              email: 'data.email',
              properties: 'preprocess.custom_traits',
            },
          },
          trigger('completed', 'order_completed', 'order-completed'),
          trigger('paid', 'order_paid', 'order-paid'),
          ...['one', 'two', 'three'].map((id) => trigger(`split-${id}`, 'order_split', 'order-completed')),
        ],
      },
    },
    workflows: {
      'order-completed': { name: 'Order completed', target: { development: { type: 'log' } } },
      'order-paid': { name: 'Order paid', target: { development: { type: 'http', url: receiverUrl } } },
    },
  });
}

/** A target that accepts whatever it is sent. */
async function startReceiver(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}/runs`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
