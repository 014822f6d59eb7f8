import { defined } from '../../../core/defined.ts';
import type { SyncBatch } from '../../../core/destinations/destination.ts';
import { packEventText, payloadBytesMax, type RawEvent } from '../../../core/events/raw-event.ts';
import { logShardsMax, makeEventId } from '../../../core/ids/event-id.ts';
import { redactMembers } from '../../../core/json/redact-members.ts';
import type { PreparedSource } from '../../../core/live/prepared.ts';
import { type EventLogEntry, rowHeadOf } from '../../../core/logs/event-log-entry.ts';
import { type SyncedRecord, userOfRecord } from '../../../core/sources/parts/synced-record.ts';
import { clip } from '../../../core/text.ts';
import type { ApiRequest } from '../request.ts';
import type { Ending } from './planned-record.ts';
import type { SyncPorts, SyncSender } from './sync-sender.ts';

// Twelve for the id and one to choose the shard.
const randomBytesPerRecord = 13;

/** Ids of a batch's records: ascending, so that they show the records' order. */
export function recordIds(
  count: number,
  { key, state }: PreparedSource,
  { receivedAtMs }: Pick<ApiRequest, 'receivedAtMs'>,
  { logShards, randomBytes }: Pick<SyncPorts, 'logShards' | 'randomBytes'>,
): string[] {
  const shards = Math.min(state.log_shards ?? logShards, logShardsMax);
  const random = randomBytes(count * randomBytesPerRecord);
  return Array.from({ length: count }, (_, i) => {
    const bytes = random.subarray(i * randomBytesPerRecord, (i + 1) * randomBytesPerRecord);
    return makeEventId(key, (bytes[randomBytesPerRecord - 1] ?? 0) % shards, receivedAtMs, bytes);
  }).sort();
}

type Place = { id: string; position: number };

/** The record as an event, for the queue or for its row. */
export function eventOfRecord(
  batch: SyncBatch,
  { id, position }: Place,
  { source, verification, headers, oldCredentials }: SyncSender,
  unfinished = false,
): RawEvent {
  const body = JSON.stringify(recordOf(batch, position, unfinished));
  const payload = packEventText({ headers, body: redactMembers(body, source.redact) });
  return {
    id,
    source: source.key,
    verification,
    payload,
    batchIndex: position,
    ...(oldCredentials.length > 0 && { oldCredentials }),
  };
}

function recordOf({ object, eventType, syncId, syncRunId, records }: SyncBatch, position: number, unfinished: boolean) {
  const numbers = defined({ id: syncId, run_id: syncRunId });
  const sync: SyncedRecord['sync'] = { object: object.id, ...numbers, ...(unfinished && { unfinished }) };
  const { fields } = records[position] as SyncBatch['records'][number];
  return { type: eventType, sync, record: fields };
}

/** The row of a record that needs no event: it says what the vendor was told. */
export function rowOfRecord(
  batch: SyncBatch,
  place: Place,
  ending: Ending,
  sender: SyncSender,
  configVersion: number,
  nowMs: number,
): EventLogEntry {
  const { syncId, syncRunId, eventType } = batch;
  const userId = userOfRecord(recordOf(batch, place.position, false));
  const outcome = ending.done
    ? ({ status: 'processed', execution: place.id, ...defined({ detail: ending.note && clip(ending.note) }) } as const)
    : ({ status: 'rejected', reason: 'request_refused', detail: clip(ending.message) } as const);
  const event = eventOfRecord(batch, place, sender);
  // What is too large for a row was too large for the directory as well.
  const isTooLarge = event.payload.length > payloadBytesMax;
  const none: SyncedRecord = { ...recordOf(batch, place.position, false), record: {} };
  const payload = isTooLarge ? packEventText({ headers: {}, body: JSON.stringify(none) }) : event.payload;
  return {
    ...rowHeadOf({ ...event, payload }),
    eventType,
    ...defined({
      userId: userId && clip(userId),
      syncId,
      syncRunId,
      retentionDays: sender.source.state.retention_days,
    }),
    ...outcome,
    configVersion,
    actionsPlanned: 0,
    processedAtMs: nowMs,
  };
}
