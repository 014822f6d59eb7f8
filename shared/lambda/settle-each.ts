import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';

/** How one record of a batch ended: acknowledged, or to be delivered again. */
export type Settled = { kind: 'done' } | { kind: 'retry'; error: Error };

/**
 * What Lambda wants back for a batch of which some records failed.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function toBatchResponse(records: SQSRecord[], settled: Settled[]): SQSBatchResponse {
  return {
    batchItemFailures: records.flatMap((record, i) =>
      // A record nobody settled is one nobody finished.
      settled[i]?.kind === 'done' ? [] : [{ itemIdentifier: record.messageId }],
    ),
  };
}

/** Waits for one promise per record and never throws: a rejected one is a record to deliver again. */
export async function settleEach(records: SQSRecord[], work: Promise<unknown>[]): Promise<SQSBatchResponse> {
  const results = await Promise.allSettled(work);
  return toBatchResponse(
    records,
    results.map((result) =>
      result.status === 'fulfilled' ? { kind: 'done' } : { kind: 'retry', error: asError(result.reason) },
    ),
  );
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
