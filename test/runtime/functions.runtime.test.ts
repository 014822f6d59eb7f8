import { QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { SQSBatchResponse } from 'aws-lambda';
import { lambdaFunction } from '../../infra/local/resources/function.ts';
import { readResources } from '../../infra/local/stack-resources.ts';
import type { Stack } from '../../infra/local/template.ts';
import { developmentStack } from '../bench/assembly.ts';
import { identify, smallOrderCompleted } from '../bench/sample-events.ts';
import { answerOf, type DeployedStack, type HttpAnswer, startDeployedStack } from './deployed-stack.ts';
import { makeCertificate } from './front.ts';
import { findLambdaClient } from './lambda-client.ts';
import type { PrintedLine, Sandbox } from './sandbox.ts';
import { client, testLimited, testWithClient } from './tests.ts';

// Every bundle of the synthesized stack under Lambda's own runtime client, against the emulators, over TLS as on AWS.
// What only shows there: how the handler is found, what becomes of console and stdout, what freezing does to
// connections, how much time a share of a processor leaves.

const isHere = findLambdaClient().kind === 'found';
const certificate = isHere ? makeCertificate() : undefined;
/** An expression such as people write: it takes a process of its own, which shares the function's processor. */
const file = { preprocess: { jsonata: '{ "total": $sum(body.properties.products.(price * quantity)) }' } };
let stack: Stack;
let deployed: DeployedStack;

beforeAll(async () => {
  stack = await developmentStack(() => undefined);
  if (isHere) deployed = await startDeployedStack(stack, client, { certificate, file });
}, 120_000);
afterAll(async () => {
  await deployed?.stop();
  certificate?.remove();
});
beforeEach(async () => {
  for (const queue of ['events', 'actions'] as const) await deployed?.clear(queue);
});

const sandboxes: Sandbox[] = [];
afterEach(async () => {
  for (const sandbox of sandboxes.splice(0)) await sandbox.stop();
  for (const front of Object.values(deployed?.fronts ?? {})) front.mode = 'open';
});

/** With a whole processor: these tests are about what happens, not about how long it takes. */
async function start(name: string, change: Parameters<DeployedStack['sandbox']>[1] = {}): Promise<Sandbox> {
  const sandbox = await deployed.sandbox(name, { limited: false, ...change });
  sandboxes.push(sandbox);
  return sandbox;
}

const bodyOf = (...events: unknown[]) => JSON.stringify(events.length === 1 ? events[0] : events);

/** What a line of the function's log holds, metrics apart. */
async function linesOf(
  sandbox: Sandbox,
): Promise<{ logs: Record<string, unknown>[]; metrics: Record<string, unknown>[]; other: PrintedLine[] }> {
  // They come over a pipe and can be behind the answer.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const sorted: Awaited<ReturnType<typeof linesOf>> = { logs: [], metrics: [], other: [] };
  for (const line of sandbox.printed()) {
    if (!line.text.startsWith('{')) sorted.other.push(line);
    else if (line.text.startsWith('{"_aws"')) sorted.metrics.push(JSON.parse(line.text));
    else sorted.logs.push(JSON.parse(line.text));
  }
  return sorted;
}

testWithClient('every function of the template is found by its handler and answers its kind of call', async () => {
  expect(deployed.functions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['ingest', 'processor', 'workflow-trigger', 'dead-letter']),
  );
  for (const { name, calledBy } of deployed.functions) {
    const sandbox = await start(name);
    const event = calledBy === 'messages' ? { Records: [] } : deployed.request('');
    const answer = answerOf<SQSBatchResponse | HttpAnswer>(await sandbox.invoke(event));
    // A request without a body, or without a key, is the caller's fault: a 5xx would be ours.
    if (calledBy === 'messages') expect({ name, answer }).toMatchObject({ name, answer: { batchItemFailures: [] } });
    else expect([400, 401, 404]).toContain((answer as HttpAnswer).statusCode);
    expect({ name, other: (await linesOf(sandbox)).other }).toEqual({ name, other: [] });
  }
});

testWithClient('an event goes the whole way, from the request to the rows of its actions', async () => {
  const ingest = await start('ingest');
  const accepted = answerOf<HttpAnswer>(
    await ingest.invoke(deployed.request(bodyOf(identify('usr_8841'), smallOrderCompleted()))),
  );
  expect(accepted).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' } });
  expect(JSON.parse(accepted.body)).toMatchObject({ accepted: 2 });

  for (const [name, queue] of [
    ['processor', 'events'],
    ['workflow-trigger', 'actions'],
  ] as const) {
    const sandbox = await start(name);
    const event = await deployed.receive(queue);
    expect(event.Records).toHaveLength(2);
    expect(answerOf(await sandbox.invoke(event))).toEqual({ batchItemFailures: [] });
    await deployed.finish(queue, event);
    const { logs, metrics, other } = await linesOf(sandbox);
    expect({ name, logs, other }).toEqual({ name, logs: [], other: [] });
    // The client wraps console calls; a metric inside such a line would be none.
    expect(metrics.length).toBeGreaterThan(0);
  }
  const runs = await deployed.tables.client.send(
    new QueryCommand({
      TableName: deployed.tables.names.Directory,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'user#usr_8841' },
    }),
  );
  expect(runs.Items?.length).toBeGreaterThan(0);
});

