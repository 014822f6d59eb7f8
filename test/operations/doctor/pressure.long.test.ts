import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readAllCounts } from '../../../shared/operations/doctor/counts.ts';
import { diagnose } from '../../../shared/operations/doctor/diagnose.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

/* What AWS counts of a stack: ages of messages, and what was refused for want of capacity. */

const minute = 60_000;
const day = 86_400_000;
let started: TestEnvironment;
let environment: Environment;
// Ranges of their own, so that the tests share counts.
let nowMs = Date.parse('2026-05-04T10:00:30Z');

beforeAll(async () => {
  started = await startEnvironment();
  const FunctionNames = 'ingest:signalbox-Ingest1 workflow-trigger:signalbox-Trigger2';
  environment = { ...started, outputs: { ...started.outputs, FunctionNames } };
  await started.commit(liveConfiguration());
});
afterAll(() => started.stop());
beforeEach(() => {
  nowMs += day;
});

const range = () => ({ sinceMs: nowMs - 60 * minute, untilMs: nowMs });
const look = () => diagnose(environment, range());
/** Of checks that need what this environment does not have. */
const found = async () => (await look()).findings.filter(({ id }) => id !== 'check_failed');
const stage = async (name: string) => (await look()).stages.find((row) => row.stage === name);

type Measured = { namespace: string; name: string; dimensions: Record<string, string> };
function measure(metric: Measured, value: number, minutesAgo = 0): void {
  const timeMs = Math.floor(nowMs / minute) * minute - minutesAgo * minute;
  started.history.add([{ ...metric, unit: 'None', timeMs, values: [value] }]);
}
const ageOf = (QueueName: string): Measured => ({
  namespace: 'AWS/SQS',
  name: 'ApproximateAgeOfOldestMessage',
  dimensions: { QueueName },
});
const returned = (name: string): Measured => ({
  namespace: 'Signalbox',
  name,
  dimensions: { environment: 'development' },
});
const ago = (ms: number) => new Date(nowMs - ms).toISOString();

describe('the age of the oldest message', () => {
  const waits = (queue: 'EventsQueueUrl' | 'ActionsQueueUrl' | 'EventsDeadLetterQueueUrl') =>
    started.queueServer.client.send(
      new SendMessageCommand({ QueueUrl: environment.outputs[queue], MessageBody: 'anything' }),
    );
  afterEach(async () => {
    const { EventsQueueUrl, ActionsQueueUrl, EventsDeadLetterQueueUrl } = environment.outputs;
    for (const QueueUrl of [EventsQueueUrl, ActionsQueueUrl, EventsDeadLetterQueueUrl])
      await started.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
  });

  test('is shown beside what waits, and is no finding while it is short', async () => {
    await waits('EventsQueueUrl');
    measure(ageOf('events'), 400, 3);
    measure(ageOf('events'), 120);
    expect(await stage('processor')).toMatchObject({ waiting: 1, oldest_seconds: 120 });
    expect(await stage('workflow-trigger')).toMatchObject({ waiting: 0, oldest_seconds: null });
    expect(await found()).toEqual([]);
  });

  test.each([
    ['EventsQueueUrl', 'events', 'events_late', 5, 'processor'],
    ['ActionsQueueUrl', 'actions', 'actions_late', 17, 'workflow-trigger'],
  ] as const)(
    'of %s is a finding once it is as long as its alarm allows',
    async (url, queue, id, minutes, consumer) => {
      await waits(url);
      measure(ageOf(queue), minutes * 60);
      expect(await found()).toEqual([]);
      nowMs += day;
      measure(ageOf(queue), minutes * 60 + 60);
      expect(await found()).toMatchObject([
        {
          id,
          severity: 'critical',
          count: 1,
          since: ago((minutes + 1) * minute),
          cause: `the oldest message of the ${queue} queue has waited for ${minutes + 1} min: ${consumer} does not keep up, or cannot work; 1 message waits`,
          next: `read the lines of ${consumer} where npm start runs`,
        },
      ]);
    },
  );

  test('is that of what comes back, which SQS passes over after three deliveries', async () => {
    await waits('ActionsQueueUrl');
    measure(ageOf('actions'), 20);
    measure(returned('ActionsReturnedMs'), 9 * minute);
    expect(await stage('workflow-trigger')).toMatchObject({ oldest_seconds: 540 });
    expect(await found()).toMatchObject([
      { id: 'actions_late', since: ago(9 * minute), cause: expect.stringContaining('have come back for 9 min') },
    ]);
  });

  test('of what came back is over when its next delivery is overdue', async () => {
    await waits('EventsQueueUrl');
    measure(returned('EventsReturnedMs'), 6 * minute, 14);
    expect(await stage('processor')).toMatchObject({ oldest_seconds: null });
    expect(await found()).toEqual([]);
  });

  test('is not told of an empty queue, whatever was measured before', async () => {
    measure(ageOf('events'), 3600);
    expect(await stage('processor')).toMatchObject({ waiting: 0, oldest_seconds: null });
    expect(await found()).toEqual([]);
  });

  test('of dead letters says since when they wait, to people who may not look at messages', async () => {
    await waits('EventsDeadLetterQueueUrl');
    measure(ageOf('events-dlq'), 7200);
    expect(await stage('dead letters')).toMatchObject({ waiting: 1, oldest_seconds: 7200 });
  });
});

