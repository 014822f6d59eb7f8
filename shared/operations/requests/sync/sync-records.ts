import type { Deed, DeedOf, RecordOutcome, SyncBatch } from '../../../core/destinations/destination.ts';
import { RetryableError } from '../../../core/errors.ts';
import { payloadBytesMax, type RawEvent } from '../../../core/events/raw-event.ts';
import type { PreparedSource } from '../../../core/live/prepared.ts';
import { mayBeForged, ownMapping } from '../../../core/plan/own-actions.ts';
import type { SeenEvent } from '../../../ports/seen-registry.ts';
import { erasedEntry } from '../record-request.ts';
import type { ApiRequest } from '../request.ts';
import { changeAudiences } from './change-audiences.ts';
import type { Ending, PlannedRecord, Work } from './planned-record.ts';
import { openRecordAccount, type RecordAccount } from './record-account.ts';
import { eventOfRecord, recordIds, rowOfRecord } from './record-events.ts';
import { removeEntities } from './remove-entities.ts';
import { setEntities } from './set-entities.ts';
import { startWorkflows } from './start-workflows.ts';
import type { SyncPorts, SyncSender } from './sync-sender.ts';

export type Synced = {
  /** In the order of the records. */
  outcomes: RecordOutcome[];
  /** For the registry of sources. */
  seen: SeenEvent[];
};

/** Records that are applied at a time, per request. */
const atOnce = 25;

/** Rows that are written with one call to each port. */
const rowsAtOnce = 500;

const outOfTime = 'not attempted: out of time, send it again';

/**
 * Applies a batch of records in the request: success means stored. Each is an event of its source as
 * well, with a row that says what the vendor was told. A record that comes again writes nothing to
 * the directory when nothing differs.
 *
 * - Of two records of one entity the later one is applied after the earlier one.
 * - What does not fit into the request's time is answered as not attempted.
 * - A record that a mapping runs for, or whose work is not done in a request, goes to the events
 *   queue; its row is then the processor's. All other rows are written here, after the effects.
 *
 * Rule: docs/destinations.md.
 * @throws RetryableError when a table or queue is throttled or unavailable: what was done stays done,
 * and is safe to repeat
 */
export async function syncRecords(
  batch: SyncBatch,
  sender: SyncSender,
  request: ApiRequest,
  ports: SyncPorts,
): Promise<Synced> {
  const { source, oldCredentials } = sender;
  const { key } = source;
  const ids = recordIds(batch.records.length, sender.source, request, ports);
  const account = openRecordAccount(key, request.receivedAtMs, ids.length, ports.counts);
  try {
    const { endings, queued } = await applyAll(batch, ids, sender, request, account, ports);
    await writeRows(batch, ids, endings, queued, sender, account, ports);
    account.endings(endings);
    const [last] = ids.slice(-1);
    return {
      outcomes: endings.map((ending) => (ending.done ? { done: true } : ending)),
      seen: last === undefined ? [] : [{ source: key, eventId: last, eventType: batch.eventType, oldCredentials }],
    };
  } finally {
    account.close();
  }
}

type Applied = {
  /** In the order of the records. */
  endings: Ending[];
  /** Positions of records whose row is the processor's. */
  queued: ReadonlySet<number>;
};

async function applyAll(
  batch: SyncBatch,
  ids: string[],
  sender: SyncSender,
  request: ApiRequest,
  account: RecordAccount,
  ports: SyncPorts,
): Promise<Applied> {
  const endings: Ending[] = [];
  const queued = new Set<number>();
  const end = ({ position }: { position: number }, ending: Ending) => {
    endings[position] = ending;
  };
  const planned = planRecords(batch, ids, refusalOfAll(batch, sender, ports), end);
  if (planned.length === 0) return { endings, queued };
  const work = await workFor(planned, batch, sender, request, ports);
  const isMapped = hasMappings(sender.source, batch.eventType);

  /** The events of the records that need one; those that no message can hold end here. */
  function eventsOf(chunk: PlannedRecord[]): Map<PlannedRecord, RawEvent> {
    const events = new Map<PlannedRecord, RawEvent>();
    for (const record of chunk) {
      const unfinished = work.leavesRest(record);
      if (!unfinished && !isMapped) continue;
      const event = eventOfRecord(batch, record, sender, unfinished);
      const bytes = event.payload.length;
      if (bytes <= payloadBytesMax) events.set(record, event);
      else
        end(record, {
          done: false,
          message: `the record has ${bytes} bytes compressed; at most ${payloadBytesMax} fit`,
        });
    }
    return events;
  }

  async function queue(records: PlannedRecord[], events: Map<PlannedRecord, RawEvent>): Promise<void> {
    if (records.length === 0) return;
    const results = await ports.eventsQueue.sendEach(records.flatMap((record) => events.get(record) ?? []));
    account.sent(results);
    for (const { position } of records) queued.add(position);
    const failed = results.find((result) => !result.sent);
    if (failed !== undefined)
      throw new RetryableError('the events queue did not take all records', {
        cause: failed.sent ? undefined : failed.error,
      });
  }

  for (let from = 0; from < planned.length; from += atOnce) {
    const chunk = planned.slice(from, from + atOnce);
    if (ports.nowMs() >= request.deadlineMs) {
      for (const record of chunk) end(record, { done: false, message: outOfTime });
      continue;
    }
    const events = eventsOf(chunk);
    const fitting = chunk.filter(({ position }) => endings[position] === undefined);
    // First, so that a request that dies in between leaves nothing half done.
    const unfinished = fitting.filter((record) => work.leavesRest(record));
    await queue(unfinished, events);
    await work.apply(fitting, end);
    // Last, since a mapping may need what the record sets.
    const rest = isMapped ? fitting.filter(({ position }) => endings[position]?.done && !queued.has(position)) : [];
    await queue(rest, events);
  }
  return { endings, queued };
}

