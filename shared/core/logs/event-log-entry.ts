import * as z from 'zod';
import { defined } from '../defined.ts';
import type { RawEvent } from '../events/raw-event.ts';
import { eventIdTimeMs } from '../ids/event-id.ts';
import type { Discard } from './discard.ts';

/**
 * The end of an accepted event. `failed` explains but does not complete it: a replay overwrites it.
 * `held`: its source is paused; it runs when an operator releases it. `discarded`: an operator closed
 * an event that was held, was rejected or had failed.
 */
export const EventStatus = z.enum(['processed', 'no_mapping', 'idempotent', 'rejected', 'failed', 'held', 'discarded']);
export type EventStatus = z.infer<typeof EventStatus>;

/** Why; the closed list that logs, metrics and the CLI share. */
export const EventReason = z.enum([
  'no_mapping_for_type',
  'identify_disabled',
  'mapping_inactive',
  'conditions_not_met',
  'not_verified',
  'duplicate',
  'source_disabled',
  'source_missing',
  'not_an_object',
  'payload_invalid',
  'event_type_missing',
  'preprocess_failed',
  'too_many_actions',
  'request_refused',
  'person_erased',
  'retries_exhausted',
  'message_unreadable',
  'source_paused',
]);
export type EventReason = z.infer<typeof EventReason>;

/** The status that each reason explains. */
export const statusOfReason: Readonly<Record<EventReason, EventStatus>> = {
  no_mapping_for_type: 'no_mapping',
  identify_disabled: 'no_mapping',
  mapping_inactive: 'no_mapping',
  conditions_not_met: 'no_mapping',
  not_verified: 'no_mapping',
  duplicate: 'idempotent',
  source_disabled: 'rejected',
  source_missing: 'rejected',
  not_an_object: 'rejected',
  payload_invalid: 'rejected',
  event_type_missing: 'rejected',
  preprocess_failed: 'rejected',
  too_many_actions: 'rejected',
  request_refused: 'rejected',
  person_erased: 'rejected',
  retries_exhausted: 'failed',
  message_unreadable: 'failed',
  source_paused: 'held',
};

/**
 * One row of the event log: one per accepted event. Times are epoch milliseconds here, ISO text in
 * the table.
 */
export type EventLogEntry = {
  id: string;
  source: string;
  /** Absent when it could not be determined. */
  eventType?: string;
  userId?: string;
  /** The idempotency key, when it was valid and in use. */
  key?: string;
  status: EventStatus;
  reason?: EventReason;
  /** One sentence for people: the field, the problem, what would be right; or the last error. */
  detail?: string;
  /** Absent when the event ended before it got one. */
  execution?: string;
  /** For `idempotent`: the event that holds the key. */
  duplicateOf?: string;
  /** The configuration that processed the event; absent when none could be read. */
  configVersion?: number;
  verification: string;
  /** The number of actions that were sent on. */
  actionsPlanned: number;
  /**
   * For a request whose actions are spread over several executions: their number. Absent: 1. Their
   * ids follow from `execution` (`executionsOf`).
   */
  executions?: number;
  receivedAtMs: number;
  processedAtMs: number;
  batchIndex?: number;
  /** The vendor's numbers of the sync that sent the event, and of its run. Absent: no sync did. */
  syncId?: string;
  syncRunId?: string;
  replayOf?: string;
  /** Ids of the forced replays of this event. */
  replays?: string[];
  /** For discarded events. */
  discarded?: Discard<'rejected' | 'failed' | 'held'>;
  /** How long the source's own expression took, in milliseconds; absent without one. */
  preprocessMs?: number;
  /** Why the source's own expression failed; the event was processed without it. */
  preprocessError?: string;
  /**
   * The source's retention of rows, which decides when this row expires. Absent: the environment's.
   */
  retentionDays?: number;
  /** When the event's person was erased: of what the sender wrote, nothing is kept. */
  erasedAtMs?: number;
  /** Headers and text of the event, as packed by events/raw-event.ts. */
  payload: Uint8Array;
};

/** The part of a row that comes from its message, for every status. */
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

/** A final row: every status except `failed` and `held`, which a replay or a release may still change. */
export function isDone(status: EventStatus): boolean {
  return status !== 'failed' && status !== 'held';
}

/** A row of an event whose actions were sent on, by itself or by the event that it repeats. */
export function hasRun(status: EventStatus): boolean {
  return status === 'processed' || status === 'idempotent';
}
