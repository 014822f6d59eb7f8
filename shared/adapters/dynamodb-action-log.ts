import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { asError } from '../core/errors.ts';
import { eventIdShard, eventIdTimeMs, utcDay } from '../core/ids/event-id.ts';
import { itemBytes, itemBytesMax, writeUnits } from '../core/json/item-bytes.ts';
import type { JsonObject, JsonValue } from '../core/json/values.ts';
import {
  type ActionLogEntry,
  type ActionOutcome,
  isCutMark,
  unreadableParts,
  withoutOthers,
  withoutParameters,
} from '../core/logs/action-log-entry.ts';
import { clip } from '../core/text.ts';
import type { ActionLog } from '../ports/action-log.ts';
import { indexPartition, putEach, type TableItem, tableError, writeIf } from './dynamodb.ts';
import {
  bucketOf,
  discardFromItem,
  itemFromDiscard,
  problemBuckets,
  problemPartition,
  rowExpiresAtSeconds,
} from './dynamodb-event-log.ts';
import { getEach } from './dynamodb-get-each.ts';
import { packJson, unpackJson } from './packed-json.ts';
import { packText, unpackText } from './packed-text.ts';

/**
 * `pk = {yyyymmdd}#{shard}`, `sk = execution`: both follow from the execution, which is an event
 * id.
 */
export function actionItemKey(execution: string): { pk: string; sk: string } {
  return { pk: actionPartition(eventIdTimeMs(execution), eventIdShard(execution)), sk: execution };
}

export function actionPartition(timeMs: number, shard: number): string {
  return `${utcDay(timeMs)}#${shard}`;
}

/**
 * The row as an item. The parameters of several actions are compressed together, since copies of
 * one value then take almost no room. So an event whose message fits the queue fits a row. A row
 * that is still too large (actions of other origins, hundreds of warnings) is cut, least needed
 * parts first, and says so. A row that could not be written would send its message to the
 * dead-letter queue, where it could not be written either.
 */
export function itemFromEntry(entry: ActionLogEntry, retentionDays: number): TableItem {
  const item = wholeItem(entry, retentionDays);
  if (itemBytes(item) > itemBytesMax) return cutDown(entry, retentionDays);
  const units = writeUnits(item);
  if (units === 1 || units > compactUnitsMax || !entry.actions.every(isPlainSuccess)) return item;
  const compact = compactItem(item, entry);
  return writeUnits(compact) < units ? compact : item;
}

/** A larger row has words enough of its own, and a dictionary's would save little of it. */
const compactUnitsMax = 8;

/** Only such rows are compact: their parameters and results are for readers, not for a next run. */
function isPlainSuccess({ status, progress, retryAtMs }: ActionOutcome): boolean {
  return status === 'succeeded' && progress === undefined && retryAtMs === undefined;
}

/**
 * `packed` has a list of what is left out of each of `actions`: parameters, result, warnings and
 * times. Versions before this form read the rest as they did, and find empty parameters in
 * `payloads`.
 */
function compactItem(item: TableItem, { actions }: ActionLogEntry): TableItem {
  const packed = actions.map((outcome) => {
    const { id: _, action: __, mapping: ___, status: ____, attempts: _____, ...rest } = itemFromOutcome(outcome, true);
    return { ...rest, payload: outcome.payload };
  });
  return {
    ...item,
    actions: actions.map(({ id, action, mapping, status, attempts }) => ({ id, action, mapping, status, attempts })),
    payloads: packJson(actions.map(() => ({}))),
    packed: packText(Buffer.from(JSON.stringify(packed)), 'actions'),
  };
}

/**
 * What `compactItem` left out of each action. Where it cannot be read (a newer version packed it, or
 * its bytes are not ours), the statuses beside it still say what is done, so no action runs twice;
 * every action says in a warning what is missing.
 */
function packedOutcomes(
  packed: Uint8Array,
  count: number,
  onUnreadable: (error: Error) => void,
): Record<string, unknown>[] {
  try {
    return JSON.parse(unpackText(packed).toString());
  } catch (thrown) {
    const error = asError(thrown);
    onUnreadable(error);
    return Array.from({ length: count }, () => ({ warnings: [unreadableParts(error.message)] }));
  }
}

/**
 * Cuts in steps until the row fits: the text of a dead letter; long texts; parameters of finished
 * actions; all other texts; parameters of pending actions, which their message has too; the progress
 * of actions. Last the oldest actions, where replays under ever new mappings made hundreds.
 */
