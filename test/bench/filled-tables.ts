import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import db, { type DynaliteTable } from 'dynalite/db/index.js';
import type { Item } from '../../infra/local/limits/table-limits.ts';
import { actionItemKey, itemFromEntry as itemFromActions } from '../../shared/adapters/dynamodb-action-log.ts';
import { itemFromEntry } from '../../shared/adapters/dynamodb-event-log.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { actionEntry, outcome } from '../cli/entries-for-tests.ts';
import { startTables } from '../support/dynalite.ts';
import { requestHeaders, smallOrderCompleted } from './sample-events.ts';

/*
 * A million events in local tables. Through the door they would take hours, so their items are put
 * where dynalite keeps them, as it would put them: by its own keys, with the rows of its indexes.
 */

export type Filling = { path: string; events: number; days: number; nowMs: number };

const source = 'rudderstack';
const templates = 64;
const itemsAtOnce = 20_000;

/** Fills a new folder with the rows of `events` events, evenly over the days before `nowMs`. */
export async function fillTables({ path, events, days, nowMs }: Filling, say: (line: string) => void): Promise<void> {
  rmSync(path, { recursive: true, force: true });
  // Makes the tables, in the form in which dynalite keeps them.
  await (await startTables(path)).stop();
  const store = new ClassicLevel<string, unknown>(path, { valueEncoding: 'json' });
  const tables = {
    EventLog: (await store.get('table~EventLog')) as DynaliteTable,
    ActionLog: (await store.get('table~ActionLog')) as DynaliteTable,
  };
  const payloads = Array.from({ length: templates }, () =>
    packEventText({ headers: requestHeaders, body: JSON.stringify(smallOrderCompleted()) }),
  );
  let waiting: { type: 'put'; key: string; value: unknown }[] = [];
  const put = (name: keyof typeof tables, item: Record<string, unknown>) => {
    const table = tables[name];
    const stored = attributesOf(item);
    waiting.push({ type: 'put', key: `item-${name}~${db.createKey(stored, table)}`, value: stored });
    const { puts } = db.getIndexActions(table.GlobalSecondaryIndexes ?? [], undefined, stored, table);
    for (const { index, key, item: value } of puts)
      waiting.push({ type: 'put', key: `index-global~${name}~${index}~${key}`, value });
  };
  const everyMs = (days * 86_400_000) / events;
  const actionItem = makeActionItems();
  // Ids of one millisecond differ by it.
  const randomness = randomBytes(12 * 100_000);
  for (let i = 0; i < events; i++) {
    const entropy = randomness.subarray((12 * i) % randomness.length, ((12 * i) % randomness.length) + 12);
    const entry = eventAt(i, Math.floor(nowMs - 5_000 - i * everyMs), payloads[i % templates] as Uint8Array, entropy);
    put('EventLog', itemFromEntry(entry, { retentionDays: 30, usersIndex: true }));
    if (entry.status === 'processed') put('ActionLog', actionItem(entry));
    if (waiting.length < itemsAtOnce) continue;
    await store.batch(waiting);
    waiting = [];
    if (i % 100_000 < itemsAtOnce / 3) say(`filled ${i.toLocaleString('en-US')} of ${events.toLocaleString('en-US')}`);
  }
  await store.batch(waiting);
  await store.close();
}

/** Of 100 events 70 ran, 24 found no mapping, 3 were copies, 2 were given up and 1 was rejected. */
function eventAt(i: number, receivedAtMs: number, payload: Uint8Array, entropy: Uint8Array): EventLogEntry {
  const id = makeEventId(source, 0, receivedAtMs, entropy);
  const nothing = {
    id,
    source,
    eventType: 'track/order_completed',
    userId: `usr_${(i * 7919) % 50_000}`,
    key: `msg-${i}`,
    configVersion: 1 + (i % 3),
    verification: 'not_enforced:verified',
    actionsPlanned: 0,
    receivedAtMs,
    processedAtMs: receivedAtMs + 400,
    payload,
  };
  const place = i % 100;
  if (place < 70) return { ...nothing, status: 'processed', execution: id, actionsPlanned: 1 };
  if (place < 94)
    return { ...nothing, status: 'no_mapping', reason: 'no_mapping_for_type', eventType: `track/type_${i % 40}` };
  if (place < 97) return { ...nothing, status: 'idempotent', reason: 'duplicate', duplicateOf: id };
  if (place < 99) return { ...nothing, status: 'failed', reason: 'retries_exhausted' };
  return { ...nothing, status: 'rejected', reason: 'payload_invalid', detail: 'userId is a number' };
}

/** The rows of executions with one action, whose parameters are the same and so are packed once. */
function makeActionItems() {
  let packed: Record<string, unknown> | undefined;
  return (entry: EventLogEntry): Record<string, unknown> => {
    const log = actionEntry(entry, [outcome(entry.id)]);
    packed ??= itemFromActions(log, 30);
    const [action] = packed.actions as Record<string, unknown>[];
    const { id } = log.actions[0] as { id: string };
    return {
      ...packed,
      ...actionItemKey(entry.id),
      event_id: entry.id,
      origins: [entry.id],
      actions: [{ ...action, id, result: { id, runs: 1 } }],
      received_at: new Date(entry.receivedAtMs).toISOString(),
    };
  };
}

/** An item as a request would bring it, in DynamoDB's JSON. */
function attributesOf(item: Record<string, unknown>): Item {
  return Object.fromEntries(
    Object.entries(item).flatMap(([name, value]) => (value === undefined ? [] : [[name, attributeOf(value)]])),
  ) as Item;
}

function attributeOf(value: unknown): unknown {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { L: value.map(attributeOf) };
  return { M: attributesOf(value as Record<string, unknown>) };
}
