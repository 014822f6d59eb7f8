import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ApiGateway, startApiGateway } from '../../../infra/local/api-gateway.ts';
import { makeCredentials } from '../../../infra/local/credentials.ts';
import { openMetricHistory } from '../../../infra/local/metric-history.ts';
import { startMetricsApi } from '../../../infra/local/metrics-api.ts';
import type { LocalQueues } from '../../../infra/local/queues.ts';
import { startQueues } from '../../../infra/local/queues.ts';
import { openSecretStore } from '../../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../../infra/local/secrets-api.ts';
import { type LocalTables, startTables } from '../../../infra/local/tables.ts';

/* A page in a browser, another user, and a program that speaks something else, against each listener of the local runtime. */

const credentials = makeCredentials();
const services = [
  { name: 'tables', target: 'DynamoDB_20120810', read: 'ListTables', body: '{}' },
  { name: 'queues', target: 'AmazonSQS', read: 'ListQueues', body: '{}' },
  { name: 'secrets', target: 'secretsmanager', read: 'ListSecrets', body: '{}' },
  {
    name: 'metrics',
    target: 'GraniteServiceVersion20100801',
    read: 'GetMetricData',
    body: JSON.stringify({
      StartTime: 0,
      EndTime: 60,
      MetricDataQueries: [
        {
          Id: 'a',
          MetricStat: { Metric: { Namespace: 'Signalbox', MetricName: 'EventsAccepted' }, Period: 60, Stat: 'Sum' },
        },
      ],
    }),
  },
] as const;
type Name = (typeof services)[number]['name'];

let endpoints: Record<Name, string>;
let tables: LocalTables;
let queues: LocalQueues;
let gateway: ApiGateway;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  const store = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  store.create('signalbox/development/ingest', 'the key of every URL');
  const history = openMetricHistory(undefined);
  tables = await startTables(undefined, credentials);
  queues = await startQueues(undefined, credentials);
  await queues.ensure({ name: 'events', attributes: {} });
  const secrets = await startSecretsApi(store, credentials);
  const metrics = await startMetricsApi(history, credentials);
  gateway = await startApiGateway({ port: 0, metrics: () => ({ pid: 1 }), onFailure: () => undefined });
  stops.push(
    () => tables.stop(),
    () => queues.stop(),
    () => secrets.stop(),
    () => metrics.stop(),
    () => gateway.stop(),
  );
  endpoints = {
    tables: tables.endpoint,
    queues: queues.endpoint,
    secrets: secrets.endpoint,
    metrics: metrics.endpoint,
  };
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

type Answer = { status: number; text: string; headers: Record<string, unknown> };

function send(
  url: string,
  { method = 'POST', body = '{}', headers = {} }: { method?: string; body?: string; headers?: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end(method === 'GET' || method === 'OPTIONS' ? undefined : body);
  });
}

const signed = (target: string, read: string, accessKeyId = credentials.accessKeyId) => ({
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': `${target}.${read}`,
  'x-amz-date': '20260101T000000Z',
  authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/local/aws4_request, SignedHeaders=host, Signature=0`,
});

describe.each(services)('$name', ({ name, target, read, body }) => {
  const ask = (headers: Record<string, string>, method = 'POST') => send(endpoints[name], { method, body, headers });

  test('answer callers with the credentials of this run', async () => {
    expect(await ask(signed(target, read))).toMatchObject({ status: 200 });
  });

  test.each([
    ['of another run', makeCredentials().accessKeyId],
    ['that everyone knows', 'local'],
    ['that begin alike', credentials.accessKeyId.slice(0, -1)],
    ['that are longer', `${credentials.accessKeyId}0`],
    ['that are empty', ''],
  ])('refuse credentials %s', async (_, accessKeyId) => {
    const { status, text } = await ask(signed(target, read, accessKeyId));
    expect([status, JSON.parse(text).__type]).toEqual([403, 'UnrecognizedClientException']);
  });

  test('refuse a request without credentials', async () => {
    const { authorization: _, ...unsigned } = signed(target, read);
    expect(await ask(unsigned)).toMatchObject({ status: 403 });
  });

  test.each([
    ['a page', { origin: 'https://evil.example' }],
    ['a page in a sandbox', { origin: 'null' }],
    ['a page on this machine', { origin: 'http://127.0.0.1:8080' }],
    ['a page that hides its origin', { 'sec-fetch-site': 'cross-site' }],
    ['a name that leads here (DNS rebinding)', { host: 'evil.example' }],
    ['a name with the right port', { host: 'evil.example:4566' }],
    ['an address that only looks like it', { host: '127.0.0.1.evil.example' }],
  ])('refuse %s, with the right credentials too, and allow no origin', async (_, headers) => {
    const { status, headers: answered, text } = await ask({ ...signed(target, read), ...headers });
    expect([status, JSON.parse(text).__type]).toEqual([403, 'AccessDeniedException']);
    expect(Object.keys(answered).filter((header) => header.startsWith('access-control'))).toEqual([]);
  });

  test('answer no preflight of a browser', async () => {
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const { status, headers } = await ask(preflight, 'OPTIONS');
    expect(status).toBe(403);
    expect(Object.keys(headers).filter((header) => header.startsWith('access-control'))).toEqual([]);
  });

  test.each([
    ['SNS', 'POST', 'Action=CreateTopic&Name=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['STS', 'POST', 'Action=GetCallerIdentity', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['SQS as a query', 'POST', 'Action=ListQueues', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['S3', 'PUT', 'bytes', {}],
    ['S3', 'GET', '', {}],
  ])('speak no %s (%s %s)', async (_, method, text, headers) => {
    const { authorization } = signed(target, read);
    const answer = await send(`${endpoints[name]}/bucket`, {
      method,
      body: text,
      headers: { authorization, ...headers },
    });
    expect([answer.status, JSON.parse(answer.text).__type]).toEqual([400, 'UnknownOperationException']);
  });
});

describe('the gateway', () => {
  const metrics = (headers: Record<string, string>) =>
    send(`${gateway.url}/_local/metrics`, { method: 'GET', headers });

  test('tells its counts to programs on this machine', async () => {
    expect(await metrics({})).toMatchObject({ status: 200, text: '{"pid":1}' });
  });

  test.each([
    ['a page', { origin: 'https://evil.example' }],
    ['a name that leads here (DNS rebinding)', { host: 'evil.example' }],
  ])('tells them to no %s', async (_, headers) => {
    expect(await metrics(headers)).toMatchObject({ status: 403 });
  });

  // Senders come through tunnels, under whatever name those have.
  test('takes events under any name, and lets no page read the answer', async () => {
    gateway.serve([
      {
        routeKey: 'ANY /v1/{proxy+}',
        timeoutMs: 1000,
        function: { invoke: async () => '{"statusCode":200,"body":"ok"}' },
      },
    ]);
    const { status, headers } = await send(`${gateway.url}/v1/x`, { headers: { host: 'abc.ngrok.app' } });
    expect(status).toBe(200);
    expect(Object.keys(headers).filter((header) => header.startsWith('access-control'))).toEqual([]);
  });
});