testWithClient('a refusal is one line of JSON with a level, so that Lambda keeps and filters it', async () => {
  const ingest = await start('ingest');
  const answer = answerOf<HttpAnswer>(await ingest.invoke(deployed.request('{}', { token: 'wrong' })));
  expect(answer).toMatchObject({ statusCode: 404, headers: { 'content-type': 'application/problem+json' } });
  const { logs, metrics, other } = await linesOf(ingest);
  // The metric is the log line.
  const line = { level: 'WARN', message: 'request refused', service: 'ingest', reason: 'token_wrong', UrlsRefused: 1 };
  expect(metrics).toMatchObject([line]);
  expect(metrics[0]?.timestamp).toMatch(/^\d{4}-\d{2}-\d{2}T/);
  expect({ logs, other }).toEqual({ logs: [], other: [] });
});

testWithClient(
  'of a batch with one unreadable message, only that one is reported, with a stack that names our files',
  async () => {
    const ingest = await start('ingest');
    await ingest.invoke(deployed.request(bodyOf(smallOrderCompleted(), smallOrderCompleted())));
    const event = await deployed.receive('events');
    const [bad] = event.Records;
    if (bad === undefined) throw new Error('nothing was received');
    bad.body = 'not an event';
    const processor = await start('processor');
    expect(answerOf(await processor.invoke(event))).toEqual({ batchItemFailures: [{ itemIdentifier: bad.messageId }] });
    const { logs } = await linesOf(processor);
    expect(logs).toHaveLength(1);
    expect(JSON.stringify(logs[0])).toMatch(/(functions|shared)\/[\w/-]+\.ts:\d+/);
  },
);

testWithClient(
  'connections that AWS closed while a function was frozen cost a new connection and no event',
  async () => {
    const ingest = await start('ingest');
    const post = async () => answerOf<HttpAnswer>(await ingest.invoke(deployed.request(bodyOf(smallOrderCompleted()))));
    expect(await post()).toMatchObject({ statusCode: 200 });
    expect(ingest.isFrozen()).toBe(true);
    for (const front of Object.values(deployed.fronts)) front.closeConnections();
    expect(await post()).toMatchObject({ statusCode: 200 });
    expect(await deployed.waiting('events')).toBe(2);
    const { logs } = await linesOf(ingest);
    expect(logs).toEqual([]);
  },
);

testLimited(
  'a queue that hangs ends in a 503 of ours with a stack that names our files, at ingest’s part of a processor',
  async () => {
    // The deadline is two seconds before the end, and comes before the first attempt gives up.
    const ingest = await start('ingest', { limited: true, timeoutSeconds: 3 });
    expect(answerOf<HttpAnswer>(await ingest.invoke(deployed.request(bodyOf(smallOrderCompleted()))))).toMatchObject({
      statusCode: 200,
    });
    const { sqs } = deployed.fronts;
    sqs.mode = 'silent';
    sqs.closeConnections();
    const answer = answerOf<HttpAnswer>(await ingest.invoke(deployed.request(bodyOf(smallOrderCompleted()))));
    expect(answer).toMatchObject({ statusCode: 503 });
    const { logs } = await linesOf(ingest);
    expect(JSON.stringify(logs.at(-1))).toMatch(/(functions|shared)\/[\w/-]+\.ts:\d+/);
  },
);

testLimited('a cold processor with its own part of a processor evaluates an expression within its time', async () => {
  const ingest = await start('ingest');
  await ingest.invoke(deployed.request(bodyOf(smallOrderCompleted({ event: 'weighed' }))));
  const processor = await start('processor', { limited: true });
  expect(answerOf(await processor.invoke(await deployed.receive('events')))).toEqual({ batchItemFailures: [] });
  const command = new ScanCommand({ TableName: deployed.tables.names.EventLog });
  const rows = (await deployed.tables.client.send(command)).Items ?? [];
  const weighed = rows.filter(({ event_type }) => event_type === 'track/weighed');
  // An expression that runs out of time gets the event rejected.
  expect(weighed).toMatchObject([{ status: 'no_mapping' }]);
});

testWithClient('a message that was given up becomes a row, and its queue may delete it', async () => {
  const ingest = await start('ingest');
  await ingest.invoke(deployed.request(bodyOf(smallOrderCompleted())));
  const event = await deployed.receive('events');
  const deadLetter = await start('dead-letter');
  expect(answerOf(await deadLetter.invoke(event))).toEqual({ batchItemFailures: [] });
  expect((await linesOf(deadLetter)).metrics.length).toBeGreaterThan(0);
});

testWithClient('the largest body that is accepted fits into an event of Lambda, and so does its answer', async () => {
  const ingest = await start('ingest');
  const large = smallOrderCompleted({ note: 'x"'.repeat(100) });
  const events = Array.from({ length: 2000 }, () => large);
  const body = JSON.stringify(events).slice(0, -1);
  const padded = Buffer.from(`${body}${' '.repeat(4 * 1024 * 1024 - Buffer.byteLength(body) - 1)}]`);
  for (const sent of [padded, padded.toString('utf8')]) {
    const answer = answerOf<HttpAnswer>(await ingest.invoke(deployed.request(sent)));
    expect(answer.statusCode).toBe(200);
    await deployed.clear('events');
  }
});

test('metrics are printed without a level, which Lambda takes for INFO: no function may filter that out', () => {
  const resources = readResources(stack, { queueUrl: (name) => `http://q/${name}`, gatewayUrl: 'http://g' });
  const levels = resources.of(lambdaFunction).map(({ logging }) => logging);
  expect(levels.length).toBeGreaterThanOrEqual(4);
  for (const { format, level } of levels)
    expect({ format, level }).toEqual({ format: 'JSON', level: expect.stringMatching(/^(TRACE|DEBUG|INFO)$/) });
});
