import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { makeAwsJsonClient } from '../../infra/local/aws-json-client.ts';
import { type FunctionHost, hostFunction } from '../../infra/local/function-host.ts';
import { type FunctionResource, lambdaFunction } from '../../infra/local/resources/function.ts';
import { readResources, type StackResources } from '../../infra/local/stack-resources.ts';
import type { Stack } from '../../infra/local/template.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { type TableName, tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { Snapshot, type Snapshot as SnapshotContent } from '../../shared/core/configuration/schema.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { sqsRecord } from '../support/build.ts';
import { localCredentials, startTables } from '../support/dynalite.ts';
import { javaIsFound, startReferenceTables } from '../support/dynamodb-local.ts';
import { startQueues } from '../support/fauxqs.ts';
import { startSecrets } from '../support/secrets-manager.ts';
import { type AwsCall, startWire } from './wire.ts';

/** What one stage did for one batch. */
export type StageRun = {
  calls: AwsCall[];
  printed: string[];
  /** The texts that ingest answered. */
  answers: string[];
};

export type CountedPipeline = {
  /** Whether the tables are Amazon's own emulator, which counts indexes; else dynalite, which does not. */
  isReference: boolean;
  names: Record<TableName, string>;
  /** Posts each body in a request of its own, one after the other. */
  ingest(bodies: unknown[]): Promise<StageRun>;
  /** One batch, by default of at most ten: received, worked on by the function, and what it finished deleted. */
  process(messagesMax?: number): Promise<StageRun>;
  trigger(messagesMax?: number): Promise<StageRun>;
  /** A call of the REST API, with a key of the environment. */
  api(path: string, body: unknown): Promise<StageRun>;
  /** Every row of a table. */
  rows(table: TableName): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
};

export type PipelineOptions = { snapshot: SnapshotContent; variables?: Record<string, string> };

const ingestKey = 'ingest-key-of-the-benchmark';

/**
 * The functions' bundles as they are deployed, one worker each, called batch by batch, with every request that they
 * make counted on its way to the emulators.
 */
export async function startCountedPipeline(stack: Stack, options: PipelineOptions): Promise<CountedPipeline> {
  const cleanups: (() => unknown)[] = [];
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return { ...(await start(stack, options, cleanups)), stop };
  } catch (error) {
    // Or a process of the emulator would stay behind.
    await stop();
    throw error;
  }
}

async function start(
  stack: Stack,
  options: PipelineOptions,
  cleanups: (() => unknown)[],
): Promise<Omit<CountedPipeline, 'stop'>> {
  const kept = <Started extends { stop(): unknown }>(started: Started): Started => {
    cleanups.push(() => started.stop());
    return started;
  };
  const isReference = javaIsFound();
  const tables = kept(await (isReference ? startReferenceTables() : startTables()));
  const queues = kept(await startQueues());
  const secrets = kept(await startSecrets());
  const wire = kept(await startWire({ dynamodb: tables.endpoint, sqs: queues.endpoint }));
  const configuration = { client: tables.client, table: tables.names.Configuration };
  const prefix = `signalbox/${stack.environment}`;
  secrets.secrets.set(`${prefix}/ingest`, JSON.stringify({ current: ingestKey }));
  for (const workflow of Object.keys(options.snapshot.workflows)) {
    secrets.secrets.set(`${prefix}/targets/${workflow}`, JSON.stringify({ values: [`whsec_${btoa('k'.repeat(24))}`] }));
  }
  await goLive(configuration, await readCurrent(configuration), {
    kind: 'commit',
    author: 'bench',
    message: 'bench',
    createdAtMs: Date.now(),
    snapshot: await writeSnapshot(configuration, Snapshot.parse(options.snapshot)),
    state: { sources: {}, inactive_workflows: [] },
  });

  const urlOf = (name: string) => wire.url + new URL(queues.create(name)).pathname;
  const eventsUrl = urlOf('events');
  const actionsUrl = urlOf('actions');
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: wire.url,
    AWS_ENDPOINT_URL_SQS: wire.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
    AWS_ACCESS_KEY_ID: localCredentials.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.credentials.secretAccessKey,
    LOCAL: 'true',
  };
  const ownVariables = {
    ...Object.fromEntries(
      Object.entries(tableDefinitions).map(([name, { variable }]) => [variable, tables.names[name as TableName]]),
    ),
    EVENTS_QUEUE_URL: eventsUrl,
    ACTIONS_QUEUE_URL: actionsUrl,
    ...options.variables,
  };
  const resources = readResources(stack, {
    queueUrl: (name) => `${queues.endpoint}/${name}`,
    gatewayUrl: 'http://127.0.0.1',
  });
  const printed: string[] = [];
  const host = (name: string) => {
    const definition = functionOf(resources, name);
    return kept(
      hostFunction(
        { ...definition, variables: { ...definition.variables, ...ownVariables } },
        { workersMax: 1, variables, onLine: (_function, line) => printed.push(line) },
      ),
    );
  };
  const ingest = host('Ingest');
  const processor = host('Processor');
  const workflowTrigger = host('WorkflowTrigger');
  const api = host('Api');
  const asked = { author: 'bench', nowMs: Date.now(), entropy: new Uint8Array(32).fill(7) };
  const { key } = await createKey({ name: stack.environment, configuration }, { name: 'bench', kind: 'secret' }, asked);
  const poller = makeAwsJsonClient(wire.url, 'AmazonSQS', localCredentials.credentials);
  cleanups.push(() => poller.close());

  const counted = async (work: () => Promise<string[]>): Promise<StageRun> => {
    wire.take();
    printed.length = 0;
    const answers = await work();
    const calls = wire.take();
    // What a worker prints comes over a pipe and can be behind its answer.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { calls, printed: [...printed], answers };
  };
  return {
    isReference,
    names: tables.names,
    ingest: (bodies) =>
      counted(async () => {
        const answers: string[] = [];
        for (const body of bodies) answers.push(await post(ingest, body));
        return answers;
      }),
    process: (messagesMax) => counted(() => deliverBatch(poller, eventsUrl, processor, messagesMax)),
    api: (path, body) => counted(async () => [await callApi(api, key, path, body)]),
    trigger: (messagesMax) => counted(() => deliverBatch(poller, actionsUrl, workflowTrigger, messagesMax)),
    async rows(table) {
      const pages = paginateScan({ client: tables.client }, { TableName: tables.names[table], ConsistentRead: true });
      const rows: Record<string, unknown>[] = [];
      for await (const { Items = [] } of pages) rows.push(...Items);
      return rows;
    },
  };
}

