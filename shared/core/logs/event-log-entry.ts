import * as z from 'zod';
import { defined } from '../defined.ts';
import type { RawEvent } from '../events/raw-event.ts';
import { eventIdTimeMs } from '../ids/event-id.ts';

/** Where an accepted event ended. `failed` is an explanation, not a completion: a replay overwrites it. */
export const EventStatus = z.enum(['processed', 'no_mapping', 'idempotent', 'rejected', 'failed']);
export type EventStatus = z.infer<typeof EventStatus>;

/** Why; the closed list that logs, metrics and the CLI share. */
export const EventReason = z.enum([
  // no_mapping
  'no_mapping_for_type',
  'identify_disabled',
  'mapping_inactive',
  'conditions_not_met',
  'not_verified',
  // idempotent
  'duplicate',
  // rejected
  'source_disabled',
  'source_missing',
  'not_an_object',
  'payload_invalid',
  'event_type_missing',
  'preprocess_failed',
  // failed
  'retries_exhausted',
  'message_unreadable',
]);
export type EventReason = z.infer<typeof EventReason>;

/** One row of the event log: one per accepted event. Times are epoch milliseconds here, ISO text in the table. */
export type EventLogEntry = {
  id: string;
  source: string;
  /** Absent when it could not be told. */
  eventType?: string;
  userId?: string;
  /** The idempotency key, when it was valid and in use. */
  key?: string;
  status: EventStatus;
  reason?: EventReason;
  /** One sentence for a person: which field, what was wrong, what would be right; or the last error. */
  detail?: string;
  /** Absent when the event never got as far as having one. */
  execution?: string;
  /** For `idempotent`: the event that holds the key. */
  duplicateOf?: string;
  /** The configuration the event was processed by; absent when none could be read. */
  configVersion?: number;
  verification: string;
  /** Actions that were planned and handed on. */
  actionsPlanned: number;
  receivedAtMs: number;
  processedAtMs: number;
  batchIndex?: number;
  replayOf?: string;
  /** How long the source's own expression took, in milliseconds; absent where it has none. */
  preprocessMs?: number;
  /** Why the source's own expression made nothing; the event went on without. */
  preprocessError?: string;
  /** How long the source keeps its rows. Absent: as long as the environment does. Decides when the row expires. */
  retentionDays?: number;
  /** Headers and text of the event, as packed by events/raw-event.ts. */
  payload: Uint8Array;
};

/** What every row has of its message, whatever became of the event. */
export type EventRowHead = Pick<
  EventLogEntry,
  'id' | 'source' | 'verification' | 'receivedAtMs' | 'batchIndex' | 'replayOf' | 'payload'
>;

export function rowHeadOf({ id, source, verification, payload, batchIndex, replayOf }: RawEvent): EventRowHead {
  return {
    id,
    source,
    verification,
    payload,
    receivedAtMs: eventIdTimeMs(id),
    ...defined({ batchIndex, replayOf }),
  };
}

/** A row that says the work is over. Everything but `failed`, which a replay may still turn into another. */
export function isDone(status: EventStatus): boolean {
  return status !== 'failed';
}

/** A row of an event whose actions were handed on, by itself or by the one that it repeats. */
export function hasRun(status: EventStatus): boolean {
  return status === 'processed' || status === 'idempotent';
}
