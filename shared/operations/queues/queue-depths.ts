import { GetQueueAttributesCommand, type QueueAttributeName } from '@aws-sdk/client-sqs';
import type { Environment } from '../environment.ts';

/** Messages in one queue; SQS counts approximately. */
export type QueueDepth = { queue: string; ready: number; in_flight: number; delayed: number };

const names = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] satisfies QueueAttributeName[];

/** The queues in which events and actions wait, and their dead-letter queues. */
export async function readQueueDepths(environment: Environment): Promise<QueueDepth[]> {
  const { outputs } = environment;
  const client = await environment.queues();
  const queues = [
    ['events', outputs.EventsQueueUrl],
    ['actions', outputs.ActionsQueueUrl],
    ['events dead-letter', outputs.EventsDeadLetterQueueUrl],
    ['actions dead-letter', outputs.ActionsDeadLetterQueueUrl],
  ] as const;
  return Promise.all(
    queues.map(async ([queue, QueueUrl]) => {
      const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }));
      const [ready, inFlight, delayed] = names.map((name) => Number(Attributes?.[name] ?? 0));
      return { queue, ready: ready ?? 0, in_flight: inFlight ?? 0, delayed: delayed ?? 0 };
    }),
  );
}
