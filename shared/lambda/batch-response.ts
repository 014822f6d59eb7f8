import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';

/**
 * What Lambda wants back for a batch of which only `finished` is over; a record that no code has finished comes back.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function batchResponse(records: SQSRecord[], finished: ReadonlySet<SQSRecord>): SQSBatchResponse {
  return {
    batchItemFailures: records.flatMap((record) =>
      finished.has(record) ? [] : [{ itemIdentifier: record.messageId }],
    ),
  };
}
