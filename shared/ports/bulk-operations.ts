import type { BulkOperation, BulkProgress } from '../core/executions/bulk-operation.ts';

export type StoredBulkOperation = { operation: BulkOperation /** Once it ended. */; end?: BulkProgress };

/** Bulk operations of the REST API. All calls throw RetryableError when the table is throttled or away. */
export interface BulkOperations {
  /** Undefined when there is none, or its time is over. */
  read(requestId: string, nowMs: number): Promise<StoredBulkOperation | undefined>;
  /**
   * Writes it unconditionally. An end that is too large for a row is not kept: it is counted again.
   *.
   */
  write(stored: StoredBulkOperation): Promise<void>;
}
