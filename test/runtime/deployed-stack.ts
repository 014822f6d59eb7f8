import { readFileSync } from 'node:fs';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, SQSEvent, SQSRecord } from 'aws-lambda';
import { sourcesOf } from '../../infra/local/rebundle.ts';
import { eventSource } from '../../infra/local/resources/event-source.ts';
import { type FunctionResource, lambdaFunction } from '../../infra/local/resources/function.ts';
import { integration } from '../../infra/local/resources/integration.ts';
import { readResources } from '../../infra/local/stack-resources.ts';
import type { Stack } from '../../infra/local/template.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { type TableName, tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { Snapshot } from '../../shared/core/configuration/schema.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { liveConfiguration } from '../support/build.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { startQueues, type TestQueues } from '../support/fauxqs.ts';
import { startSecrets, type TestSecrets } from '../support/secrets-manager.ts';
import { type Certificate, type Front, startFront } from './front.ts';
import type { LambdaClient } from './lambda-client.ts';
import { type Invocation, type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';

/** A function of the template, by the name of its folder under functions/. */
export type DeployedFunction = { name: string; definition: FunctionResource; calledBy: 'requests' | 'messages' };
export type QueueName = 'events' | 'actions';

/** The functions of the synthesized stack, each ready to run in a sandbox, and what they use, on emulators. */
export type DeployedStack = {
  functions: DeployedFunction[];
  functionNamed(name: string): DeployedFunction;
  sandbox(name: string, change?: SandboxChange): Promise<Sandbox>;
  tables: TestTables;
  queues: TestQueues;
  secrets: TestSecrets;
  fronts: { dynamodb: Front; sqs: Front; secretsManager: Front };
  /** A request to ingest as API Gateway hands it over. */
  request(
    body: string | Buffer,
    change?: { source?: string; token?: string; headers?: Record<string, string> },
  ): APIGatewayProxyEventV2;
  /** At most ten messages as Lambda's poller hands them over. */
  receive(queue: QueueName): Promise<SQSEvent>;
  /** What the poller deletes afterwards. */
  finish(queue: QueueName, event: SQSEvent): Promise<void>;
  waiting(queue: QueueName): Promise<number>;
  clear(queue: QueueName): Promise<void>;
  stop(): Promise<void>;
};

export type SandboxChange = {
  memoryMb?: number;
  timeoutSeconds?: number;
  limited?: boolean;
  variables?: Record<string, string>;
};

export type DeployedStackOptions = {
  /** Absent: the emulators are reached without TLS. */
  certificate?: Certificate | undefined;
  /** Members of the file of the source `rudderstack` to add or replace. */
  file?: Record<string, unknown>;
};

const ingestKey = 'ingest-key-of-the-runtime-tests';
const prefix = 'signalbox/development';
const fixture = (name: string) => readFileSync(new URL(`../fixtures/lambda/${name}.json`, import.meta.url), 'utf8');

export async function startDeployedStack(
  stack: Stack,
  client: LambdaClient,
  { certificate, file = {} }: DeployedStackOptions = {},
): Promise<DeployedStack> {
  const cleanups: (() => unknown)[] = [];
  const kept = <Started extends { stop(): unknown }>(started: Started): Started => {
    cleanups.push(() => started.stop());
    return started;
  };
  const tables = kept(await startTables());
  const queues = kept(await startQueues());
  const secrets = kept(await startSecrets());
  const fronts = {
    dynamodb: kept(await startFront(tables.endpoint, certificate)),
    sqs: kept(await startFront(queues.endpoint, certificate)),
    secretsManager: kept(await startFront(secrets.endpoint, certificate)),
  };
  secrets.secrets.set(`${prefix}/ingest`, JSON.stringify({ current: ingestKey }));
  const configuration = { client: tables.client, table: tables.names.Configuration };
  await goLive(configuration, await readCurrent(configuration), {
    kind: 'commit',
    author: 'test',
    message: 'test',
    createdAtMs: Date.now(),
    snapshot: await writeSnapshot(configuration, Snapshot.parse(liveConfiguration({ file }).snapshot)),
    state: { sources: {}, inactive_workflows: [] },
  });

  const urls = { events: queues.create('events'), actions: queues.create('actions') };
  const behindFront = (url: string) => fronts.sqs.url + new URL(url).pathname;
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL_DYNAMODB: fronts.dynamodb.url,
    AWS_ENDPOINT_URL_SQS: fronts.sqs.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: fronts.secretsManager.url,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    ...(certificate && { NODE_EXTRA_CA_CERTS: certificate.certFile }),
  };
  const own: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(tableDefinitions).map(([name, { variable }]) => [variable, tables.names[name as TableName]]),
    ),
    EVENTS_QUEUE_URL: behindFront(urls.events),
    ACTIONS_QUEUE_URL: behindFront(urls.actions),
  };
  const resources = readResources(stack, {
    queueUrl: (name) => `${queues.endpoint}/${name}`,
    gatewayUrl: 'http://127.0.0.1',
  });
  const ofRequests = new Set(resources.of(integration).map(({ functionName }) => functionName));
  const ofMessages = new Set(resources.of(eventSource).map(({ functionName }) => functionName));
  const functions = resources.of(lambdaFunction).flatMap((definition): DeployedFunction[] => {
    const entry = sourcesOf(definition).find((path) => /^functions\/[^/]+\/handler\.ts$/.test(path));
    if (entry === undefined) throw new Error(`the bundle ${definition.file} does not name its handler`);
    const name = entry.split('/')[1] as string;
    if (ofRequests.has(definition.name)) return [{ name, definition, calledBy: 'requests' }];
    return ofMessages.has(definition.name) ? [{ name, definition, calledBy: 'messages' }] : [];
  });
  const functionNamed = (name: string): DeployedFunction => {
    const found = functions.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the template has no function ${name}`);
    return found;
  };

  return {
    functions,
    functionNamed,
    async sandbox(name, { variables: more, limited, ...change } = {}) {
      const { definition } = functionNamed(name);
      const options: SandboxOptions = {
        client,
        // Only variables that the template sets: a function that lost one must not get it here.
        definition: {
          ...definition,
          ...change,
          variables: Object.fromEntries(
            Object.entries(definition.variables).map(([key, value]) => [key, own[key] ?? value]),
          ),
        },
        variables: { ...variables, ...more },
        ...(limited !== undefined && { limited }),
      };
      return kept(await startSandbox(options));
    },
    tables,
    queues,
    secrets,
    fronts,
    request(body, { source = 'rudderstack', token = ingestToken(ingestKey, source, 1), headers = {} } = {}) {
      const event = JSON.parse(fixture('http-api-request').replaceAll('TOKEN', token));
      const path = `/v1/sources/${source}/${token}`;
      return {
        ...event,
        rawPath: path,
        headers: { ...event.headers, 'content-length': String(Buffer.byteLength(body)), ...headers },
        requestContext: { ...event.requestContext, http: { ...event.requestContext.http, path } },
        pathParameters: { source, token },
        body: typeof body === 'string' ? body : body.toString('base64'),
        isBase64Encoded: typeof body !== 'string',
      };
    },
    async receive(queue) {
      const command = new ReceiveMessageCommand({ QueueUrl: urls[queue], MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
      const { Messages = [] } = await queues.client.send(command);
      const record = JSON.parse(fixture('sqs-record'));
      return {
        Records: Messages.map(
          ({ MessageId, ReceiptHandle, Body }): SQSRecord => ({
            ...record,
            messageId: MessageId,
            receiptHandle: ReceiptHandle,
            body: Body,
            eventSourceARN: record.eventSourceARN.replace(/events$/, queue),
          }),
        ),
      };
    },
    async finish(queue, { Records }) {
      const Entries = Records.map(({ receiptHandle }, i) => ({ Id: String(i), ReceiptHandle: receiptHandle }));
      await queues.client.send(new DeleteMessageBatchCommand({ QueueUrl: urls[queue], Entries }));
    },
    async waiting(queue) {
      const command = new GetQueueAttributesCommand({
        QueueUrl: urls[queue],
        AttributeNames: ['ApproximateNumberOfMessages'],
      });
      return Number((await queues.client.send(command)).Attributes?.ApproximateNumberOfMessages);
    },
    async clear(queue) {
      await queues.client.send(new PurgeQueueCommand({ QueueUrl: urls[queue] }));
    },
    async stop() {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    },
  };
}

export type HttpAnswer = { statusCode: number; headers: Record<string, string>; body: string };

/** The answer of a call, read as JSON. @throws Error when the call failed */
export function answerOf<Answer>({ result }: Invocation): Answer {
  if (result.kind === 'failed') throw new Error(`${result.error.errorType}: ${result.error.errorMessage}`);
  return JSON.parse(result.payload) as Answer;
}