/** What each record asks for; those that are wrong in themselves end here. */
function planRecords(
  { object, operation, records }: SyncBatch,
  ids: string[],
  refusal: string | undefined,
  end: (record: { position: number }, ending: Ending) => void,
): PlannedRecord[] {
  return records.flatMap(({ fields, problem = refusal }, position): PlannedRecord[] => {
    const read = problem === undefined ? object.deedOf(fields, operation) : { problem };
    if (!('problem' in read)) return [{ id: ids[position] as string, position, deed: read }];
    end({ position }, { done: false, message: read.problem });
    return [];
  });
}

/** Why no record of the batch may be applied; undefined when they may. */
function refusalOfAll(
  { object, operation }: SyncBatch,
  { source: { key, settings: ofSource }, settings, verification }: SyncSender,
  { environment }: SyncPorts,
): string | undefined {
  if (!ofSource.enabled) return `the source ${key} is switched off in ${environment}`;
  if (operation !== 'delete' || !object.guardsDeletes) return undefined;
  if (!settings.deletes) return 'deletes are switched off for this source';
  return mayBeForged(verification) && !ofSource.deletesUnverified
    ? 'deletes need a verified sender: set the secret of the source, and send it'
    : undefined;
}

async function workFor(
  planned: PlannedRecord[],
  { createsAudiences = false }: SyncBatch,
  { source }: SyncSender,
  request: ApiRequest,
  ports: SyncPorts,
): Promise<Work> {
  const [{ deed }] = planned as [PlannedRecord];
  // Under the id of the record's event, which may finish the work.
  const requestFor = (id: string): ApiRequest => ({ ...request, id, source: source.key, mapping: ownMapping });
  // A batch has one object and one operation, so its deeds are of one kind.
  const records = <Kind extends Deed['kind']>() => planned as PlannedRecord<DeedOf<Kind>>[];
  switch (deed.kind) {
    case 'set':
      return (await setEntities(records<'set'>(), requestFor, ports)) as Work;
    case 'remove':
      return (await removeEntities(records<'remove'>(), request, ports)) as Work;
    case 'join':
    case 'leave':
      return (await changeAudiences(records<'join' | 'leave'>(), createsAudiences, requestFor, ports)) as Work;
    case 'trigger':
      return (await startWorkflows(records<'trigger'>(), ports)) as Work;
  }
}

/** Whether a mapping may run for the records; its conditions are the processor's to check. */
function hasMappings({ file, mappingsOf, mostMappings }: PreparedSource, eventType: string): boolean {
  // With a path of its own the type may be any.
  return file.event_type_path === undefined ? mappingsOf(eventType).length > 0 : mostMappings > 0;
}

/** The rows of the records without an event in the queue. */
async function writeRows(
  batch: SyncBatch,
  ids: string[],
  endings: Ending[],
  queued: ReadonlySet<number>,
  sender: SyncSender,
  account: RecordAccount,
  ports: SyncPorts,
): Promise<void> {
  const { version, erased } = await ports.configuration();
  const rows = endings.flatMap((ending, position) => {
    if (queued.has(position) || (ending.done && !sender.settings.logRows)) return [];
    const place = { id: ids[position] as string, position };
    const row = rowOfRecord(batch, place, ending, sender, version, ports.nowMs());
    return row.userId !== undefined && erased?.has(row.userId) ? [erasedEntry(row, ports.nowMs())] : [row];
  });
  let failure: Error | undefined;
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const some = rows.slice(from, from + rowsAtOnce);
    const errors = await ports.eventLog.writeEach(some);
    account.written(some, errors);
    failure ??= errors.find((error) => error !== undefined);
  }
  if (failure !== undefined) throw failure;
}
