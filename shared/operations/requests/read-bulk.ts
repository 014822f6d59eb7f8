import { type BulkOperation, type BulkProgress, bulkProgress } from '../../core/executions/bulk-operation.ts';
import { requestOfApiRunId } from '../../core/ids/api-run-id.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import { executionsOf } from '../../core/ids/executions-of.ts';
import type { RequestPorts } from './request.ts';

/**
 * A bulk operation and how far it is, by the id that it was answered with. While it runs, the rows
 * of its executions are read and counted. The end is written when it is first seen, so that each
 * later question is one read.
 * @returns undefined when there is none, or its time is over
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function readBulk(
  id: string,
  { bulkOperations, actionLog, nowMs }: Pick<RequestPorts, 'bulkOperations' | 'actionLog' | 'nowMs'>,
): Promise<{ operation: BulkOperation; progress: BulkProgress } | undefined> {
  const requestId = requestOfApiRunId(id);
  const stored = requestId === undefined ? undefined : await bulkOperations.read(requestId, nowMs());
  if (stored === undefined) return undefined;
  const { operation, end } = stored;
  if (end !== undefined) return { operation, progress: end };
  const rows = await actionLog.readEach(executionsOf(apiSource, operation.requestId, operation.executions));
  const progress = bulkProgress(operation, rows, nowMs());
  if (progress.endedAtMs !== undefined) await bulkOperations.write({ operation, end: progress });
  return { operation, progress };
}
