import type { ActionLogEntry, ActionOutcome, ActionReason } from '../logs/action-log-entry.ts';

/** A bulk request that was accepted. Its items are actions; their rows say what became of them. */
export type BulkOperation = {
  requestId: string;
  /** As the client names it: `users.bulk.identify`. */
  call: string;
  /** The number of items that the request listed. */
  items: number;
  /** The number of executions that its actions are spread over. */
  executions: number;
  insertedAtMs: number;
};

export type BulkProgress = {
  status: 'queued' | 'processing' | 'completed' | 'failed';
  /** Items with an outcome; never more than the operation has. */
  processed: number;
  failedItems: FailedItem[];
  /** Absent while it is queued. */
  startedAtMs?: number;
  /** Absent until it is completed or failed. */
  endedAtMs?: number;
  updatedAtMs: number;
};

export type FailedItem = { id: string; collection?: string };

/**
 * The name under which a part of an item is logged, in place of a mapping's: `api-17` is the item at
 * position 17, `api-17.2/4` the second of four parts of a large one.
 */
export function bulkMapping(item: number, part: number, parts: number): string {
  return parts === 1 ? `api-${item}` : `api-${item}.${part + 1}/${parts}`;
}

function partOfMapping(mapping: string): { item: number; parts: number } | undefined {
  const [, item, parts = '1'] = /^api-(\d+)(?:\.\d+\/(\d+))?$/.exec(mapping) ?? [];
  return item === undefined ? undefined : { item: Number(item), parts: Number(parts) };
}

/** A message lives at most 14 days, dead-letter queue included; then no row comes any more. */
const rowsComeWithinMs = 15 * 86_400_000;

/** Not the item's fault: it would have ended otherwise if we had worked. */
const ourFaults: ReadonlySet<ActionReason | undefined> = new Set([
  'retries_exhausted',
  'dead_lettered',
  'action_unknown',
]);

/**
 * How far an operation is, counted from the rows of its executions. Rows decide, and each has its
 * place, so a message that comes twice, a crash or a retry changes no count. An item fails when one
 * of its parts did not succeed. The operation fails when every item failed by a fault of ours, or
 * when rows are missing that cannot come any more.
 * @param rows of all executions; undefined for one that has none yet
 * Decision: docs/decisions/0059-a-bulk-operation-counts-its-rows.md
 */
export function bulkProgress(
  { items, insertedAtMs }: BulkOperation,
  rows: (ActionLogEntry | undefined)[],
  nowMs: number,
): BulkProgress {
  const found = rows.flatMap((row) => row ?? []);
  const ended = [...itemsOf(found.flatMap(({ actions }) => actions)).values()].filter(
    ({ parts, outcomes }) => outcomes.length === parts && outcomes.every(({ status }) => status !== 'pending'),
  );
  const failed = ended.flatMap(({ outcomes }) => outcomes.find((one) => !hasSucceeded(one)) ?? []);
  const counts = {
    processed: ended.length,
    failedItems: failed.map(itemNamedBy),
    updatedAtMs: Math.max(insertedAtMs, ...found.map(({ updatedAtMs }) => updatedAtMs)),
  };
  const outcomes = found.flatMap(({ actions }) => actions);
  const startedAtMs = Math.min(...outcomes.flatMap(({ firstAttemptAtMs }) => firstAttemptAtMs ?? []));
  const begun = { ...counts, ...(Number.isFinite(startedAtMs) && { startedAtMs }) };
  if (ended.length >= items) {
    const isBroken = failed.length === items && failed.every(({ reason }) => ourFaults.has(reason));
    const endedAtMs = Math.max(...outcomes.flatMap(({ finishedAtMs }) => finishedAtMs ?? []), insertedAtMs);
    return { status: isBroken ? 'failed' : 'completed', ...begun, endedAtMs };
  }
  const lostAtMs = insertedAtMs + rowsComeWithinMs;
  if (nowMs >= lostAtMs) return { status: 'failed', ...begun, endedAtMs: lostAtMs };
  return { status: found.length === 0 ? 'queued' : 'processing', ...begun };
}

function itemsOf(outcomes: ActionOutcome[]): Map<number, { parts: number; outcomes: ActionOutcome[] }> {
  const items = new Map<number, { parts: number; outcomes: ActionOutcome[] }>();
  for (const outcome of outcomes) {
    const part = partOfMapping(outcome.mapping);
    if (part === undefined) continue;
    const { item, parts } = part;
    items.set(item, { parts, outcomes: [...(items.get(item)?.outcomes ?? []), outcome] });
  }
  return items;
}

/** An action that subscribed only some of its recipients succeeds for events; here the item failed. */
function hasSucceeded({ status, result }: ActionOutcome): boolean {
  const rejected = result?.rejected;
  return status === 'succeeded' && !(Array.isArray(rejected) && rejected.length > 0);
}

function itemNamedBy({ payload: { id, collection } }: ActionOutcome): FailedItem {
  return { id: String(id ?? ''), ...(typeof collection === 'string' && { collection }) };
}