function cutDown({ message: _message, ...entry }: ActionLogEntry, retentionDays: number): TableItem {
  const itemWith = (actions: ActionOutcome[]) => wholeItem({ ...entry, actions }, retentionDays);
  const fitting = (actions: ActionOutcome[], droppable: number[]) => {
    const all = new Set(droppable);
    const least = itemWith(actions.map((action, i) => (all.has(i) ? withoutParameters(action) : action)));
    if (itemBytes(least) > itemBytesMax) return undefined;
    // Each time twice as many go: the row is packed a few times, however many actions it has.
    for (let count = 0; ; count = Math.max(1, 2 * count)) {
      const dropped = new Set(droppable.slice(0, count));
      const item = itemWith(actions.map((action, i) => (dropped.has(i) ? withoutParameters(action) : action)));
      if (itemBytes(item) <= itemBytesMax) return item;
    }
  };
  const brief = entry.actions.map(withFewWords);
  const withFew = fitting(brief, overFirst(brief));
  if (withFew) return withFew;
  const bare = brief.map((action) => (isOver(action) ? withoutParameters(action) : action)).map(withoutWords);
  const withoutMost = fitting(bare, waitingLargestFirst(bare));
  if (withoutMost) return withoutMost;
  const least = bare.map(withoutParameters).map(withoutPlace);
  const oldestFirst = [...positionsOf(least, isOver), ...positionsOf(least, (action) => !isOver(action))];
  for (let count = 0; ; count = Math.max(1, 2 * count)) {
    const dropped = new Set(oldestFirst.slice(0, count));
    const [first, ...others] = least.filter((_, i) => !dropped.has(i));
    const item = itemWith(first ? [withoutOthers(first, dropped.size), ...others] : []);
    if (first === undefined || itemBytes(item) <= itemBytesMax) return item;
  }
}

const fewWarnings = 2;

function withFewWords({ warnings, detail, ...outcome }: ActionOutcome): ActionOutcome {
  return {
    ...outcome,
    ...(detail !== undefined && { detail: clip(detail, 200) }),
    ...(warnings && {
      warnings: [...warnings.filter(isCutMark), ...warnings.filter((one) => !isCutMark(one)).slice(0, fewWarnings)].map(
        (one) => ({ ...one, message: clip(one.message, 100) }),
      ),
    }),
    ...(outcome.result && 'errors' in outcome.result && { result: { ...outcome.result, errors: [] } }),
  };
}

const shortTextMax = 100;

/** What is left is what the status means, and numbers: how many runs, how many subscriptions. */
function withoutWords({ detail: _detail, warnings = [], result, ...outcome }: ActionOutcome): ActionOutcome {
  const kept = warnings.filter(isCutMark);
  const isShort = (value: JsonValue) =>
    typeof value === 'string' ? value.length <= shortTextMax : typeof value !== 'object';
  return {
    ...outcome,
    ...(result && { result: Object.fromEntries(Object.entries(result).filter(([, value]) => isShort(value))) }),
    ...(kept.length > 0 && { warnings: kept }),
  };
}

/** Without its progress an action starts again, which repeats work but changes no result. */
function withoutPlace({ progress: _progress, ...outcome }: ActionOutcome): ActionOutcome {
  return outcome;
}

function isOver({ status }: ActionOutcome): boolean {
  return status !== 'pending';
}

/**
 * Positions of finished actions: succeeded and skipped ones first, since only others run again;
 * then large ones first.
 */
function overFirst(actions: ActionOutcome[]): number[] {
  const isDone = (i: number) => Number(actions[i]?.status === 'succeeded' || actions[i]?.status === 'skipped');
  const sizes = sizesOf(actions);
  return positionsOf(actions, isOver).sort((a, b) => isDone(b) - isDone(a) || (sizes[b] ?? 0) - (sizes[a] ?? 0));
}

function waitingLargestFirst(actions: ActionOutcome[]): number[] {
  const sizes = sizesOf(actions);
  return positionsOf(actions, (action) => !isOver(action)).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
}

function sizesOf(actions: ActionOutcome[]): number[] {
  return actions.map(({ payload }) => JSON.stringify(payload).length);
}

function positionsOf(actions: ActionOutcome[], isChosen: (action: ActionOutcome) => boolean): number[] {
  return [...actions.keys()].filter((i) => isChosen(actions[i] as ActionOutcome));
}

function wholeItem(entry: ActionLogEntry, retentionDays: number): TableItem {
  const isShared = entry.actions.length > 1;
  return {
    ...actionItemKey(entry.execution),
    event_id: entry.eventId,
    source: entry.source,
    event_type: clip(entry.eventType),
    config_version: entry.configVersion,
    actions: entry.actions.map((outcome) => itemFromOutcome(outcome, isShared)),
    payloads: isShared ? packJson(entry.actions.map(({ payload }) => payload)) : undefined,
    next: entry.next,
    origins: entry.origins,
    revision: entry.revision,
    received_at: new Date(entry.receivedAtMs).toISOString(),
    updated_at: new Date(entry.updatedAtMs).toISOString(),
    message: entry.message && packJson(entry.message),
    erased_at: isoTime(entry.erasedAtMs),
    expires_at: rowExpiresAtSeconds(
      { receivedAtMs: entry.receivedAtMs, changedAtMs: entry.updatedAtMs },
      entry.retentionDays ?? retentionDays,
    ),
    ...problemOf(entry),
  };
}

/**
 * Index `problems`: rows with a failure, else those with a skipped action, else those with a
 * discarded one; the reason is that of the first such action.
 */
