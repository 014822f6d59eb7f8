import { randomBytes } from 'node:crypto';
import { ReceiveMessageCommand, type SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  makeActionsQueue,
  makeEventsQueue,
  makeReceivedMessages,
  messageGroupOf,
} from '../../shared/adapters/sqs-queues.ts';
import { decodeRawEvent, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { actionsMessage } from '../support/actions-message.ts';
import { rawEvent } from '../support/build.ts';
import { startQueues, type TestQueues } from '../support/fauxqs.ts';

let queues: TestQueues;
beforeAll(async () => {
  queues = await startQueues();
});
afterAll(() => queues.stop());

async function receiveAll(QueueUrl: string) {
  const messages = [];
  for (;;) {
    const { Messages = [] } = await queues.client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 30,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return messages;
    messages.push(...Messages);
  }
}

const large = (bytes: number): RawEvent => rawEvent({}, { payload: randomBytes(bytes) });

describe('sending', () => {
  test('puts every event into the queue, ten to a request', async () => {
    const url = queues.create('ten');
    const { client, requests } = counted();
    const events = Array.from({ length: 25 }, () => rawEvent());
    expect(await makeEventsQueue(client, url).sendEach(events)).toEqual(Array(25).fill({ sent: true }));
    expect(requests.map((r) => r.length).sort()).toEqual([10, 10, 5]);
    const received = (await receiveAll(url)).map(({ Body }) => decodeRawEvent(Body ?? '').id);
    expect(received.sort()).toEqual(events.map(({ id }) => id).sort());
  });

  test('splits requests by bytes, since ten large events are more than a request may hold', async () => {
    const url = queues.create('bytes');
    const { client, requests } = counted();
    const events = Array.from({ length: 5 }, () => large(380 * 1024));
    expect(await makeEventsQueue(client, url).sendEach(events)).toEqual(Array(5).fill({ sent: true }));
    expect(requests.map((r) => r.length)).toEqual([2, 2, 1]);
  });

  test('F27 groups by source, so that one busy source does not delay the others', async () => {
    const url = queues.create('groups');
    const { client, requests } = counted();
    await makeEventsQueue(client, url).sendEach([rawEvent(), rawEvent({}, { source: 'stripe' })]);
    expect(requests[0]?.map(({ MessageGroupId }) => MessageGroupId)).toEqual(['rudderstack', 'stripe']);
    // A group changes nothing else of a standard queue: no order, and nothing is taken for a copy.
    expect(await receiveAll(url)).toHaveLength(2);
  });

  test('groups actions by source too, those that are sent again included', async () => {
    const url = queues.create('action-groups');
    const { client, requests } = counted();
    const again = { ...actionsMessage(), n: 2, delaySeconds: 1 };
    await makeActionsQueue(client, url).sendEach([actionsMessage({ source: 'stripe' }), again]);
    expect(requests[0]?.map(({ MessageGroupId, DelaySeconds }) => [MessageGroupId, DelaySeconds])).toEqual([
      ['stripe', undefined],
      ['rudderstack', 1],
    ]);
  });

  test('a source key of any length makes a group that SQS takes, and two keys never make one', async () => {
    const [longest, other] = [`${'a'.repeat(254)}1`, `${'a'.repeat(254)}2`];
    const groups = ['a'.repeat(128), 'a'.repeat(129), longest, other].map(messageGroupOf);
    expect(groups[0]).toBe('a'.repeat(128));
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    for (const group of groups) expect(group).toMatch(/^[\w!"#$%&'()*+,./:;<=>?@[\\\]^`{|}~-]{1,128}$/);
    expect(new Set(groups).size).toBe(4);
    const url = queues.create('long-groups');
    expect(await makeEventsQueue(queues.client, url).sendEach([rawEvent({}, { source: longest })])).toEqual([
      { sent: true },
    ]);
  });

  for (let failing = 1; failing <= 10; failing++) {
    test(`F10 sends again only what a request of ten refused, here ${failing}`, async () => {
      const { client, requests } = scripted([(ids) => new Set(ids.slice(0, failing))]);
      const results = await makeEventsQueue(client, 'https://sqs.test/q').sendEach(
        Array.from({ length: 10 }, () => rawEvent()),
      );
      expect(results).toEqual(Array(10).fill({ sent: true }));
      expect(requests.map((r) => r.length)).toEqual([10, failing]);
    });
  }

  test('says which events the queue kept refusing, and that trying later may help', async () => {
    const always = (ids: string[]) => new Set(ids.slice(-1));
    const { client, requests } = scripted([always, always, always, always]);
    const results = await makeEventsQueue(client, 'https://sqs.test/q').sendEach([rawEvent(), rawEvent(), rawEvent()]);
    expect(results.map(({ sent }) => sent)).toEqual([true, true, false]);
    expect(results[2]).toMatchObject({ error: { name: 'RetryableError' } });
    expect(requests.map((r) => r.length)).toEqual([3, 1, 1]);
  });

  test('takes an entry that the answer does not mention as not sent', async () => {
    const { client } = scripted([], true);
    const [result] = await makeEventsQueue(client, 'https://sqs.test/q').sendEach([rawEvent()]);
    expect(result?.sent).toBe(false);
  });

  test('answers for every event when the queue is away', async () => {
    const client = { send: () => Promise.reject(new Error('socket hang up')) } as unknown as SQSClient;
    const results = await makeEventsQueue(client, 'https://sqs.test/q').sendEach([rawEvent(), rawEvent()]);
    expect(results).toMatchObject([{ sent: false, error: { name: 'RetryableError' } }, { sent: false }]);
  });
});

describe('handing back', () => {
  test('makes a message visible again at the time asked for', async () => {
    const url = queues.create('back');
    await makeEventsQueue(queues.client, url).sendEach([rawEvent()]);
    const [first] = await receiveAll(url);
    expect(await receiveAll(url)).toEqual([]);
    await makeReceivedMessages(queues.client, url).handBack([
      { receiptHandle: first?.ReceiptHandle ?? '', visibleInSeconds: 0.2 },
    ]);
    let second: Awaited<ReturnType<typeof receiveAll>>[number] | undefined;
    while (second === undefined) [second] = await receiveAll(url);
    expect(second?.Body).toBe(first?.Body);
    expect(second?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  test('tells of every message, and then that the queue was away', async () => {
    let calls = 0;
    const client = { send: () => Promise.reject(new Error(`away ${++calls}`)) } as unknown as SQSClient;
    const messages = Array.from({ length: 11 }, () => ({ receiptHandle: 'r', visibleInSeconds: 5 }));
    await expect(makeReceivedMessages(client, 'https://sqs.test/q').handBack(messages)).rejects.toMatchObject({
      name: 'RetryableError',
      cause: { message: 'away 1' },
    });
    expect(calls).toBe(2);
  });
});

type Entries = NonNullable<SendMessageBatchCommand['input']['Entries']>;

/** The real client, with its requests looked at. */
function counted() {
  const requests: Entries[] = [];
  const send = async (command: SendMessageBatchCommand) => {
    requests.push(command.input.Entries ?? []);
    return queues.client.send(command);
  };
  return { requests, client: { send } as unknown as SQSClient };
}

/** SQS as it answers when it is short of something: 200, with some entries failed. The emulator never does that. */
function scripted(refusals: ((ids: string[]) => Set<string>)[], silent = false) {
  const requests: Entries[] = [];
  const send = async (command: SendMessageBatchCommand) => {
    const entries = command.input.Entries ?? [];
    const ids = entries.map(({ Id }) => Id ?? '');
    const refused = refusals[requests.length]?.(ids) ?? new Set();
    requests.push(entries);
    if (silent) return {};
    return {
      Successful: ids.filter((id) => !refused.has(id)).map((Id) => ({ Id })),
      Failed: ids.filter((id) => refused.has(id)).map((Id) => ({ Id, Code: 'InternalError', SenderFault: false })),
    };
  };
  return { requests, client: { send } as unknown as SQSClient };
}
