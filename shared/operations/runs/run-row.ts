import { recipientKey } from '../../core/ids/entity-ref.ts';
import { printRunId } from '../../core/ids/run-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { endingOf, type RunStatus, type WorkflowRun } from '../../core/runs/workflow-run.ts';
import { iso } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** One recipient's run of one trigger. */
export type RunRow = {
  id: string;
  workflow: string;
  /** Shared by all runs of one trigger. */
  workflow_run_id: string;
  /** A user id, or `collection/id` of an object. */
  recipient: string;
  status: RunStatus;
  event_id: string;
  /** The action that started it. */
  action_id: string;
  mapping: string;
  execution: string;
  source: string;
  actor: string | null;
  tenant: string | null;
  target: string;
  /** What the target answered. */
  target_reference: JsonObject | null;
  attempts: number;
  error: string | null;
  cancellation_key: string | null;
  /** Why it was cancelled. */
  cancel_reason: string | null;
  data: JsonObject;
  inserted_at: string;
  updated_at: string;
};

export function runRow(run: WorkflowRun): RunRow {
  const { targetReference, error, cancelReason } = endingOf(run);
  return {
    id: printRunId(run.key),
    workflow: run.workflow,
    workflow_run_id: run.workflowRunId,
    recipient: recipientKey(run.key.recipient),
    status: run.status,
    event_id: run.eventId,
    action_id: run.workflowRunId,
    mapping: run.mapping,
    execution: run.key.execution,
    source: run.source,
    actor: run.actor === undefined ? null : recipientKey(run.actor),
    tenant: run.tenant ?? null,
    target: run.target,
    target_reference: targetReference ?? null,
    attempts: run.attempts,
    error: error ?? null,
    cancellation_key: run.cancellationKey ?? null,
    cancel_reason: cancelReason ?? null,
    data: run.data,
    inserted_at: iso(run.insertedAtMs),
    updated_at: iso(run.updatedAtMs),
  };
}
