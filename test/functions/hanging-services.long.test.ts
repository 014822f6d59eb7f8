import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { handler as IngestHandler } from '../../functions/ingest/handler.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { ingestToken } from '../../shared/core/ingest/ingest-token.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { actionsMessage, actionsRecord, invocation } from '../support/actions-message.ts';
import { eventRecord, liveConfiguration, rawEvent } from '../support/build.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { ingestKey } from '../support/ingest.ts';
import { startSecrets, type TestSecrets } from '../support/secrets-manager.ts';

/* Functions as they are deployed, with a table or queue that takes requests and never answers them. */

let tables: TestTables;
let store: TestSecrets;
let wall: Server;
/** Requests that are passed on; all others hang. */
let passes: (text: string) => boolean;
let output: string[];

beforeAll(async () => {
  [tables, store] = await Promise.all([startTables(), startSecrets()]);
  store.secrets.set('signalbox/test/ingest', JSON.stringify({ current: ingestKey }));
  const table = { client: tables.client, table: tables.names.Configuration };
  const live = liveConfiguration({ state: { verification: { enforced: false } } });
  const change = { kind: 'commit', author: 'test', message: 'test', createdAtMs: Date.now() } as const;
  const snapshot = await writeSnapshot(table, live.snapshot);
  await goLive(table, await readCurrent(table), { ...change, snapshot, state: live.state });
  wall = createServer(async (request, response) => {
    const text = await textOf(request);
    if (!passes(text)) return;
    const { 'x-amz-target': target, authorization, 'x-amz-date': date } = request.headers as Record<string, string>;
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': String(target),
      authorization: String(authorization),
      'x-amz-date': String(date),
    };
    const answer = await fetch(tables.endpoint, { method: 'POST', headers, body: text });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => wall.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(wall.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ENDPOINT_URL_SQS: endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: store.endpoint,
    ENVIRONMENT: 'test',
    EVENTS_QUEUE_URL: `${endpoint}/1/events`,
    ACTIONS_QUEUE_URL: `${endpoint}/1/actions`,
    CLAIMS_TABLE: tables.names.Claims,
    EVENT_LOG_TABLE: tables.names.EventLog,
    ACTION_LOG_TABLE: tables.names.ActionLog,
    WORKFLOW_RUNS_TABLE: tables.names.WorkflowRuns,
    DIRECTORY_TABLE: tables.names.Directory,
    CONFIGURATION_TABLE: tables.names.Configuration,
    SECRETS_PREFIX: 'signalbox/test',
    LOG_SHARDS: '1',
    LOG_RETENTION_DAYS: '30',
    USERS_INDEX: 'true',
    MAX_RECEIVE_COUNT: '10',
  });
});

afterAll(async () => {
  wall.closeAllConnections();
  wall.close();
  await Promise.all([tables.stop(), store.stop()]);
});

beforeEach(() => {
  output = [];
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      output.push(String(chunk));
      return true;
    });
  }
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

const configurationOnly = (text: string) => text.includes(`"TableName":"${tables.names.Configuration}"`);

/** As Lambda's, from now on. */
function contextWith(milliseconds: number): Context {
  const endsAtMs = performance.now() + milliseconds;
  return { getRemainingTimeInMillis: () => endsAtMs - performance.now() } as Context;
}

const linesWith = (text: string) =>
  output
    .flatMap((chunk) => chunk.split('\n'))
    .filter((line) => line.includes(text))
    .map((line) => JSON.parse(line));

type BatchHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

describe('a batch ends before Lambda ends it, with its records reported and a line for each:', () => {
  const invocations = [invocation('users_identify', 'm', { user_id: 'lena' })];
  const cases = [
    ['processor', () => eventRecord(rawEvent()), 'a record failed'],
    ['workflow-trigger', () => actionsRecord(actionsMessage({ invocations, again: true })), 'a record failed'],
    ['dead-letter', () => eventRecord(rawEvent()), 'a dead letter could not be explained'],
  ] as const;

  test.each(cases)('%s, with tables and queues that hang', async (name, record, message) => {
    passes = configurationOnly;
    const { handler } = (await import(`../../functions/${name}/handler.ts`)) as { handler: BatchHandler };
    const Records = [record(), record()];
    // Half a second until the deadline.
    const context = contextWith(3_500);
    const { batchItemFailures } = await handler({ Records }, context);
    expect(context.getRemainingTimeInMillis()).toBeGreaterThan(1_000);
    expect(batchItemFailures).toEqual(Records.map(({ messageId }) => ({ itemIdentifier: messageId })));
    const named = linesWith(message).map(({ message_id }) => message_id);
    expect(named.sort()).toEqual(Records.map(({ messageId }) => messageId).sort());
    expect(output.join('')).toContain('the time of the function ran out');
  });
});

describe('ingest answers 503 before the gateway answers for it,', () => {
  const event = (body: unknown) =>
    ({
      version: '2.0',
      headers: { 'content-type': 'application/json' },
      requestContext: { requestId: 'r', http: { method: 'POST' } },
      pathParameters: { source: 'rudderstack', token: ingestToken(ingestKey, 'rudderstack', 1) },
      body: JSON.stringify(body),
      isBase64Encoded: false,
    }) as unknown as APIGatewayProxyEventV2;

  test('when the queue hangs: with Retry-After, and the events counted that the queue may have', async () => {
    passes = configurationOnly;
    const { handler } = (await import('../../functions/ingest/handler.ts')) as { handler: typeof IngestHandler };
    const context = contextWith(2_500);
    const result = (await handler(event([{ type: 'track' }, { type: 'page' }]), context)) as HttpResult;
    expect(context.getRemainingTimeInMillis()).toBeGreaterThan(1_000);
    expect([result.statusCode, result.headers?.['retry-after']]).toEqual([503, '5']);
    expect(linesWith('RequestsFailed')).toMatchObject([{ source: 'rudderstack', RequestsFailed: 1 }]);
    expect(linesWith('EventsUnanswered')).toMatchObject([{ source: 'rudderstack', EventsUnanswered: 2 }]);
    expect(linesWith('request not accepted')).toMatchObject([{ source: 'rudderstack', request_id: 'r' }]);
  });
});

test('the page of a source answers 503 as a page, with Retry-After, when its table hangs', async () => {
  passes = () => false;
  const { handler } = (await import('../../functions/sender-page/handler.ts')) as { handler: typeof IngestHandler };
  const context = contextWith(2_500);
  const event = {
    pathParameters: { token: `lk_${'A'.repeat(43)}` },
    requestContext: { requestId: 'r', http: { method: 'GET' } },
    headers: {},
  } as unknown as APIGatewayProxyEventV2;
  const result = (await handler(event, context)) as HttpResult;
  expect(context.getRemainingTimeInMillis()).toBeGreaterThan(1_000);
  expect(result).toMatchObject({
    statusCode: 503,
    headers: { 'retry-after': '5', 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  });
  expect(linesWith('page not answered')).toMatchObject([{ request_id: 'r', status: 503 }]);
});
