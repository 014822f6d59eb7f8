import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';

/**
 * Lambda's answer for a batch: every record that is not in `finished` is delivered again.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function batchResponse(records: SQSRecord[], finished: ReadonlySet<SQSRecord>): SQSBatchResponse {
  return {
    batchItemFailures: records.flatMap((record) =>
      finished.has(record) ? [] : [{ itemIdentifier: record.messageId }],
    ),
  };
}

/**
 * For how long a record has been coming back: since its first delivery, 0 at that one. The queue
 * itself does not tell: its age passes over messages that were received three times.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
export function returnedForMs({ attributes }: SQSRecord, nowMs: number): number {
  return Math.max(0, nowMs - Number(attributes.ApproximateFirstReceiveTimestamp));
}