describe('what was refused for want of capacity', () => {
  const of429 = (environmentName = 'development'): Measured => ({
    namespace: `Signalbox/${environmentName}`,
    name: 'RequestsThrottled',
    dimensions: {},
  });
  const table = (dimensions: Record<string, string> = {}, name = 'WriteThrottleEvents'): Measured => ({
    namespace: 'AWS/DynamoDB',
    name,
    dimensions: { TableName: environment.outputs.EventLogTable, ...dimensions },
  });

  test('by the gateway, a function and a table are findings with since, last and the next command', async () => {
    measure(of429(), 3, 20);
    measure(of429(), 4, 2);
    measure({ namespace: 'AWS/Lambda', name: 'Throttles', dimensions: { FunctionName: 'signalbox-Ingest1' } }, 2, 1);
    measure(table(), 6, 3);
    measure(table({ GlobalSecondaryIndexName: 'problems' }), 4, 2);
    const { ok, over_since, findings } = await look();
    expect([ok, over_since]).toEqual([false, null]);
    const atMinute = (minutes: number) => ago(minutes * minute + 30_000);
    expect(findings.filter(({ id }) => id.endsWith('throttled'))).toEqual([
      {
        id: 'table_throttled',
        part: 'EventLog',
        severity: 'warning',
        count: 10,
        since: atMinute(3),
        last: atMinute(2),
        cause:
          'the table EventLog refused 10 reads and writes: more come than one of its partitions takes; they are tried again, and everything is slower',
        next: 'npx signalbox events --since 60m --group-by source',
      },
      expect.objectContaining({
        id: 'requests_throttled',
        count: 7,
        since: atMinute(20),
        last: atMinute(2),
        cause: expect.stringMatching(/^the gateway answered 7 requests 429: /),
      }),
      expect.objectContaining({
        id: 'function_throttled',
        part: 'ingest',
        count: 2,
        cause: expect.stringContaining('requests are refused, and senders try again'),
        next: 'npx signalbox deploy check',
      }),
    ]);
  });

  test('is over when none was counted for five minutes', async () => {
    measure(of429(), 3, 12);
    expect(await found()).toMatchObject([{ severity: 'note', cause: expect.stringMatching(/^over: /) }]);
  });

  test('is not found in another environment, and not for a handful that a client repeated', async () => {
    measure(of429('production'), 3);
    measure(table({}, 'ReadThrottleEvents'), 9);
    expect(await found()).toEqual([]);
  });
});

describe('calls of CloudWatch', () => {
  async function callsFor(sources: number): Promise<number> {
    const client = await environment.metrics();
    let calls = 0;
    const send = (command: never) => {
      calls++;
      return client.send(command);
    };
    const counted = { ...environment, metrics: async () => ({ send }) as unknown as CloudWatchClient };
    await readAllCounts(
      counted,
      Array.from({ length: sources }, (_, i) => `source-${i}`),
      range(),
    );
    return calls;
  }

  test('are one for all counts, ages and throttles of 21 sources', async () => {
    expect([await callsFor(0), await callsFor(21), await callsFor(22)]).toEqual([1, 1, 2]);
  });
});
