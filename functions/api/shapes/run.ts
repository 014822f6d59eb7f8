import { v5 as uuidV5 } from 'uuid';
import * as z from 'zod';
import { describeRef } from '../../../shared/core/ids/entity-ref.ts';
import { signalboxNamespace } from '../../../shared/core/ids/invocation-id.ts';
import { printRunId } from '../../../shared/core/ids/run-id.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { triggerTypeOf } from '../../../shared/core/runs/run-message.ts';
import { endingOf, type WorkflowRun } from '../../../shared/core/runs/workflow-run.ts';
import type { FoundRun } from '../../../shared/operations/requests/find-run.ts';
import { errorCount, publicStatus, publicStatuses } from '../../../shared/operations/runs/run-status.ts';
import { RecipientReference } from './references.ts';

const text = z.string().nullable();

const fields = {
  __typename: z.literal('WorkflowRecipientRun'),
  id: z.string(),
  workflow: z.string(),
  workflow_run_id: z.string().describe('Shared by all runs of one trigger.'),
  status: z.enum(publicStatuses),
  recipient: RecipientReference,
  actor: RecipientReference.nullable(),
  tenant: text,
  trigger_source: z.object({
    type: z.enum(['api', 'audience', 'integration']),
    audience_key: text,
    cancellation_key: text,
    schedule_id: z.null(),
  }),
  error_count: z.int(),
  inserted_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
};

export const Run = z.object(fields).meta({ id: 'WorkflowRecipientRun' });

const RunEvent = z
  .object({
    __typename: z.literal('WorkflowRecipientRunEvent'),
    id: z.string(),
    event: z.string(),
    status: z.enum(['ok', 'error']),
    attempt: z.int().optional(),
    step_ref: z.null(),
    step_type: z.null(),
    data: z.record(z.string(), z.unknown()).nullable(),
    inserted_at: z.iso.datetime(),
  })
  .meta({ id: 'WorkflowRecipientRunEvent' });

export const RunDetail = z.object({ ...fields, events: z.array(RunEvent) }).meta({ id: 'WorkflowRecipientRunDetail' });

export function runShape(run: WorkflowRun, nowMs: number): z.infer<typeof Run> {
  return {
    __typename: 'WorkflowRecipientRun',
    id: printRunId(run.key),
    workflow: run.workflow,
    workflow_run_id: run.workflowRunId,
    status: publicStatus(run, nowMs),
    recipient: describeRef(run.key.recipient),
    actor: run.actor === undefined ? null : describeRef(run.actor),
    tenant: run.tenant ?? null,
    trigger_source: {
      type: triggerTypeOf(run),
      audience_key: run.audience ?? null,
      cancellation_key: run.cancellationKey ?? null,
      schedule_id: null,
    },
    error_count: errorCount(run),
    inserted_at: iso(run.insertedAtMs),
    updated_at: iso(run.updatedAtMs),
  };
}

export function runDetailShape(found: FoundRun, nowMs: number): z.infer<typeof RunDetail> {
  return { ...runShape(found.run, nowMs), events: eventsOf(found) };
}

type Happened = { event: string; status: 'ok' | 'error'; attempt?: number; data: JsonObject | null; atMs: number };

/** Why a run waits that no try has failed. */
const untried: readonly (string | undefined)[] = ['delayed', 'held', 'rate_limited'];

/** What the rows know of it, in its order. A row keeps its state, not its history. */
function eventsOf({ run, waits }: FoundRun): z.infer<typeof RunEvent>[] {
  const id = printRunId(run.key);
  const { cancelReason, error, targetReference = null } = endingOf(run);
  const { attempts, updatedAtMs: atMs } = run;
  const happened: Happened[] = [
    { event: 'run.queued', status: 'ok', data: { target: run.target, event_id: run.eventId }, atMs: run.insertedAtMs },
  ];
  if (run.notBeforeMs !== undefined)
    happened.push({
      event: 'run.delayed',
      status: 'ok',
      data: { until: iso(run.notBeforeMs) },
      atMs: run.insertedAtMs,
    });
  if (run.status === 'held')
    happened.push({ event: 'run.held', status: 'ok', data: { detail: waits?.outcome.detail ?? null }, atMs });
  if (waits !== undefined && !untried.includes(waits.outcome.reason)) {
    const { outcome, sinceMs } = waits;
    const retryAt = outcome.retryAtMs === undefined ? null : iso(outcome.retryAtMs);
    happened.push({
      event: 'run.retried',
      status: outcome.reason?.startsWith('target_') ? 'error' : 'ok',
      attempt: outcome.attempts,
      data: { reason: outcome.reason ?? null, detail: outcome.detail ?? null, retry_at: retryAt },
      atMs: sinceMs,
    });
  }
  if (run.status === 'handed_off')
    happened.push({ event: 'run.handed_off', status: 'ok', attempt: attempts, data: targetReference, atMs });
  if (run.status === 'failed')
    happened.push({
      event: 'run.failed',
      status: 'error',
      attempt: attempts,
      data: { error: error ?? null, answer: targetReference },
      atMs,
    });
  if (run.status === 'cancelled')
    happened.push({ event: 'run.cancelled', status: 'ok', data: { reason: cancelReason ?? null }, atMs });
  return happened.map(({ event, atMs, ...rest }) => ({
    __typename: 'WorkflowRecipientRunEvent',
    id: uuidV5(`${id}#${event}`, signalboxNamespace),
    event,
    ...rest,
    step_ref: null,
    step_type: null,
    inserted_at: iso(atMs),
  }));
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
