import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { jest } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context, SQSRecord } from 'aws-lambda';
import { startFauxqs } from 'fauxqs';
import { startMetricsApi } from '../../infra/local/metrics-api.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import type { TableName } from '../../shared/adapters/table-definitions.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { functionsOf, resourcesOf, type StackTemplate } from '../infra/templates.ts';
import { localCredentials, startTables } from '../support/dynalite.ts';
import { ingestKey } from '../support/ingest.ts';
import { startSecrets } from '../support/secrets-manager.ts';
import {
  accessLogMetrics,
  allButDate,
  createQueues,
  type Handlers,
  importHandlers,
  keepMetrics,
  listening,
  type QueueId,
  queueIds,
  queues,
  setVariables,
} from './deployment.ts';
import { MetricStore } from './metric-store.ts';

export const environment = 'production';
export const functionNames = [
  'ingest',
  'processor',
  'workflow-trigger',
  'dead-letter',
  'api',
  'sender-page',
  'notifier',
] as const;
export type FunctionName = (typeof functionNames)[number];

/** Functions that rules call, besides. */
type Counted = FunctionName | 'statement' | 'volume';

/** What becomes of the next calls of a function. */
export type Condition =
  | 'works'
  /** It crashes: no answer, nothing done. */
  | 'dies'
  /** Lambda refuses to call it. */
  | 'throttled'
  /** Its poller does not call it at all. */
  | 'idle';

/** As the access log names them. */
const routes = {
  ingest: 'ANY /v1/sources/{source}/{token+}',
  api: 'ANY /v1/{proxy+}',
  'sender-page': 'ANY /v1/links/{token+}',
} as const;

const stepSeconds = 15;
/** Of the hour: when the rule calls `volume`, and when Lambda tries it again while it fails. */
const volumeTries = [5, 6, 8];
const context = { getRemainingTimeInMillis: () => 28_000 } as Context;

/**
 * The functions' handlers as they are deployed, over the embedded tables and queues, in one process
 * and on a clock that a test moves. What they print becomes metrics, as does what AWS would count of
 * them. Only the time of day is simulated: calls take as long as they take.
 */
export type AlarmPipeline = {
  store: MetricStore;
  nowMs(): number;
  /** By function. */
  conditions: Record<FunctionName, Condition>;
  /** Tables that answer as if they did not exist. */
  tablesAway: Set<TableName>;
  queuesAway: boolean;
  hasTargetSecret: boolean;
  /** Of an HTTP target for workflows. */
  targetUrl: string;
  /** The status that it answers. */
  targetStatus: number;
  /** Whether Slack takes messages. */
  slackTakes: boolean;
  /** What it took, newest last. */
  slack: string[];
  /** Requests that the gateway lets through in a second. */
  requestsPerSecond: number;
  /** Loads the functions. Servers run already, so that `stop` is due whatever becomes of it. */
  start(): Promise<void>;
  goLive(configuration: LiveConfiguration): Promise<void>;
  /** A sender's request; `url` replaces its last part, the token. @returns the status of the answer */
  post(source: string, body: unknown, change?: { headers?: Record<string, string>; token?: string }): Promise<number>;
  /** A request to the REST API. @returns the status of the answer */
  call(method: string, path: string, key: string): Promise<number>;
  /** A request for the page of a source. @returns the status of the answer */
  view(token: string): Promise<number>;
  /** Puts a message straight into a queue. */
  enqueue(queue: (typeof queues)[QueueId]['name'], body: string): void;
  /** Time passes; functions get what is due, and rules call theirs. `each` runs at every step, with the minutes passed. */
  pass(minutes: number, each?: (minute: number) => unknown, onMinute?: () => 'enough' | undefined): Promise<void>;
  /** Loses what waits in a queue. */
  lose(queue: QueueId): Promise<void>;
  /**
   * The next morning comes, and the rule calls `statement`, up to three times.
   * @param works whether it crashes otherwise
   */
  stateYesterday(works: boolean): Promise<void>;
  /** A day later: everything works, the queues are empty, and what a process cached is old. */
  reset(): void;
  stop(): Promise<void>;
};

