import { defined } from '../../../core/defined.ts';
import type { Deed, DestinationSettings, RecordOutcome, SyncBatch } from '../../../core/destinations/destination.ts';
import { isTombstone } from '../../../core/directory/entity.ts';
import { packEventText, type VerificationStatus } from '../../../core/events/raw-event.ts';
import { recipientKey } from '../../../core/ids/entity-ref.ts';
import { logShardsMax, makeEventId } from '../../../core/ids/event-id.ts';
import { inParallel } from '../../../core/in-parallel.ts';
import { redactMembers } from '../../../core/json/redact-members.ts';
import type { PreparedSource } from '../../../core/live/prepared.ts';
import type { EventLogEntry } from '../../../core/logs/event-log-entry.ts';
import { type SyncedRecord, userOfRecord } from '../../../core/sources/parts/synced-record.ts';
import { clip } from '../../../core/text.ts';
import type { SeenEvent } from '../../../ports/seen-registry.ts';
import { type Performed, performAction } from '../perform-action.ts';
import type { ApiRequest, RequestPorts } from '../request.ts';
import { readBatchDirectory } from './batch-directory.ts';

/** Whose records they are, and how the sender proved it. */
export type SyncSender = {
  source: PreparedSource;
  settings: DestinationSettings;
  verification: VerificationStatus;
  headers: Record<string, string>;
};

export type SyncPorts = RequestPorts & {
  counts: RecordCounts;
  /** Log shards of sources that set none themselves. */
  logShards: number;
  randomBytes(size: number): Uint8Array;
};

/** Counts for metrics, as functions keep them; `docs/alarms.md` lists the names. */
export type RecordCounts = {
  count(source: string, name: string, value?: number, reason?: string): void;
  countAt(atMs: number, source: string, name: string, value?: number): void;
  flush(): void;
};

export type Synced = {
  /** In the order of the records. */
  outcomes: RecordOutcome[];
  /** For the registry of sources. */
  seen: SeenEvent[];
};

/** Conditional writes at a time, per request. */
const atOnce = 25;

/** Rows that are written with one call to each port. */
const rowsAtOnce = 500;

const outOfTime = 'not attempted: out of time, send it again';
const deletesAreOff = 'deletes are switched off for this source';

/** A record with its id and what became of it. */
type Settled = { id: string; outcome: RecordOutcome; note?: string };

/**
 * Applies a batch of records in the request: success means stored. Each is a row of its source as
 * well, which says what the vendor was told; rows are written after the effects. A record that comes
 * again writes nothing to the directory when nothing differs.
 *
 * - Of two records of one entity the later one is applied after the earlier one.
 * - What does not fit into the request's time is answered as not attempted.
 *
 * Rule: docs/destinations.md.
 * @throws RetryableError when a table is throttled or unavailable: what was done stays done, and is
 * safe to repeat
 */
export async function syncRecords(
  batch: SyncBatch,
  sender: SyncSender,
  request: ApiRequest,
  ports: SyncPorts,
): Promise<Synced> {
  const ids = recordIds(batch.records.length, sender.source, request, ports);
  const settled = await settleEach(batch, ids, sender, request, ports);
  await writeRows(batch, settled, sender, request, ports);
  const [last] = ids.slice(-1);
  return {
    outcomes: settled.map(({ outcome }) => outcome),
    seen: last === undefined ? [] : [{ source: sender.source.key, eventId: last, eventType: batch.eventType }],
  };
}

/** Ascending, so that ids show the order of a batch's records. */
function recordIds(
  count: number,
  { key, state }: PreparedSource,
  { receivedAtMs }: ApiRequest,
  { logShards, randomBytes }: SyncPorts,
): string[] {
  const shards = Math.min(state.log_shards ?? logShards, logShardsMax);
  const random = randomBytes(count * randomBytesPerRecord);
  return Array.from({ length: count }, (_, i) => {
    const bytes = random.subarray(i * randomBytesPerRecord, (i + 1) * randomBytesPerRecord);
    return makeEventId(key, (bytes[randomBytesPerRecord - 1] ?? 0) % shards, receivedAtMs, bytes);
  }).sort();
}

// Twelve for the id and one to choose the shard.
const randomBytesPerRecord = 13;

type Planned = { id: string; position: number; deed: Deed };

