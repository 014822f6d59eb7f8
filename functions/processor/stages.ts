import type { SQSRecord } from 'aws-lambda';
import type { PlannedEvent } from '../../shared/core/plan/plan-event.ts';
import type { EventOutcome, WrittenRow } from './event-row.ts';

/*
 * A message on its way through a batch: received → planned → claimed → emitted → settled. Each
 * stage makes a new value from the previous one. A message that cannot go on is settled at once.
 */

/** As the queue delivered it. */
export type Received = {
  record: SQSRecord;
  /** 1 on its first delivery. */
  receiveCount: number;
};

/** Read and matched; no write was made. */
export type Planned = Received & { planned: PlannedEvent };

/** Its claim is decided on, or it needs none. */
export type Claimed = Planned & {
  next:
    | { kind: 'emit'; execution: string; again: boolean }
    /** Without actions: only its row is missing. */
    | { kind: 'log'; outcome: EventOutcome };
};

/** Its work has happened; only the row is missing. */
export type Emitted = Planned & { row: WrittenRow };

/** The record is finished, for good or until its next delivery. */
export type Settled = Received & {
  /** Absent for a message that could not be read. */
  planned?: PlannedEvent;
  end: /** `row`: absent when an earlier delivery had written it. */
    | { kind: 'done'; row?: WrittenRow }
    /** Not a failure: another delivery or another event is working on it. */
    | { kind: 'returned'; why: string; returnAtMs: number }
    /** `returnAtMs`: absent for a back-off that grows with every delivery. */
    | { kind: 'failed'; error: Error; returnAtMs?: number };
};

export function done<Stage extends Received>(at: Stage, row?: WrittenRow): Settled {
  return { ...at, end: { kind: 'done', ...(row && { row }) } };
}

export function returned<Stage extends Received>(at: Stage, why: string, returnAtMs: number): Settled {
  return { ...at, end: { kind: 'returned', why, returnAtMs } };
}

export function failed<Stage extends Received>(at: Stage, error: Error, returnAtMs?: number): Settled {
  return { ...at, end: { kind: 'failed', error, ...(returnAtMs !== undefined && { returnAtMs }) } };
}

/** Records that go on to the next stage, and settled ones. */
export function split<Stage extends Received>(results: (Stage | Settled)[]): { next: Stage[]; settled: Settled[] } {
  const next: Stage[] = [];
  const settled: Settled[] = [];
  for (const result of results) {
    if ('end' in result) settled.push(result);
    else next.push(result);
  }
  return { next, settled };
}
