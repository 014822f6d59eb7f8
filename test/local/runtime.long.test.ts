import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeAwsJsonClient } from '../../infra/local/aws-json-client.ts';
import type { Runtime, RuntimeEnvironment } from '../../infra/local/runtime.ts';
import { startFixture } from './fixtures/start.ts';

// Processes and workers start slowly on a busy machine.

const directory = mkdtempSync(join(tmpdir(), 'signalbox-runtime-'));
const problems: string[] = [];
let runtime: Runtime;
let environment: RuntimeEnvironment;

beforeAll(async () => {
  runtime = await startFixture({ onProblem: (line) => problems.push(line) });
  environment = runtime.environments.fixture as RuntimeEnvironment;
});
afterAll(async () => {
  await runtime.stop();
  rmSync(directory, { recursive: true });
});

async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(environment.ingestUrl + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function bodiesIn({ endpoints, credentials, outputs }: RuntimeEnvironment): Promise<string[]> {
  const client = makeAwsJsonClient(endpoints.dynamodb, 'DynamoDB_20120810', credentials);
  const { Items } = await client.call<{ Items: { body: { S: string } }[] }>('Scan', { TableName: outputs.RowsTable });
  client.close();
  return Items.map(({ body }) => body.S).sort();
}

describe('a stack on this machine', () => {
  test('an event goes from the request through the queue into the table, and is counted', async () => {
    expect(await post('/v1/sources/stripe/token', 'hello')).toMatchObject({ status: 200, text: '{"accepted":1}' });
    await runtime.idle();
    expect(await bodiesIn(environment)).toContain('hello');
    const metrics = await (await fetch(`${environment.ingestUrl}/_local/metrics`)).json();
    expect(metrics).toMatchObject({ pid: process.pid, environment: 'fixture' });
    expect(environment.metrics.total('EventsAccepted')).toBe(1);
  });

  test('what a consumer keeps failing ends with the function of the dead-letter queue', async () => {
    await post('/v1/sources/stripe/token', 'poison');
    await runtime.idle();
    expect(problems.join()).toContain('signalbox-fixture-DeadLetter: {"level":"ERROR","message":"given up: poison"}');
    expect(await bodiesIn(environment)).not.toContain('poison');
  });

  test('a consumer that dies takes nothing with it', async () => {
    await Promise.all(['one', 'crash', 'two'].map((body) => post('/v1/sources/stripe/token', body)));
    await runtime.idle();
    expect(await bodiesIn(environment)).toEqual(expect.arrayContaining(['one', 'two']));
    expect(problems.join()).toContain('given up: crash');
  });

  test('repeated headers are joined, and cookies have a place of their own', async () => {
    const sent = new Promise<string>((resolve, reject) => {
      const headers = ['x-twice', 'a', 'X-Twice', 'b', 'Cookie', 'c=d; e=f', 'Host', 'example.com'];
      const call = request(
        `${environment.ingestUrl}/v1/sources/echo/token`,
        { method: 'POST', headers },
        (response) => {
          response.setEncoding('utf8');
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
        },
      );
      call.on('error', reject);
      call.end('{}');
    });
    const { event } = JSON.parse(await sent);
    expect(event.headers).toMatchObject({ 'x-twice': 'a,b', host: 'example.com' });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.cookies).toEqual(['c=d', 'e=f']);
  });

  test('functions get addresses that the SDK can use', async () => {
    const { environment: variables } = JSON.parse((await post('/v1/sources/echo/token', '{}')).text);
    expect(variables).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: environment.endpoints.dynamodb,
      AWS_ENDPOINT_URL_SQS: environment.endpoints.sqs,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: environment.endpoints.secretsmanager,
      EVENTS_QUEUE_URL: `${environment.endpoints.sqs}/000000000000/signalbox-fixture-events`,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      LOCAL: 'true',
    });
  });

  test.each([
    ['no route', '/v2/elsewhere', '{}', 404, '{"message":"Not Found"}'],
    ['a path that cannot be decoded', '/v1/sources/%zz/token', '{}', 400, '{"message":"Bad Request"}'],
    [
      'more than the gateway takes',
      '/v1/sources/a/b',
      Buffer.alloc(10 * 1024 * 1024 + 1),
      413,
      '{"message":"Request Entity Too Large"}',
    ],
    [
      'more than a function takes',
      '/v1/sources/a/b',
      Buffer.alloc(6 * 1024 * 1024, 'a'),
      413,
      '{"message":"Request Entity Too Large"}',
    ],
    ['a function that throws', '/v1/sources/throw/token', '{}', 500, '{"message":"Internal Server Error"}'],
    ['a function that ends its process', '/v1/sources/exit/token', '{}', 500, '{"message":"Internal Server Error"}'],
    ['a function that takes too long', '/v1/sources/hang/token', '{}', 500, '{"message":"Internal Server Error"}'],
    ['a result that is too large', '/v1/sources/large/token', '{}', 500, '{"message":"Internal Server Error"}'],
  ])('%s is answered as the gateway does', async (_, path, body, status, text) => {
    expect(await post(path, body)).toMatchObject({ status, text });
  });

  test('everything listens on this machine alone', async () => {
    for (const url of [environment.ingestUrl, ...Object.values(environment.endpoints)]) {
      // Every address of 127/8 leads to this machine; a listener on all interfaces would answer at each.
      await expect(fetch(url.replace('127.0.0.1', '127.0.0.2'))).rejects.toThrow();
    }
  });

  test('a port that is taken is told at once', async () => {
    const port = Number(new URL(environment.ingestUrl).port);
    await expect(startFixture({ port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  });

  test('an environment without a stack is refused', async () => {
    await expect(startFixture({ environments: ['nowhere'] })).rejects.toThrow('"nowhere"; found: fixture');
  });
});

describe('a run that keeps its data', () => {
  test('drains what was accepted, stops, and goes on with its rows and secrets', async () => {
    const data = join(directory, 'kept');
    const first = await startFixture({ data });
    const { ingestUrl } = first.environments.fixture as RuntimeEnvironment;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        fetch(`${ingestUrl}/v1/sources/a/b`, {
          method: 'POST',
          body: `event ${i}`,
          headers: { 'content-type': 'text/plain' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await expect(startFixture({ data })).rejects.toThrow(/in use by another runtime/);
    expect(await first.drain(5_000)).toBe(true);
    // What arrives now is for the next run.
    expect((await fetch(`${ingestUrl}/v1/sources/a/b`, { method: 'POST', body: 'late' })).status).toBe(503);
    const secretBefore = await ingestKey(first);
    await first.stop();

    const second = await startFixture({ data });
    expect(await bodiesIn(second.environments.fixture as RuntimeEnvironment)).toHaveLength(20);
    expect(await ingestKey(second)).toBe(secretBefore);
    await second.stop();
  });

  async function ingestKey({ environments }: Runtime): Promise<string> {
    const { endpoints, credentials } = environments.fixture as RuntimeEnvironment;
    const client = makeAwsJsonClient(endpoints.secretsmanager, 'secretsmanager', credentials);
    const { SecretString } = await client.call<{ SecretString: string }>('GetSecretValue', {
      SecretId: 'signalbox/fixture/ingest',
    });
    client.close();
    return JSON.parse(SecretString).current;
  }
});
