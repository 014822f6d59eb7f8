import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { asError } from '../core/errors.ts';

export { asError };

/** How one record of a batch ended: acknowledged, or to be delivered again. */
export type Settled = { kind: 'done' } | { kind: 'retry'; error: Error };

/**
 * What Lambda wants back for a batch of which some records failed.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function toBatchResponse(records: SQSRecord[], settled: Settled[]): SQSBatchResponse {
  return {
    batchItemFailures: records.flatMap((record, i) =>
      // A record that was not settled was not finished.
      settled[i]?.kind === 'done' ? [] : [{ itemIdentifier: record.messageId }],
    ),
  };
}

/** What Lambda wants back for a batch of which only `finished` is over; a record that no code has finished comes back. */
export function batchResponse(records: SQSRecord[], finished: ReadonlySet<SQSRecord>): SQSBatchResponse {
  return {
    batchItemFailures: records.flatMap((record) =>
      finished.has(record) ? [] : [{ itemIdentifier: record.messageId }],
    ),
  };
}