export async function startAlarmPipeline(template: StackTemplate, startMs: number): Promise<AlarmPipeline> {
  jest.useFakeTimers({ now: startMs, doNotFake: [...allButDate] });
  const store = new MetricStore();
  const [tables, sqs, secrets, metrics] = await Promise.all([
    startTables(),
    startFauxqs({ port: 0, logger: false }),
    startSecrets(),
    startMetricsApi(store, localCredentials.credentials),
  ]);
  secrets.secrets.set(`signalbox/${environment}/ingest`, JSON.stringify({ current: ingestKey }));
  secrets.secrets.set(`signalbox/${environment}/sources/signed`, JSON.stringify({ values: ['right'] }));
  const slack = await listening((request, response) => void takeMessage(request, response));
  secrets.secrets.set(`signalbox/${environment}/notifier/slack`, JSON.stringify({ values: [slack.url] }));
  const targetSecret = `signalbox/${environment}/targets/call-it`;
  const signingKey = JSON.stringify({ values: [`whsec_${Buffer.alloc(24, 1).toString('base64')}`] });
  const queueUrls = createQueues(template, sqs);
  const target = await listening((_request, response) => void response.writeHead(pipeline.targetStatus).end());
  const wall = await listening((request, response) => void passWall(request, response));
  setVariables({
    template,
    tables: tables.names,
    queueUrls,
    wall: wall.url,
    secrets: secrets.endpoint,
    metrics: metrics.endpoint,
  });
  let handlers: Handlers;
  const keepOutput = keepMetrics(store);
  const functionIds = Object.fromEntries(
    Object.entries(functionsOf(template)).map(([name, { id }]) => [name, id]),
  ) as Record<Counted, string>;
  const [[apiId]] = resourcesOf(template, 'AWS::ApiGatewayV2::Api') as [[string, unknown]];
  const logAccess = accessLogMetrics(template, store);
  let requestsThisSecond = { second: 0, count: 0 };

  const agent = new Agent({ keepAlive: true });
  /** Requests to tables that are away are answered here; all others by the emulators. */
  async function passWall(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Uint8Array[] = [];
    for await (const chunk of request) body.push(chunk);
    const text = Buffer.concat(body);
    const isForQueue = String(request.headers['x-amz-target']).startsWith('AmazonSQS');
    const isAway = isForQueue
      ? pipeline.queuesAway
      : [...pipeline.tablesAway].some((table) => text.includes(`"${tables.names[table]}"`));
    if (isAway) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: 'ResourceNotFoundException', message: 'injected outage' }));
      return;
    }
    const { hostname, port } = new URL(isForQueue ? sqs.address : tables.endpoint);
    const onward = httpRequest(
      { hostname, port, agent, method: 'POST', path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.end(text);
  }

  async function takeMessage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (pipeline.slackTakes) pipeline.slack.push(text);
    response.writeHead(pipeline.slackTakes ? 200 : 404).end(pipeline.slackTakes ? 'ok' : 'no_service');
  }

  function countLambda(name: Counted, metric: 'Errors' | 'Throttles' | 'Invocations', value: number): void {
    store.add(
      { namespace: 'AWS/Lambda', name: metric, dimensions: { FunctionName: functionIds[name] } },
      Date.now(),
      value,
    );
  }

  /** @returns undefined when the call came to nothing */
  async function invoke<Answer>(name: FunctionName, run: () => Promise<Answer>): Promise<Answer | undefined> {
    const condition = pipeline.conditions[name];
    if (condition === 'throttled') {
      countLambda(name, 'Throttles', 1);
      return undefined;
    }
    countLambda(name, 'Invocations', 1);
    const answer = condition === 'dies' ? undefined : await run().catch(() => undefined);
    countLambda(name, 'Errors', answer === undefined ? 1 : 0);
    return answer;
  }

  async function gateway(name: keyof typeof routes, event: APIGatewayProxyEventV2): Promise<number> {
    // Pages have a throttle of their own.
    const status =
      name !== 'sender-page' && isThrottled()
        ? 429
        : ((await invoke(name, () => handlers[name](event, context)))?.statusCode ?? 500);
    const count = (metric: string, value: number) =>
      store.add({ namespace: 'AWS/ApiGateway', name: metric, dimensions: { ApiId: apiId } }, Date.now(), value);
    count('Count', 1);
    count('4xx', status >= 400 && status < 500 ? 1 : 0);
    count('5xx', status >= 500 ? 1 : 0);
    logAccess({ status: String(status), route: routes[name] });
    return status;
  }

  function isThrottled(): boolean {
    const second = Math.floor(Date.now() / 1000);
    if (requestsThisSecond.second !== second) requestsThisSecond = { second, count: 0 };
    return ++requestsThisSecond.count > pipeline.requestsPerSecond;
  }

  /** One batch after the other until nothing is due. */
  async function drain(id: QueueId): Promise<void> {
    const { name, consumer } = queues[id];
    while (pipeline.conditions[consumer] !== 'idle' && isDue(name)) {
      const records = await receive(id);
      if (records.length === 0) return;
      const answer = await invoke(consumer, () => handlers[consumer]({ Records: records }, context));
      if (answer === undefined) continue;
      const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      await remove(
        id,
        records.filter(({ messageId }) => !failed.has(messageId)),
      );
    }
  }

  const inspect = (name: string) => {
    const found = sqs.inspectQueue(name);
    if (found === undefined) throw new Error(`there is no queue ${name}`);
    return found.messages;
  };

  function isDue(name: string): boolean {
    const { ready, delayed, inflight } = inspect(name);
    const now = Date.now();
    return (
      ready.length > 0 ||
      delayed.some(({ delayUntil }) => (delayUntil ?? 0) <= now) ||
      inflight.some(({ visibilityDeadline }) => visibilityDeadline <= now)
    );
  }

  async function ask(action: string, body: object): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
    const answer = await fetch(sqs.address, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function receive(id: QueueId): Promise<SQSRecord[]> {
    const { Messages = [] } = (await ask('ReceiveMessage', {
      QueueUrl: queueUrls[id],
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    })) as { Messages?: { MessageId: string; ReceiptHandle: string; Body: string; Attributes: object }[] };
    return Messages.map(
      ({ MessageId, ReceiptHandle, Body, Attributes }) =>
        ({ messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes }) as SQSRecord,
    );
  }

  async function remove(id: QueueId, records: SQSRecord[]): Promise<void> {
    if (records.length === 0) return;
    const Entries = records.map(({ receiptHandle }, i) => ({ Id: String(i), ReceiptHandle: receiptHandle }));
    await ask('DeleteMessageBatch', { QueueUrl: queueUrls[id], Entries });
  }

  /** What SQS tells CloudWatch once a minute. */
  function sampleQueues(): void {
    for (const id of queueIds) {
      const { ready, delayed, inflight } = inspect(queues[id].name);
      const sample = (name: string, value: number) =>
        store.add({ namespace: 'AWS/SQS', name, dimensions: { QueueName: id } }, Date.now() - 1, value);
      const messages = [...ready, ...delayed, ...inflight.map(({ message }) => message)];
      // SQS passes over messages that were received three times.
      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
      const ages = messages
        .filter(({ approximateReceiveCount }) => approximateReceiveCount < 3)
        .map(({ sentTimestamp }) => (Date.now() - sentTimestamp) / 1000);
      sample('ApproximateAgeOfOldestMessage', Math.max(0, ...ages));
      sample('ApproximateNumberOfMessagesVisible', ready.length);
      sample('ApproximateNumberOfMessagesNotVisible', inflight.length);
    }
  }

  let volumeFailed = false;
  async function compareVolumes(): Promise<void> {
    const minute = Math.floor(Date.now() / 60_000) % 60;
    const [first, ...repetitions] = volumeTries;
    if (minute !== first && !(volumeFailed && repetitions.includes(minute))) return;
    volumeFailed = await handlers.volume().then(
      () => false,
      () => true,
    );
    countLambda('volume', 'Errors', volumeFailed ? 1 : 0);
  }

  const pipeline: AlarmPipeline = {
    store,
    targetUrl: target.url,
    nowMs: () => Date.now(),
    ...untroubled(),
    async start() {
      handlers = await importHandlers();
    },
    async goLive({ snapshot, state }) {
      const table = { client: tables.client, table: tables.names.Configuration };
      const written = await writeSnapshot(table, snapshot);
      const change = { kind: 'commit', author: 'test', message: 'test', createdAtMs: Date.now() } as const;
      await goLive(table, await readCurrent(table), { ...change, snapshot: written, state });
    },
    post: (source, body, { headers = {}, token = ingestToken(ingestKey, source, 1) } = {}) =>
      gateway('ingest', {
        version: '2.0',
        headers: { 'content-type': 'application/json', ...headers },
        requestContext: { requestId: randomBytes(6).toString('hex'), http: { method: 'POST' } },
        pathParameters: { source, token },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        isBase64Encoded: false,
      } as unknown as APIGatewayProxyEventV2),
    call: (method, path, key) =>
      gateway('api', {
        version: '2.0',
        rawPath: path,
        rawQueryString: '',
        headers: { authorization: `Bearer ${key}` },
        requestContext: { requestId: randomBytes(6).toString('hex'), http: { method } },
        isBase64Encoded: false,
      } as unknown as APIGatewayProxyEventV2),
    view: (token) =>
      gateway('sender-page', {
        version: '2.0',
        rawPath: `/v1/links/${token}`,
        headers: {},
        requestContext: { requestId: randomBytes(6).toString('hex'), http: { method: 'GET' } },
        pathParameters: { token },
      } as unknown as APIGatewayProxyEventV2),
    enqueue: (queue, body) => void sqs.sendMessage(queue, body),
    async pass(minutes, each = () => undefined, onMinute = () => undefined) {
      const steps = Math.round((minutes * 60) / stepSeconds);
      for (let step = 1; step <= steps; step++) {
        await each(((step - 1) * stepSeconds) / 60);
        if (pipeline.hasTargetSecret) secrets.secrets.set(targetSecret, signingKey);
        else secrets.secrets.delete(targetSecret);
        for (const id of queueIds) await drain(id);
        jest.setSystemTime(Date.now() + stepSeconds * 1000);
        if (Date.now() % 60_000 >= stepSeconds * 1000) continue;
        sampleQueues();
        await compareVolumes();
        if (onMinute() === 'enough') return;
      }
    },
    async lose(queue) {
      await ask('PurgeQueue', { QueueUrl: queueUrls[queue] });
    },
    async stateYesterday(works) {
      const dayMs = 86_400_000;
      jest.setSystemTime((Math.floor(Date.now() / dayMs) + 1) * dayMs + (4 * 60 + 5) * 60_000);
      // Lambda waits a minute before the first repetition, and two before the second.
      for (const waitMinutes of [0, 1, 2]) {
        jest.setSystemTime(Date.now() + waitMinutes * 60_000);
        const isDone =
          works &&
          (await handlers.statement().then(
            () => true,
            () => false,
          ));
        countLambda('statement', 'Errors', isDone ? 0 : 1);
        if (isDone) return;
      }
    },
    reset() {
      Object.assign(pipeline, untroubled());
      sqs.reset();
      const dayMs = 86_400_000;
      jest.setSystemTime(Math.ceil(Date.now() / dayMs + 1) * dayMs);
    },
    async stop() {
      keepOutput();
      jest.useRealTimers();
      await Promise.all([
        tables.stop(),
        sqs.stop(),
        secrets.stop(),
        metrics.stop(),
        target.stop(),
        slack.stop(),
        wall.stop(),
      ]);
    },
  };
  return pipeline;
}

function untroubled() {
  const conditions = Object.fromEntries(functionNames.map((name) => [name, 'works'])) as Record<
    FunctionName,
    Condition
  >;
  return {
    conditions,
    tablesAway: new Set<TableName>(),
    queuesAway: false,
    hasTargetSecret: true,
    targetStatus: 200,
    slackTakes: true,
    slack: [],
    requestsPerSecond: 1000,
  };
}
