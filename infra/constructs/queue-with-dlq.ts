import { Duration, Stack } from 'aws-cdk-lib';
import { Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acceptFindings } from './accepted-findings.ts';
import { keepLogicalId } from './logical-id.ts';
import { batchWindow } from './pipeline-function.ts';

/**
 * Deliveries after which a message goes to the dead-letter queue. Ten, so that a short outage of a
 * table makes no dead letters: with the visibility below it takes half an hour or more.
 */
export const maxReceiveCount = 10;

/**
 * The most bytes of a message: 1 MiB, which is also the most SQS allows. We set it, since AWS's
 * pages disagree on the default (256 KiB or 1 MiB), and our messages reach 507 KiB: an event's
 * payload as base64 (`payloadBytesMax`).
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
const maxMessageSizeBytes = 1024 * 1024;

export type QueueWithDlqProps = {
  /** The physical name; the dead-letter queue's is the same with `-dead-letters`. */
  queueName: string;
  consumerTimeout: Duration;
  deadLetterConsumerTimeout: Duration;
};

/**
 * A standard queue and its dead-letter queue. We name both, so that each can name the other in its
 * policy. Also, an accidental replacement then fails the deploy ("already exists") instead of
 * losing messages. Fairness between sources needs no setting: messages carry their source as
 * message group id.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
export class QueueWithDlq extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: QueueWithDlqProps) {
    super(scope, id);
    const both = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, maxMessageSizeBytes };
    const queueArn = Stack.of(this).formatArn({ service: 'sqs', resource: props.queueName });

    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...both,
      queueName: `${props.queueName}-dead-letters`,
      // The longest possible. A message keeps its age when it moves here, so this must exceed the
      // queue's own retention.
      retentionPeriod: Duration.days(14),
      visibilityTimeout: visibilityFor(props.deadLetterConsumerTimeout),
      redriveAllowPolicy: {
        redrivePermission: RedrivePermission.BY_QUEUE,
        sourceQueues: [Queue.fromQueueArn(this, 'Source', queueArn)],
      },
    });
    acceptFindings(this.deadLetters, {
      'Serverless-SQSRedrivePolicy':
        'It is the end of the line: what stays here stays for 14 days, and an alarm tells of it.',
    });
    this.queue = new Queue(this, 'Queue', {
      ...both,
      queueName: props.queueName,
      retentionPeriod: Duration.days(4),
      visibilityTimeout: visibilityFor(props.consumerTimeout),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount },
    });
    keepLogicalId(this.queue, `${id}Queue`);
    keepLogicalId(this.deadLetters, `${id}DeadLetterQueue`);
  }
}

/**
 * Long enough for the poller's own retries, and for a claim's lease to end before the message is
 * seen again.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
function visibilityFor(consumerTimeout: Duration): Duration {
  return Duration.seconds(6 * consumerTimeout.toSeconds() + batchWindow.toSeconds());
}
