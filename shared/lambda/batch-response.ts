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
