import type { Context, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { RetryableError } from '../core/errors.ts';
import { batchResponse } from './batch-response.ts';
import { type FunctionLog, logFailure } from './failure-log.ts';
import type { StageMetrics } from './metrics.ts';

/** The time of one function call, cut short by what it needs to answer. */
export type Deadline = {
  /** Aborted once the time is over; its reason is a `RetryableError`. */
  signal: AbortSignal;
  /** For loops without I/O, during which no timer runs. */
  isOver(): boolean;
};

/**
 * Runs `work` with a deadline `spareMs` before Lambda stops the function. Lambda's own end is too
 * late for anything: no answer, no line in the log, no count.
 */
export async function inTime<Result>(
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  spareMs: number,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const endsAtMs = performance.now() + context.getRemainingTimeInMillis() - spareMs;
  const ending = new AbortController();
  const end = () => ending.abort(new RetryableError('the time of the function ran out', { reason: 'time_over' }));
  const timer = setTimeout(end, Math.max(0, endsAtMs - performance.now()));
  try {
    return await work({ signal: ending.signal, isOver: () => performance.now() >= endsAtMs });
  } finally {
    clearTimeout(timer);
  }
}

/** Enough for the lines about ten failed records, the first of which reads the source map. */
const batchSpareMs = 3_000;
/** Calls end by the deadline and their records fail one by one, each with its line; then this. */
const graceMs = 1_500;

/**
 * The answer for a batch, given in time whatever hangs. At the deadline all its calls end. If
 * `work` does not end even then, every record counts as failed. Those that were finished are
 * recognised when they come again.
 * @param endCallsWith of the adapters
 */
export function answerBatchInTime(
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  batch: {
    Records: SQSRecord[];
    log: FunctionLog;
    metrics: Pick<StageMetrics, 'flush'>;
    endCallsWith<Result>(signal: AbortSignal, work: () => Result): Result;
  },
  work: () => Promise<SQSBatchResponse>,
): Promise<SQSBatchResponse> {
  const { Records, log, metrics, endCallsWith } = batch;
  return inTime(context, batchSpareMs, ({ signal }) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<SQSBatchResponse>((resolve) => {
      const giveUp = () => {
        logFailure(log, 'a batch ran out of time', signal.reason, { records: Records.length });
        metrics.flush();
        resolve(batchResponse(Records, new Set()));
      };
      signal.addEventListener(
        'abort',
        () => {
          timer = setTimeout(giveUp, graceMs);
        },
        { once: true },
      );
    });
    return Promise.race([endCallsWith(signal, work), late]).finally(() => clearTimeout(timer));
  });
}
