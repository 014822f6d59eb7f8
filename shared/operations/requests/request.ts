import type { ActionLog } from '../../ports/action-log.ts';
import type { ApiKey } from '../../ports/api-keys.ts';
import type { Audiences } from '../../ports/audiences.ts';
import type { BulkOperations } from '../../ports/bulk-operations.ts';
import type { ClaimStore } from '../../ports/claim-store.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Directory } from '../../ports/directory.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { ActionsQueue } from '../../ports/queues.ts';
import type { Subscriptions } from '../../ports/subscriptions.ts';

/** The mapping that its actions are logged under: no file has it. */
export const apiMapping = 'api';

/** An authenticated request. */
export type ApiRequest = {
  /** The id of its row, and of its execution. The client gets it as `X-Request-ID`. */
  id: string;
  /** The call, as the client names it: `users.update`. The event type of its row. */
  call: string;
  /** The source that its rows are under. Absent: the API itself. */
  source?: string;
  /** The mapping that its actions are logged under. Absent: `apiMapping`. */
  mapping?: string;
  key: Pick<ApiKey, 'id' | 'name'>;
  receivedAtMs: number;
  /** When work must end, so that the answer is in time. */
  deadlineMs: number;
  /** The header as sent. Only `workflows.trigger` heeds it. */
  idempotencyKey?: string;
};

/** What requests may use. */
export type RequestPorts = {
  environment: string;
  configuration(): Promise<LiveConfiguration>;
  directory: Directory;
  subscriptions: Subscriptions;
  audiences: Audiences;
  claims: Pick<ClaimStore, 'read' | 'claim' | 'takeOver'>;
  eventLog: Pick<EventLog, 'statusOf' | 'writeEach'>;
  actionLog: Pick<ActionLog, 'read' | 'readEach' | 'writeEach'>;
  bulkOperations: BulkOperations;
  actionsQueue: ActionsQueue;
  nowMs(): number;
};
