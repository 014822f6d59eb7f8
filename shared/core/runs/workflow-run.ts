import * as z from 'zod';
import { defined } from '../defined.ts';
import type { EntityRef, ObjectRef } from '../ids/entity-ref.ts';
import type { RunKey } from '../ids/run-id.ts';
import { isJsonObject, type JsonObject } from '../json/values.ts';

/** Why a run was cancelled. `operator`: by hand. */
export const CancelReason = z.enum([
  'workflows_cancel',
  'recipient_deleted',
  'workflow_inactive',
  'operator',
  'person_erased',
]);
export type CancelReason = z.infer<typeof CancelReason>;

// Any size and depth; it was checked when the event was read, so here it only has to be a map.
const Json = z.custom<JsonObject>(isJsonObject);
const Ref = z.custom<EntityRef>(isJsonObject);
const ObjectReference = z.custom<ObjectRef>(isJsonObject);

/** The subscription that led to the recipient, as it was at that time. */
export const RunSubscription = z.object({ object: ObjectReference, properties: Json });
export type RunSubscription = z.infer<typeof RunSubscription>;

/**
 * The members of a run in every state. Times are epoch milliseconds here, ISO text in the table.
 */
const base = z.object({
  key: z.custom<RunKey>(isJsonObject),
  workflow: z.string(),
  /** Shared by all runs of one trigger; the action's id. */
  workflowRunId: z.string(),
  mapping: z.string(),
  actor: Ref.optional(),
  tenant: z.string().optional(),
  /** Type of the target. */
  target: z.string(),
  eventId: z.string(),
  source: z.string(),
  /**
   * The last cause: a run that failed for one origin may be tried again by another (a replay, a
   * resend).
   */
  origin: z.string(),
  cancellationKey: z.string().optional(),
  /** Absent for a recipient that the trigger names. */
  subscription: RunSubscription.optional(),
  /** The audience whose new member this run greets; absent when an event asked for it. */
  audience: z.string().optional(),
  /** Not handed off earlier: the event's receive time plus the workflow's delay. */
  notBeforeMs: z.number().optional(),
  /** Id of the run's batch, for targets that take many at once; see run-batches.ts. */
  batch: z.string().optional(),
  /** The trigger's data, with this recipient's `$trigger_data` over it. */
  data: Json,
  attempts: z.number(),
  insertedAtMs: z.number(),
  updatedAtMs: z.number(),
});

/**
 * The target's answer: `{ status: 202, response: "…" }`. Absent when it was not called, or did not
 * answer.
 */
const targetReference = Json.optional();

/** One recipient's run, by status. */
export const WorkflowRun = z.discriminatedUnion('status', [
  /** Written, but its target has not taken it yet. */
  z.object({ ...base.shape, status: z.literal('pending') }),
  /** Written, and kept until an operator resumes its workflow. docs/protocols/holds.md */
  z.object({ ...base.shape, status: z.literal('held') }),
  /** Its target took it, or the run is only a record. */
  z.object({ ...base.shape, status: z.literal('handed_off'), targetReference }),
  /** Its target refused it for good, or failed for as long as we retry. */
  z.object({ ...base.shape, status: z.literal('failed'), error: z.string(), targetReference }),
  /**
   * Cancelled before it was handed off, or by its target afterwards. Members of its earlier status
   * may remain.
   */
  z.object({
    ...base.shape,
    status: z.literal('cancelled'),
    cancelReason: CancelReason,
    error: z.string().optional(),
    targetReference,
  }),
]);
export type WorkflowRun = z.infer<typeof WorkflowRun>;
export type RunStatus = WorkflowRun['status'];
export type PendingRun = Extract<WorkflowRun, { status: 'pending' }>;

/**
 * A run's end, for lists that show every status alike; members that its status lacks are absent.
 */
export function endingOf(run: WorkflowRun): {
  cancelReason?: CancelReason;
  error?: string;
  targetReference?: JsonObject;
} {
  const { cancelReason, error, targetReference } = run as Partial<Extract<WorkflowRun, { status: 'cancelled' }>>;
  return defined({ cancelReason, error, targetReference });
}
