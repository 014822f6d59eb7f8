import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SQSEvent } from 'aws-lambda';
import { type EventSource, type EventSourceOptions, startEventSource } from '../../../infra/local/event-source.ts';
import { type LocalQueues, startQueues } from '../../../infra/local/queues.ts';
import { localCredentials } from '../../support/dynalite.ts';
import { limitedInFlight } from '../../support/sqs-as-it-is.ts';

const dlqArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
let queues: LocalQueues;
let source: EventSource | undefined;
let failures: string[];

beforeEach(async () => {
  failures = [];
  queues = await startQueues(undefined, localCredentials.credentials);
  await queues.ensure({ name: 'dead', attributes: {} });
  await queues.ensure({
    name: 'events',
    attributes: {
      VisibilityTimeout: '1',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dlqArn, maxReceiveCount: 2 }),
    },
  });
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  await queues.stop();
});

/** For tests that hold messages: nothing comes back meanwhile, however slow the machine is. */
async function keepInvisible(): Promise<void> {
  const Attributes = { VisibilityTimeout: '60' };
  await queues.client.call('SetQueueAttributes', { QueueUrl: queues.url('events'), Attributes });
}

async function send(...bodies: string[]): Promise<void> {
  for (const MessageBody of bodies) {
    await queues.client.call('SendMessage', {
      QueueUrl: queues.url('events'),
      MessageBody,
      MessageAttributes: { kind: { DataType: 'String', StringValue: 'test' } },
    });
  }
}

type Invoke = (event: SQSEvent) => Promise<unknown>;

