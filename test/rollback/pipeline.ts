import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { openMetricHistory } from '../../infra/local/metric-history.ts';
import { type MetricValues, readMetricsLine } from '../../infra/local/metrics.ts';
import { startMetricsApi } from '../../infra/local/metrics-api.ts';
import { openSecretStore } from '../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../infra/local/secrets-api.ts';
import { type TableName, tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import { localCredentials, startTables } from '../support/dynalite.ts';
import { startQueues } from '../support/fauxqs.ts';
import type { Clock } from './clock.ts';
import { type Doom, type Instance, startInstance } from './instance.ts';
import type { FunctionName, Version } from './version.ts';

export const queueNames = ['events', 'actions', 'events-dlq', 'actions-dlq'] as const;
export type QueueName = (typeof queueNames)[number];

const consumers: Record<QueueName, FunctionName> = {
  events: 'processor',
  actions: 'workflow-trigger',
  'events-dlq': 'dead-letter',
  'actions-dlq': 'dead-letter',
};

const ingestKey = 'ingest-key-of-the-rollback-tests';
const prefix = 'signalbox/development';
const batchSize = 10;

/** Git's settings by variables: a recording names no person. */
const author = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'user.name',
  GIT_CONFIG_VALUE_0: 'Lena',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

export type Said = { code: number; stdout: string; stderr: string };

/** One environment that functions of several versions share: tables, queues, secrets, counts. */
export type Pipeline = Awaited<ReturnType<typeof startPipeline>>;

export async function startPipeline(clock: Clock) {
  const [tables, queues] = await Promise.all([startTables(), startQueues()]);
  const secrets = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  secrets.create(`${prefix}/ingest`, JSON.stringify({ current: ingestKey }));
  const signing = JSON.stringify({ values: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`] });
  secrets.create(`${prefix}/targets/order`, signing);
  const secretsApi = await startSecretsApi(secrets, localCredentials.credentials);
  const counted: MetricValues[] = [];
  const history = openMetricHistory(undefined);
  const metricsApi = await startMetricsApi(history, localCredentials.credentials);
  const urls = {} as Record<QueueName, string>;
  for (const name of ['events', 'actions'] as const) {
    urls[`${name}-dlq`] = queues.create(`${name}-dlq`, { VisibilityTimeout: '180' });
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${name}-dlq`;
    urls[name] = queues.create(name, {
      VisibilityTimeout: '180',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 10 }),
    });
  }
  const own: Record<string, string> = {
    ...Object.fromEntries(Object.entries(tableDefinitions).map(([name, { variable }]) => [variable, name])),
    EVENTS_QUEUE_URL: urls.events,
    ACTIONS_QUEUE_URL: urls.actions,
    SECRETS_PREFIX: prefix,
  };
  const endpoints = { dynamodb: tables.endpoint, sqs: queues.endpoint, secretsmanager: secretsApi.endpoint };
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-rollback-'));
  const runtimeFile = join(folder, 'runtime.json');
  const outputs = {
    Environment: 'development',
    IngestUrl: 'http://127.0.0.1:9',
    EventsQueueUrl: urls.events,
    ActionsQueueUrl: urls.actions,
    EventsDeadLetterQueueUrl: urls['events-dlq'],
    ActionsDeadLetterQueueUrl: urls['actions-dlq'],
    ...Object.fromEntries(Object.keys(tableDefinitions).map((name) => [`${name}Table`, name])),
    SecretsPrefix: prefix,
    LogShards: '1',
    LogRetentionDays: '14',
  };
  const local = { ...localCredentials, endpoints: { ...endpoints, cloudwatch: metricsApi.endpoint }, outputs };
  writeFileSync(
    runtimeFile,
    JSON.stringify({ pid: process.pid, started_at: '2026-11-29T00:00:00Z', environments: { development: local } }),
  );

  const instances: Instance[] = [];
  let cliTurn: Promise<unknown> = Promise.resolve();
  /** Lines of the functions' logs, newest last. */
  const log: string[] = [];
  const real = {
    stdout: process.stdout.write.bind(process.stdout),
    stderr: process.stderr.write.bind(process.stderr),
  };
  let caught: { stdout: string; stderr: string } | undefined;
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = ((chunk: string | Uint8Array) => {
      const text = String(chunk);
      const isOfFunction = text.startsWith('{"');
      if (caught !== undefined && !(isOfFunction && (text.includes('"_aws"') || text.includes('"service"')))) {
        caught[stream] += text;
        return true;
      }
      for (const line of text.split('\n').filter((one) => one !== '')) take(line);
      return true;
    }) as typeof process.stdout.write;
  }
  function take(line: string): void {
    const values = readMetricsLine(line);
    if (values === undefined) log.push(line);
    else count(values);
  }
  function count(values: MetricValues[]): void {
    counted.push(...values.filter(({ name }) => name.startsWith('Events')));
    history.add(values);
  }

  async function free(version: Version, name: FunctionName): Promise<Instance> {
    const found = instances.find(
      (one) => one.version === version && one.function === name && !one.isBusy && !one.isDead,
    );
    if (found !== undefined) return found;
    const started = await startInstance(version, name, endpoints, own);
    instances.push(started);
    return started;
  }

  async function invoke(version: Version, name: FunctionName, event: unknown, doom?: Doom) {
    const instance = await free(version, name);
    instance.isBusy = true;
    try {
      return await instance.invoke(event, doom);
    } finally {
      instance.isBusy = false;
    }
  }

  const pipeline = {
    tables,
    secrets,
    counted,
    count,
    log,
    clock,
    /** Posts to ingest as API Gateway hands it over. @returns the status; `died` without an answer */
    async post(version: Version, source: string, body: string, doom?: Doom): Promise<number | 'died'> {
      const token = ingestToken(ingestKey, source, 1);
      const path = `/v1/sources/${source}/${token}`;
      const http = { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.9', userAgent: 'RudderLabs' };
      const event = {
        version: '2.0',
        routeKey: 'ANY /v1/sources/{source}/{token+}',
        rawPath: path,
        rawQueryString: '',
        headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
        requestContext: { http, requestId: 'request', stage: '$default', timeEpoch: Date.now() },
        pathParameters: { source, token },
        body,
        isBase64Encoded: false,
      };
      const result = await invoke(version, 'ingest', event, doom);
      if (result === 'died') return 'died';
      if ('error' in result) throw result.error;
      return (result.answer as { statusCode: number }).statusCode;
    },
    /**
     * Hands one batch of a queue to a version's function, and deletes what it reports as done.
     * @returns the number of messages; those of a container that died come back when their visibility ends
     */
    async deliver(queue: QueueName, version: Version, { size = batchSize, doom }: { size?: number; doom?: Doom } = {}) {
      const received = await pipeline.receive(queue, size);
      if (received.length === 0) return 0;
      const Records = received.map((message) => ({
        messageId: message.MessageId,
        receiptHandle: message.ReceiptHandle,
        body: message.Body,
        attributes: message.Attributes ?? {},
        messageAttributes: {},
        md5OfBody: message.MD5OfBody,
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
        awsRegion: 'us-east-1',
      }));
      const result = await invoke(version, consumers[queue], { Records }, doom);
      if (result === 'died' || 'error' in result) return received.length;
      const failed = new Set(
        (result.answer as SQSBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
      );
      await pipeline.remove(
        queue,
        received.filter(({ MessageId }) => !failed.has(String(MessageId))),
      );
      return received.length;
    },
    async receive(queue: QueueName, size = batchSize): Promise<Message[]> {
      const { Messages = [] } = await queues.client.send(
        new ReceiveMessageCommand({
          QueueUrl: urls[queue],
          MaxNumberOfMessages: size,
          WaitTimeSeconds: 0,
          MessageSystemAttributeNames: ['All'],
        }),
      );
      return Messages;
    },
    async remove(queue: QueueName, messages: Message[]): Promise<void> {
      if (messages.length === 0) return;
      const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await queues.client.send(new DeleteMessageBatchCommand({ QueueUrl: urls[queue], Entries }));
    },
    async handBack(queue: QueueName, { ReceiptHandle }: Message, seconds: number): Promise<void> {
      await queues.client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: urls[queue], ReceiptHandle, VisibilityTimeout: seconds }),
      );
    },
    async send(queue: QueueName, body: string): Promise<void> {
      await queues.client.send(new SendMessageCommand({ QueueUrl: urls[queue], MessageBody: body }));
    },
    /** Messages in a queue, whatever they wait for. */
    async depth(queue: QueueName): Promise<number> {
      const { Attributes = {} } = await queues.client.send(
        new GetQueueAttributesCommand({ QueueUrl: urls[queue], AttributeNames: ['All'] }),
      );
      const { ApproximateNumberOfMessages: ready, ApproximateNumberOfMessagesNotVisible: inFlight } = Attributes;
      return Number(ready) + Number(inFlight) + Number(Attributes.ApproximateNumberOfMessagesDelayed);
    },
    /** Runs a command line of a version on this environment. */
    signalbox(version: Version, ...args: string[]): Promise<Said> {
      const turn = cliTurn.then(async () => {
        const { runCli } = await import(pathToFileURL(version.cliFile).href);
        const said = { stdout: '', stderr: '' };
        const before = { ...process.env };
        Object.assign(process.env, { SIGNALBOX_RUNTIME_FILE: runtimeFile, NO_COLOR: '1', ...author });
        caught = said;
        process.exitCode = 0;
        try {
          return { code: Number(await runCli(args)), ...said };
        } finally {
          caught = undefined;
          process.exitCode = 0;
          for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
          Object.assign(process.env, before);
        }
      });
      cliTurn = turn.catch(() => undefined);
      return turn;
    },
    folder,
    async stop(): Promise<void> {
      process.stdout.write = real.stdout;
      process.stderr.write = real.stderr;
      for (const instance of instances) instance.stop();
      await Promise.all([tables.stop(), queues.stop(), secretsApi.stop(), metricsApi.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return pipeline;
}

export const allTables = Object.keys(tableDefinitions) as TableName[];
