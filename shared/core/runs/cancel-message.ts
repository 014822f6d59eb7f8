import { printRunId } from '../ids/run-id.ts';
import type { JsonObject } from '../json/values.ts';
import type { WorkflowRun } from './workflow-run.ts';

/**
 * The message to a target that cancels a run that was handed off:
 *
 * ```json
 * {
 *   "type": "workflow_run.cancelled",
 *   "timestamp": "2026-05-04T09:00:00.000Z",
 *   "data": {
 *     "id": "01JD3Q9F7K8M25RXK0Q4T9B7C0-5e884898-user-1",
 *     "workflow_run_id": "f12c50a4-a4cb-571d-8d7f-7c4f1e770922",
 *     "workflow": "order-completed",
 *     "recipient": { "id": "user-1" },
 *     "cancellation_key": "order-50314b8e",
 *     "reason": "workflows_cancel",
 *     "environment": "production"
 *   }
 * }
 * ```
 *
 * `id` is the id of the started run; a recipient that is an object also carries its `collection`.
 */
export type CancelMessage = { type: 'workflow_run.cancelled'; timestamp: string; data: JsonObject };

/** @param reason `workflows_cancel`, `recipient_deleted`, `operator` */
export function cancelMessage(
  run: Pick<WorkflowRun, 'key' | 'workflow' | 'workflowRunId' | 'cancellationKey'>,
  { reason, environment, nowMs }: { reason: string; environment: string; nowMs: number },
): CancelMessage {
  const { recipient } = run.key;
  return {
    type: 'workflow_run.cancelled',
    timestamp: new Date(nowMs).toISOString(),
    data: {
      id: printRunId(run.key),
      workflow_run_id: run.workflowRunId,
      workflow: run.workflow,
      recipient: {
        id: recipient.id,
        ...(recipient.kind === 'object' && { collection: recipient.collection }),
      },
      cancellation_key: run.cancellationKey ?? null,
      reason,
      environment,
    },
  };
}