async function start(
  invoke: Invoke,
  changes: Partial<EventSourceOptions['definition']> = {},
  concurrency = 1,
  timeoutSeconds = 1,
  client = queues.client,
): Promise<void> {
  source = await startEventSource({
    definition: {
      enabled: true,
      queueArn: 'arn:aws:sqs:us-east-1:000000000000:events',
      functionName: 'consumer',
      batchSize: 10,
      windowSeconds: 0,
      maximumConcurrency: undefined,
      reportsItemFailures: true,
      ...changes,
    },
    queueUrl: queues.url('events'),
    queues: client,
    timeoutSeconds,
    concurrency,
    invoke: async (payload) => JSON.stringify((await invoke(JSON.parse(payload))) ?? null),
    onFailure: (error) => failures.push(error.message),
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (const endsAtMs = Date.now() + 25_000; !condition(); ) {
    if (Date.now() > endsAtMs) throw new Error('it did not come to that');
    await sleep(10);
  }
}

const nothingLeft = () => JSON.stringify(queues.counts('events')) === '{"visible":0,"inFlight":0,"delayed":0}';

describe('an SQS event source', () => {
  test('is refused where a message would return while the function still works on it', async () => {
    await expect(start(async () => undefined, {}, 1, 2)).rejects.toThrow(
      "the visibility timeout of 1 s is less than the function's timeout of 2 s",
    );
  });

  test("hands over records in Lambda's shape", async () => {
    await send('hello');
    const events: SQSEvent[] = [];
    await start(async (event) => void events.push(event));
    await until(nothingLeft);
    expect(events).toEqual([
      {
        Records: [
          {
            messageId: expect.any(String),
            receiptHandle: expect.any(String),
            body: 'hello',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: expect.any(String),
            },
            messageAttributes: {
              kind: { stringValue: 'test', stringListValues: [], binaryListValues: [], dataType: 'String' },
            },
            md5OfBody: '5d41402abc4b2a76b9719d911017c592',
            md5OfMessageAttributes: expect.any(String),
            eventSource: 'aws:sqs',
            eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:events',
            awsRegion: 'us-east-1',
          },
        ],
      },
    ]);
  });

  test('fills batches from what waits, up to the batch size', async () => {
    await send('1', '2', '3', '4', '5');
    const sizes: number[] = [];
    await start(async ({ Records }) => void sizes.push(Records.length), { batchSize: 3 });
    await until(nothingLeft);
    expect(sizes).toEqual([3, 2]);
  });

  test('waits for others while the window is open', async () => {
    await keepInvisible();
    const sizes: number[] = [];
    await start(async ({ Records }) => void sizes.push(Records.length), { windowSeconds: 3 });
    await send('1');
    await until(() => queues.counts('events').inFlight === 1);
    await send('2');
    await until(nothingLeft);
    expect(sizes).toEqual([2]);
  });

  test('works on no more batches at once than it may', async () => {
    await keepInvisible();
    await send('1', '2', '3', '4');
    let running = 0;
    let most = 0;
    await start(
      async () => {
        most = Math.max(most, ++running);
        // The others have come as far as they will, and had time to go too far.
        await until(() => most > 1);
        await sleep(50);
        running--;
      },
      { batchSize: 1 },
      2,
    );
    await until(nothingLeft);
    expect(most).toBe(2);
  });

  // On AWS at 120,000: the poller waits, and nothing is lost or taken for the end of the queue.
  test('goes on when the queue had too many messages in flight', async () => {
    await keepInvisible();
    await send('of another', '1', '2');
    const QueueUrl = queues.url('events');
    type Received = { Messages: { Body: string; ReceiptHandle: string }[] };
    const { Messages } = await queues.client.call<Received>('ReceiveMessage', { QueueUrl });
    const done: string[] = [];
    const invoke: Invoke = async ({ Records }) => void done.push(...Records.map(({ body }) => body));
    await start(invoke, { batchSize: 1 }, 1, 1, limitedInFlight(queues.client, 1));
    await until(() => failures.length > 0);
    expect([failures[0], done]).toEqual([expect.stringContaining('OverLimit'), []]);
    await queues.client.call('DeleteMessage', { QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle });
    await until(nothingLeft);
    expect([...done, Messages[0]?.Body].sort()).toEqual(['1', '2', 'of another']);
  });

  test('delivers again only what was reported as failed, and gives it up after the last try', async () => {
    await send('good', 'bad');
    const seen: string[] = [];
    await start(async ({ Records }) => {
      seen.push(...Records.map(({ body, attributes }) => `${body} ${attributes.ApproximateReceiveCount}`));
      return {
        batchItemFailures: Records.filter(({ body }) => body === 'bad').map((r) => ({ itemIdentifier: r.messageId })),
      };
    });
    await until(() => queues.counts('dead').visible === 1);
    expect(seen).toEqual(['good 1', 'bad 1', 'bad 2']);
    expect(nothingLeft()).toBe(true);
  });

  test.each<[string, Invoke]>([
    ['the function throws', () => Promise.reject(new Error('broken'))],
    ['the list of failures is not a list', async () => ({ batchItemFailures: 'all of them' })],
    ['a failure names no message', async () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
    ['a failure has another name', async () => ({ batchItemFailures: [{ id: 'x' }] })],
    ['a failure names a message of another batch', async () => ({ batchItemFailures: [{ itemIdentifier: 'x' }] })],
    ['the answer is a text', async () => 'fine'],
  ])('keeps the whole batch when %s', async (_, invoke) => {
    await send('1', '2');
    await start(invoke);
    await until(() => failures.length === 1);
    expect(queues.counts('events')).toEqual({ visible: 0, inFlight: 2, delayed: 0 });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty object', {}],
    ['no list', { batchItemFailures: null }],
    ['an empty list', { batchItemFailures: [] }],
  ])('takes %s as "all went well"', async (_, answer) => {
    await send('1', '2');
    await start(async () => answer);
    await until(nothingLeft);
    expect(failures).toEqual([]);
  });

  test('without item failures every answer is good, as in Lambda', async () => {
    await send('1');
    await start(async () => ({ batchItemFailures: 'ignored' }), { reportsItemFailures: false });
    await until(nothingLeft);
  });

  test('when stopped, finishes and acknowledges the batch in work and takes no other', async () => {
    await keepInvisible();
    await send('1', '2');
    let begun = 0;
    let finished = 0;
    let stopping = false;
    await start(
      async () => {
        begun++;
        await until(() => stopping);
        finished++;
      },
      { batchSize: 1 },
    );
    await until(() => begun === 1);
    const stopped = source?.stop();
    stopping = true;
    await stopped;
    expect(finished).toBe(1);
    expect(queues.counts('events')).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
  });
});
