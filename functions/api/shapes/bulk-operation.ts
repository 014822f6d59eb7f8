import * as z from 'zod';
import type { BulkProgress, BulkOperation as Operation } from '../../../shared/core/executions/bulk-operation.ts';
import { apiRunId } from '../../../shared/core/ids/api-run-id.ts';

const time = z.iso.datetime();

export const BulkOperation = z
  .object({
    __typename: z.literal('BulkOperation'),
    id: z.uuid(),
    name: z.string().describe('The call without `bulk`: `users.identify`.'),
    status: z.enum(['queued', 'processing', 'completed', 'failed']),
    estimated_total_rows: z.int().describe('Items of the request.'),
    processed_rows: z.int(),
    success_count: z.int(),
    error_count: z.int(),
    error_items: z
      .array(z.object({ id: z.string(), collection: z.string().optional() }))
      .describe('Items that failed; the log has the reason of each.'),
    progress_path: z.string(),
    started_at: time.nullable(),
    completed_at: time.nullable(),
    failed_at: time.nullable(),
    inserted_at: time,
    updated_at: time,
  })
  .meta({ id: 'BulkOperation' });

/** @param progress absent for one that was just accepted */
export function bulkOperationShape(
  { requestId, call, items, insertedAtMs }: Operation,
  progress: BulkProgress = { status: 'queued', processed: 0, failedItems: [], updatedAtMs: insertedAtMs },
): z.infer<typeof BulkOperation> {
  const { status, processed, failedItems, startedAtMs, endedAtMs, updatedAtMs } = progress;
  const id = apiRunId(requestId);
  const iso = (timeMs: number | undefined) => (timeMs === undefined ? null : new Date(timeMs).toISOString());
  return {
    __typename: 'BulkOperation',
    id,
    name: call.replace('.bulk.', '.'),
    status,
    estimated_total_rows: items,
    processed_rows: processed,
    success_count: processed - failedItems.length,
    error_count: failedItems.length,
    error_items: failedItems,
    progress_path: `/v1/bulk_operations/${id}`,
    started_at: iso(startedAtMs),
    completed_at: iso(status === 'completed' ? endedAtMs : undefined),
    failed_at: iso(status === 'failed' ? endedAtMs : undefined),
    inserted_at: new Date(insertedAtMs).toISOString(),
    updated_at: new Date(updatedAtMs).toISOString(),
  };
}
