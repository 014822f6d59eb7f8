import { GetQueueAttributesCommand, type GetQueueAttributesCommandOutput, type SQSClient } from '@aws-sdk/client-sqs';
import { type AwsJsonClient, AwsJsonError } from '../../infra/local/aws-json-client.ts';

/*
 * What SQS does and the embedded queues do not, in front of a client of theirs. docs/emulators.md, "Queues".
 */

const counts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

type Sample = { atMs: number; values: Record<string, string> };

/**
 * Counts of GetQueueAttributes as they were `lateMs` ago; before that, zero. SQS says that they may need a minute.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
 */
export function lateCounts(client: SQSClient, lateMs: number): SQSClient {
  const samples = new Map<string, Sample[]>();
  return inFrontOf(client, async (command, send) => {
    const answer = await send();
    if (!(command instanceof GetQueueAttributesCommand)) return answer;
    const { Attributes = {}, ...rest } = answer as GetQueueAttributesCommandOutput;
    const atMs = Date.now();
    const ofQueue = samples.get(String(command.input.QueueUrl)) ?? [];
    samples.set(String(command.input.QueueUrl), ofQueue);
    ofQueue.push({ atMs, values: Object.fromEntries(counts.map((name) => [name, Attributes[name] ?? '0'])) });
    const seen = ofQueue.findLast((sample) => sample.atMs <= atMs - lateMs);
    const values = seen?.values ?? Object.fromEntries(counts.map((name) => [name, '0']));
    return { ...rest, Attributes: { ...Attributes, ...values } };
  });
}

/**
 * SQS gives a standard queue at most 120,000 messages in flight and answers a short poll beyond that with OverLimit.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export function limitedInFlight(client: AwsJsonClient, inFlightMax: number): AwsJsonClient {
  return {
    ...client,
    async call(action, body, options) {
      if (action === 'ReceiveMessage') {
        const asked = { QueueUrl: body.QueueUrl, AttributeNames: [counts[1]] };
        const { Attributes } = await client.call<{ Attributes: Record<string, string> }>('GetQueueAttributes', asked);
        if (Number(Attributes[counts[1]]) >= inFlightMax)
          throw new AwsJsonError(action, 'OverLimit', 'Over limit for: the number of messages in flight');
      }
      return client.call(action, body, options);
    },
  };
}

type Send = (command: object, ...rest: unknown[]) => Promise<unknown>;

function inFrontOf(client: SQSClient, answer: (command: object, send: () => Promise<unknown>) => Promise<unknown>) {
  const real = client.send.bind(client) as unknown as Send;
  const send: Send = (command, ...rest) => answer(command, () => real(command, ...rest));
  return new Proxy(client, { get: (target, name) => (name === 'send' ? send : Reflect.get(target, name)) });
}