async function settleEach(
  batch: SyncBatch,
  ids: string[],
  { source, settings }: SyncSender,
  request: ApiRequest,
  ports: SyncPorts,
): Promise<Settled[]> {
  const { object, operation, records } = batch;
  const settled: Settled[] = [];
  const refuse = (position: number, message: string) => {
    settled[position] = { id: ids[position] as string, outcome: { done: false, message } };
  };
  const planned: Planned[] = [];
  const all = !source.settings.enabled
    ? `the source ${source.key} is switched off in ${ports.environment}`
    : operation === 'delete' && object.guardsDeletes && !settings.deletes
      ? deletesAreOff
      : undefined;
  for (const [position, { fields, problem = all }] of records.entries()) {
    const read = problem === undefined ? object.deedOf(fields, operation) : { problem };
    if ('problem' in read) refuse(position, read.problem);
    else planned.push({ id: ids[position] as string, position, deed: read });
  }
  if (planned.length === 0) return settled;

  const directory = await readBatchDirectory(
    ports.directory,
    planned.map(({ deed }) => deed.ref),
  );
  const perform = async ({ id, position, deed }: Planned) => {
    if (ports.nowMs() >= request.deadlineMs) return refuse(position, outOfTime);
    const { ref, action, payload, only } = deed;
    const asked = { ...request, id, call: batch.eventType, source: source.key };
    const performed = await performAction(action, payload, [ref], asked, { ...ports, directory }, 0, 0, only);
    const { result } = performed;
    if (result.status !== 'succeeded') return refuse(position, result.detail ?? result.reason);
    settled[position] = { id, outcome: { done: true }, ...defined({ note: noteOf(deed, performed) }) };
  };
  // Records of one entity take turns.
  const byEntity = [...Map.groupBy(planned, ({ deed }) => recipientKey(deed.ref)).values()];
  await inParallel(byEntity, atOnce, async (sameEntity) => {
    for (const one of sameEntity) await perform(one);
  });
  return settled;
}

/** What a person should know of a record that was applied: that nothing happened, or what was left out. */
function noteOf({ ref, only }: Deed, { result, directory }: Performed): string | undefined {
  if (only === 'create' && result.result?.created === false)
    return `${recipientKey(ref)} exists already, and an insert changes nothing`;
  const stored = directory.lastSeen(ref);
  if (only === 'change' && (stored === undefined || isTombstone(stored)))
    return `${recipientKey(ref)} does not exist, and an update makes nothing`;
  return result.warnings?.[0]?.message;
}

/**
 * The rows of the records, and their counts. A function that stops in between leaves rows that no
 * answer names: so they count as unanswered until the counts of the written ones take that back.
 */
async function writeRows(
  batch: SyncBatch,
  settled: Settled[],
  sender: SyncSender,
  request: ApiRequest,
  ports: SyncPorts,
): Promise<void> {
  const { key } = sender.source;
  const { version } = await ports.configuration();
  const { counts } = ports;
  const rows = settled.map((one, i) => rowOf(batch, one, i, version, sender, request, ports));
  const countAt = (name: string, value: number) => {
    if (value !== 0) counts.countAt(request.receivedAtMs, key, name, value);
  };
  countAt('EventsUnanswered', rows.length);
  counts.flush();
  const errors: (Error | undefined)[] = [];
  for (let from = 0; from < rows.length; from += rowsAtOnce)
    errors.push(...(await ports.eventLog.writeEach(rows.slice(from, from + rowsAtOnce))));
  const written = rows.filter((_, i) => errors[i] === undefined);
  countAt('EventsUnanswered', -written.length);
  countAt('EventsAccepted', written.length);
  for (const { status, reason } of written)
    if (status === 'processed') counts.count(key, 'EventsProcessed');
    else counts.count(key, 'EventsRejected', 1, reason);
  const failed = errors.find((error) => error !== undefined);
  if (failed !== undefined) throw failed;
}

function rowOf(
  batch: SyncBatch,
  { id, outcome, note }: Settled,
  position: number,
  configVersion: number,
  { source, verification, headers }: SyncSender,
  { receivedAtMs }: ApiRequest,
  { nowMs }: SyncPorts,
): EventLogEntry {
  const { object, eventType, syncId, syncRunId } = batch;
  const { fields } = batch.records[position] as SyncBatch['records'][number];
  const event: SyncedRecord = {
    type: eventType,
    sync: { object: object.id, ...defined({ id: syncId, run_id: syncRunId }) },
    record: fields,
  };
  const userId = userOfRecord(event);
  const ending = outcome.done
    ? ({ status: 'processed', execution: id, ...defined({ detail: note && clip(note) }) } as const)
    : ({
        status: 'rejected',
        reason: source.settings.enabled ? 'request_refused' : 'source_disabled',
        detail: clip(outcome.message),
      } as const);
  return {
    id,
    source: source.key,
    eventType,
    ...defined({ userId: userId && clip(userId), syncId, syncRunId, retentionDays: source.state.retention_days }),
    ...ending,
    configVersion,
    verification,
    actionsPlanned: 0,
    receivedAtMs,
    processedAtMs: nowMs(),
    batchIndex: position,
    payload: packEventText({ headers, body: redactMembers(JSON.stringify(event), source.redact) }),
  };
}