export function problemOf({ execution, actions }: Pick<ActionLogEntry, 'execution' | 'actions'>): {
  problem?: string | undefined;
  reason?: string | undefined;
} {
  const [worst] = (['failed', 'skipped', 'discarded'] as const).flatMap(
    (status) => actions.find((action) => action.status === status) ?? [],
  );
  if (worst === undefined) return {};
  const partition = problemPartition(worst.status, eventIdTimeMs(execution), bucketOf(execution, problemBuckets));
  return { problem: indexPartition(partition), reason: worst.reason };
}

function itemFromOutcome(outcome: ActionOutcome, isPayloadShared: boolean): Record<string, unknown> {
  return {
    id: outcome.id,
    action: outcome.action,
    mapping: outcome.mapping,
    status: outcome.status,
    reason: outcome.reason,
    detail: outcome.detail,
    result: outcome.result,
    warnings: outcome.warnings,
    payload: isPayloadShared ? undefined : packJson(outcome.payload),
    attempts: outcome.attempts,
    started_at: isoTime(outcome.firstAttemptAtMs),
    finished_at: isoTime(outcome.finishedAtMs),
    retry_at: isoTime(outcome.retryAtMs),
    progress: outcome.progress,
    discarded: itemFromDiscard(outcome.discarded),
  };
}

/**
 * Older rows, and rows with one action, hold the parameters inside the action.
 * @param onUnreadable is told why the packed part of the row cannot be read
 */
export function entryFromItem(
  item: Record<string, unknown>,
  onUnreadable: (error: Error) => void = () => undefined,
): ActionLogEntry {
  const actions = item.actions as Record<string, unknown>[];
  const packed =
    item.packed === undefined ? [] : packedOutcomes(item.packed as Uint8Array, actions.length, onUnreadable);
  const shared = item.payloads === undefined ? [] : (unpackJson(item.payloads as Uint8Array) as JsonObject[]);
  return {
    execution: String(item.sk),
    eventId: String(item.event_id),
    source: String(item.source),
    eventType: String(item.event_type),
    configVersion: Number(item.config_version),
    actions: actions.map((action, i) => {
      const { payload = shared[i], ...rest } = packed[i] ?? {};
      return outcomeFromItem({ ...action, ...rest }, payload as JsonObject | undefined);
    }),
    next: Number(item.next),
    origins: item.origins as string[],
    revision: Number(item.revision),
    receivedAtMs: Date.parse(String(item.received_at)),
    updatedAtMs: Date.parse(String(item.updated_at)),
    ...(item.erased_at !== undefined && { erasedAtMs: Date.parse(String(item.erased_at)) }),
    ...(item.message !== undefined && { message: String(unpackJson(item.message as Uint8Array)) }),
  };
}

function outcomeFromItem(item: Record<string, unknown>, shared: JsonObject | undefined): ActionOutcome {
  const { id, action, mapping, status, reason, detail, result, warnings, attempts, progress } = item as ActionOutcome;
  const known = {
    reason,
    detail,
    result: result as JsonValue as JsonObject | undefined,
    warnings,
    firstAttemptAtMs: epochMs(item.started_at),
    finishedAtMs: epochMs(item.finished_at),
    retryAtMs: epochMs(item.retry_at),
    progress,
    discarded: discardFromItem<'failed' | 'skipped'>(item.discarded),
  };
  return {
    id,
    action,
    mapping,
    status,
    payload: shared ?? (unpackJson(item.payload as Uint8Array) as JsonObject),
    attempts,
    ...(defined(known) as Partial<ActionOutcome>),
  };
}

function isoTime(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}

function epochMs(text: unknown): number | undefined {
  return typeof text === 'string' ? Date.parse(text) : undefined;
}

export type ActionLogOptions = {
  client: DynamoDBDocumentClient;
  table: string;
  retentionDays: number;
  /**
   * Told of each row whose packed part cannot be read. Default: its actions say so in their warnings,
   * and nothing else does.
   */
  onUnreadable?: (execution: string, error: Error) => void;
};

export function makeActionLog({ client, table, retentionDays, onUnreadable }: ActionLogOptions): ActionLog {
  return {
    async read(execution) {
      const { Item } = await client
        .send(new GetCommand({ TableName: table, Key: actionItemKey(execution), ConsistentRead: true }))
        .catch((error) => {
          throw tableError(error, 'reading an action row');
        });
      return Item && entryFromItem(Item, (error) => onUnreadable?.(execution, error));
    },

    async readEach(executions) {
      const items = await getEach(client, executions.map(actionItemKey), { table, what: 'reading action rows' });
      return items.map((item) => item && entryFromItem(item));
    },

    writeEach: (entries) =>
      putEach(
        client,
        entries.map((entry) => ({ table, item: itemFromEntry(entry, retentionDays) })),
      ),

    writeIfUnchanged: (entry, revisionSeen) =>
      writeIf(
        client.send(
          new PutCommand({
            TableName: table,
            Item: itemFromEntry({ ...entry, revision: revisionSeen + 1 }, retentionDays),
            ...(revisionSeen === 0
              ? { ConditionExpression: 'attribute_not_exists(pk)' }
              : { ConditionExpression: 'revision = :seen', ExpressionAttributeValues: { ':seen': revisionSeen } }),
          }),
        ),
        'writing an action row',
      ),
  };
}
