import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeAwsJsonClient } from '../../infra/local/aws-json-client.ts';
import { localCredentials } from '../support/dynalite.ts';
import { startQueues, type TestQueues } from '../support/fauxqs.ts';

let queues: TestQueues;
let url: string;
beforeAll(async () => {
  queues = await startQueues();
  url = queues.create('limits');
});
afterAll(() => queues.stop());

type Answer = { Failed?: { Id: string; Code: string; SenderFault: boolean }[]; Successful?: { Id: string }[] };
const ask = async (action: string, body: object): Promise<Answer | { type: string }> => {
  const client = makeAwsJsonClient(queues.endpoint, 'AmazonSQS', localCredentials.credentials);
  const answer = await client
    .call<Answer>(action, { QueueUrl: url, ...body })
    .catch(({ type }: { type: string }) => ({ type }));
  client.close();
  return answer;
};
const send = (more: object) => ({ MessageBody: 'x', ...more });
const attributes = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'v' }]));
const batch = (count: number, more: object = {}, id = (i: number) => `${i}`) => ({
  Entries: Array.from({ length: count }, (_, i) => ({ Id: id(i), MessageBody: 'x', ...more })),
});
const mebibyte = 1024 * 1024;
const bytes = (count: number) => ({ MessageBody: 'é'.repeat(count >> 1) + 'x'.repeat(count % 2) });
const attribute = { a: { DataType: 'String', StringValue: 'value' } };

/* What SQS takes at each limit, and refuses beyond it. */
test.each<[string, string, (over: number) => object, string]>([
  ['the bytes of a message', 'SendMessage', (over) => bytes(mebibyte + over), 'InvalidParameterValue'],
  [
    'the bytes of a message with its attributes',
    'SendMessage',
    (over) => ({ ...bytes(mebibyte - 'aStringvalue'.length + over), MessageAttributes: attribute }),
    'InvalidParameterValue',
  ],
  ['the bytes of a batch', 'SendMessageBatch', (over) => batch(2, bytes(mebibyte / 2 + over)), 'BatchRequestTooLong'],
  ['the entries of a batch', 'SendMessageBatch', (over) => batch(10 + over), 'TooManyEntriesInBatchRequest'],
  [
    'the length of an id',
    'SendMessageBatch',
    (over) => batch(1, {}, () => 'i'.repeat(80 + over)),
    'InvalidBatchEntryId',
  ],
  ['a delay', 'SendMessage', (over) => send({ DelaySeconds: 900 + over }), 'InvalidParameterValue'],
  ['attributes', 'SendMessage', (over) => send({ MessageAttributes: attributes(10 + over) }), 'InvalidParameterValue'],
  [
    'a message group',
    'SendMessage',
    (over) => send({ MessageGroupId: 'g'.repeat(128 + over) }),
    'InvalidParameterValue',
  ],
  ['messages to receive', 'ReceiveMessage', (over) => ({ MaxNumberOfMessages: 10 + over }), 'InvalidParameterValue'],
  ['a visibility', 'ReceiveMessage', (over) => ({ VisibilityTimeout: 43_200 + over }), 'InvalidParameterValue'],
  [
    'a retention',
    'SetQueueAttributes',
    (over) => ({ Attributes: { MessageRetentionPeriod: String(1_209_600 + over) } }),
    'InvalidAttributeValue',
  ],
])('%s: taken at the limit, refused beyond it', async (_name, action, request, type) => {
  expect(await ask(action, request(0))).not.toHaveProperty('type');
  expect(await ask(action, request(1))).toMatchObject({ type });
});

test.each([
  ['none', { Entries: [] }, 'EmptyBatchRequest'],
  ['two of one id', batch(2, {}, () => 'same'), 'BatchEntryIdsNotDistinct'],
  ['an id with a dot', batch(1, {}, () => 'a.b'), 'InvalidBatchEntryId'],
])('a batch of %s is refused', async (_name, request, type) => {
  expect(await ask('SendMessageBatch', request)).toMatchObject({ type });
});

test('in a batch, a message that is refused for itself does not stop the others', async () => {
  const one = (Id: string, more: object) => ({ Id, MessageBody: 'x', ...more });
  const entries = [
    one('good', {}),
    one('late', { DelaySeconds: 901 }),
    one('odd', { MessageBody: '\u0001' }),
    one('many', { MessageAttributes: attributes(11) }),
  ];
  const { Successful = [], Failed = [] } = (await ask('SendMessageBatch', { Entries: entries })) as Answer;
  expect(Successful.map(({ Id }) => Id)).toEqual(['good']);
  expect(Failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]).sort()).toEqual([
    ['late', 'InvalidParameterValue', true],
    ['many', 'InvalidParameterValue', true],
    ['odd', 'InvalidMessageContents', true],
  ]);
  expect(await ask('SendMessageBatch', { Entries: entries.slice(1, 2) })).toMatchObject({
    Successful: [],
    Failed: [{ Id: 'late' }],
  });
});

test.each(['\t', '\n', '\r', ' ', '\ud7ff', '\ue000', '\ufffd'])('character %j is taken in a body', async (text) => {
  expect(await ask('SendMessage', { MessageBody: text })).not.toHaveProperty('type');
});

test.each(['\u0000', '\u0008', '\u000b', '\u001f', '\ufffe', '\uffff'])(
  'character %j is refused in a body',
  async (text) => {
    expect(await ask('SendMessage', { MessageBody: text })).toMatchObject({ type: 'InvalidMessageContents' });
  },
);
