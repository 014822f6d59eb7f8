import type { BulkProgress, FailedItem } from '../core/executions/bulk-operation.ts';
import { itemBytes, itemBytesMax } from '../core/json/item-bytes.ts';
import type { BulkOperations, StoredBulkOperation } from '../ports/bulk-operations.ts';
import { putEach, type TableItem } from './dynamodb.ts';
import type { ActionLogOptions } from './dynamodb-action-log.ts';
import { getEach, type ItemKey } from './dynamodb-get-each.ts';
import { packJson, unpackJson } from './packed-json.ts';

const keptDaysMax = 30;

/** Beside the rows that it counts, in a partition of its own. */
export function bulkOperationKey(requestId: string): ItemKey {
  return { pk: `bulk#${requestId}`, sk: 'bulk' };
}

/**
 * One item per operation, kept for 30 days, or as long as the rows that it counts, if that is
 * shorter: 1 write unit when it is accepted, and 1 or more when it is first seen to have ended, by
 * the length of its list of failed items.
 */
export function makeBulkOperations({ client, table, retentionDays }: ActionLogOptions): BulkOperations {
  return {
    async read(requestId, nowMs) {
      const [item] = await getEach(client, [bulkOperationKey(requestId)], { table, what: 'reading a bulk operation' });
      return item === undefined || Number(item.expires_at) * 1000 <= nowMs ? undefined : storedFromItem(item);
    },
    async write(stored) {
      const item = itemFromStored(stored, Math.min(keptDaysMax, retentionDays));
      if (itemBytes(item) > itemBytesMax) return;
      const [error] = await putEach(client, [{ table, item }]);
      if (error) throw error;
    },
  };
}

function itemFromStored({ operation, end }: StoredBulkOperation, keptDays: number): TableItem {
  const { requestId, call, items, executions, insertedAtMs } = operation;
  return {
    ...bulkOperationKey(requestId),
    call,
    items,
    executions,
    inserted_at: new Date(insertedAtMs).toISOString(),
    expires_at: Math.ceil(insertedAtMs / 1000) + keptDays * 86_400,
    ...(end && {
      status: end.status,
      processed: end.processed,
      failed_items: packJson(end.failedItems),
      started_at: isoTime(end.startedAtMs),
      ended_at: isoTime(end.endedAtMs),
      updated_at: isoTime(end.updatedAtMs),
    }),
  };
}

function storedFromItem(item: Record<string, unknown>): StoredBulkOperation {
  const time = (name: string) => (item[name] === undefined ? undefined : Date.parse(String(item[name])));
  const operation = {
    requestId: String(item.pk).slice('bulk#'.length),
    call: String(item.call),
    items: Number(item.items),
    executions: Number(item.executions),
    insertedAtMs: Date.parse(String(item.inserted_at)),
  };
  if (item.status === undefined) return { operation };
  const [startedAtMs, endedAtMs] = [time('started_at'), time('ended_at')];
  const end: BulkProgress = {
    status: item.status as BulkProgress['status'],
    processed: Number(item.processed),
    failedItems: unpackJson(item.failed_items as Uint8Array) as FailedItem[],
    ...(startedAtMs !== undefined && { startedAtMs }),
    ...(endedAtMs !== undefined && { endedAtMs }),
    updatedAtMs: time('updated_at') ?? operation.insertedAtMs,
  };
  return { operation, end };
}

function isoTime(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}
