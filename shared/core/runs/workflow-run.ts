import * as z from 'zod';
import { defined } from '../defined.ts';
import type { EntityRef, ObjectRef } from '../ids/entity-ref.ts';
import type { RunKey } from '../ids/run-id.ts';
import { isJsonObject, type JsonObject } from '../json/values.ts';

/** Why a run was taken back. `operator`: by hand. */
export const CancelReason = z.enum(['workflows_cancel', 'recipient_deleted', 'workflow_inactive', 'operator']);
export type CancelReason = z.infer<typeof CancelReason>;

// Of any size and depth, and checked when the event was read: only that it is a map matters here.
const Json = z.custom<JsonObject>(isJsonObject);
const Ref = z.custom<EntityRef>(isJsonObject);
const ObjectReference = z.custom<ObjectRef>(isJsonObject);

/** The subscription that led to a recipient, as it was then. */
export const RunSubscription = z.object({ object: ObjectReference, properties: Json });
export type RunSubscription = z.infer<typeof RunSubscription>;

/** What a run has in every state. Times are epoch milliseconds here, ISO text in the table. */
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
  /** What asked last: a run that failed for one origin may be tried again by another (a replay, a resend). */
  origin: z.string(),
  cancellationKey: z.string().optional(),
  /** Absent for a recipient that the trigger names itself. */
  subscription: RunSubscription.optional(),
  /** The audience whose new member this run greets; absent when an event asked for it. */
  audience: z.string().optional(),
  /** Not handed off before: the event's receive time and the workflow's delay. */
  notBeforeMs: z.number().optional(),
  /** The call that this run is part of, for targets that take many at once; see run-batches.ts. */
  batch: z.string().optional(),
  /** What the trigger was given, with this recipient's `$trigger_data` over it. */
  data: Json,
  attempts: z.number(),
  insertedAtMs: z.number(),
  updatedAtMs: z.number(),
});

/** What the target said: `{ status: 202, response: "…" }`. Absent when it was not called, or did not answer. */
const targetReference = Json.optional();

/** One recipient's run, by how far it has come. */
export const WorkflowRun = z.discriminatedUnion('status', [
  /** Written, and its target has not taken it yet. */
  z.object({ ...base.shape, status: z.literal('pending') }),
  /** Its target took it, or the run is a record and nothing more. */
  z.object({ ...base.shape, status: z.literal('handed_off'), targetReference }),
  /** Its target refused it for good, or could not be reached for as long as we try. */
  z.object({ ...base.shape, status: z.literal('failed'), error: z.string(), targetReference }),
  /** Taken back before it was handed off, or by its target afterwards. What it was before may have left its traces. */
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

/** How a run ended, for lists that show every state alike; what its state does not have is absent. */
export function endingOf(run: WorkflowRun): {
  cancelReason?: CancelReason;
  error?: string;
  targetReference?: JsonObject;
} {
  const { cancelReason, error, targetReference } = run as Partial<Extract<WorkflowRun, { status: 'cancelled' }>>;
  return defined({ cancelReason, error, targetReference });
}
