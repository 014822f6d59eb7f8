import type { EntityRef } from '../directory/entity.ts';
import type { RunKey } from '../ids/run-id.ts';
import type { JsonObject } from '../json/values.ts';

/**
 * - `pending`: written, and its target has not taken it yet;
 * - `handed_off`: the target took it, or the run is a record and nothing more;
 * - `failed`: the target refused it for good, or could not be reached for as long as we try;
 * - `cancelled`: taken back before it was handed off, or by its target afterwards.
 */
export type RunStatus = 'pending' | 'handed_off' | 'failed' | 'cancelled';

/** Why a run was taken back. `operator`: by hand. */
export type CancelReason = 'workflows_cancel' | 'recipient_deleted' | 'workflow_inactive' | 'operator';

/** The subscription that led to a recipient, as it was then. */
export type RunSubscription = { object: Extract<EntityRef, { kind: 'object' }>; properties: JsonObject };

/** One recipient's run. Times are epoch milliseconds here, ISO text in the table. */
export type WorkflowRun = {
  key: RunKey;
  workflow: string;
  /** Shared by all runs of one trigger; the action's id. */
  workflowRunId: string;
  mapping: string;
  actor?: EntityRef;
  tenant?: string;
  status: RunStatus;
  /** Type of the target. */
  target: string;
  eventId: string;
  source: string;
  /** Who asked last: a run that failed for one origin may be tried again by another (a replay, a resend). */
  origin: string;
  cancellationKey?: string;
  /** Absent for a recipient that the trigger names itself. */
  subscription?: RunSubscription;
  /** The audience whose new member this run greets; absent when an event asked for it. */
  audience?: string;
  /** Not handed off before: the event's receive time and the workflow's delay. */
  notBeforeMs?: number;
  /** The call that this run is part of, for targets that take many at once; see run-batches.ts. */
  batch?: string;
  cancelReason?: CancelReason;
  /** What the trigger was given, with this recipient's `$trigger_data` over it. */
  data: JsonObject;
  attempts: number;
  /** What the target said: `{ status: 202, response: "…" }`. */
  targetReference?: JsonObject;
  error?: string;
  insertedAtMs: number;
  updatedAtMs: number;
};