/** A function of the stack by the name of its construct; the logical id ends in a hash. */
export function functionOf(resources: StackResources, construct: string): FunctionResource {
  const functions = resources.of(lambdaFunction);
  const found = functions.find(({ name }) => name.includes(`-${construct}Function`));
  if (found === undefined)
    throw new Error(`no function ${construct} among ${functions.map(({ name }) => name).join(', ')}`);
  return found;
}

async function post(ingest: FunctionHost, body: unknown): Promise<string> {
  const event = {
    headers: { 'content-type': 'application/json', 'user-agent': 'RudderLabs' },
    requestContext: { http: { method: 'POST' }, requestId: 'bench' },
    pathParameters: { source: 'rudderstack', token: ingestToken(ingestKey, 'rudderstack', 1) },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
  const answer = JSON.parse(await ingest.invoke(JSON.stringify(event))) as { statusCode: number; body: string };
  if (answer.statusCode !== 200) throw new Error(`ingest answered ${answer.statusCode}: ${answer.body}`);
  return answer.body;
}

async function callApi(api: FunctionHost, key: string, rawPath: string, body: unknown): Promise<string> {
  const event = {
    rawPath,
    rawQueryString: '',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    requestContext: { http: { method: 'POST' }, requestId: 'bench' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
  const answer = JSON.parse(await api.invoke(JSON.stringify(event))) as { statusCode: number; body: string };
  if (answer.statusCode !== 200) throw new Error(`the API answered ${answer.statusCode}: ${answer.body}`);
  return answer.body;
}

type Message = { MessageId: string; ReceiptHandle: string; Body: string };

async function deliverBatch(
  poller: ReturnType<typeof makeAwsJsonClient>,
  QueueUrl: string,
  consumer: FunctionHost,
  messagesMax = 10,
): Promise<never[]> {
  const request = { QueueUrl, MaxNumberOfMessages: messagesMax, WaitTimeSeconds: 1 };
  const { Messages = [] } = await poller.call<{ Messages?: Message[] }>('ReceiveMessage', request);
  const Records = Messages.map(({ MessageId, ReceiptHandle, Body }) => ({
    ...sqsRecord(Body),
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
  }));
  const { batchItemFailures } = JSON.parse(await consumer.invoke(JSON.stringify({ Records }))) as {
    batchItemFailures: unknown[];
  };
  if (batchItemFailures.length > 0) throw new Error(`${consumer.name} failed ${batchItemFailures.length} messages`);
  const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
  await poller.call('DeleteMessageBatch', { QueueUrl, Entries });
  return [];
}
