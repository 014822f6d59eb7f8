import { GetQueueAttributesCommand, type QueueAttributeName } from '@aws-sdk/client-sqs';
import type { Environment, StackOutputs } from '../environment.ts';

/** Messages in one queue; SQS counts approximately, and late: see `countsLateMs`. */
export type QueueDepth = {
  queue: string;
  ready: number;
  in_flight: number;
  delayed: number;
  /** SQS deletes a message that was sent longer ago than this, wherever it waits. */
  retention_seconds: number;
};

const names = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'MessageRetentionPeriod',
] satisfies QueueAttributeName[];

/** SQS's own default. */
const retentionSecondsByDefault = 4 * 86_400;

/**
 * How far the counts may be behind: a minute on AWS, where a zero can be of before the last message
 * was sent. On this machine they are exact. So one zero is no proof that a queue is empty.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
 */
export function countsLateMs({ local }: Pick<Environment, 'local'>): number {
  return local ? 0 : 60_000;
}

export type QueueOutputs = Pick<
  StackOutputs,
  'EventsQueueUrl' | 'ActionsQueueUrl' | 'EventsDeadLetterQueueUrl' | 'ActionsDeadLetterQueueUrl'
>;

/** The queues in which events and actions wait, and their dead-letter queues. */
export async function readQueueDepths(
  environment: Pick<Environment, 'queues'> & { outputs: QueueOutputs },
): Promise<QueueDepth[]> {
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
      const of = (name: QueueAttributeName, absent = 0) => Number(Attributes?.[name] ?? absent);
      return {
        queue,
        ready: of('ApproximateNumberOfMessages'),
        in_flight: of('ApproximateNumberOfMessagesNotVisible'),
        delayed: of('ApproximateNumberOfMessagesDelayed'),
        retention_seconds: of('MessageRetentionPeriod', retentionSecondsByDefault),
      };
    }),
  );
}

export function messagesIn({ ready, in_flight, delayed }: Pick<QueueDepth, 'ready' | 'in_flight' | 'delayed'>): number {
  return ready + in_flight + delayed;
}
