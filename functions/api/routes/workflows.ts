import * as z from 'zod';
import { isBlank, type JsonValue } from '../../../shared/core/json/values.ts';
import { cancelWorkflow } from '../../../shared/operations/requests/cancel-workflow.ts';
import type { WorkflowRefusal } from '../../../shared/operations/requests/find-workflow.ts';
import type { TriggerAsked } from '../../../shared/operations/requests/read-trigger.ts';
import { type TriggerRefusal, triggerWorkflow } from '../../../shared/operations/requests/trigger-workflow.ts';
import { invalidFields, noContent, ok, type Refused } from '../answer.ts';
import { defineRoute, type Route } from '../route.ts';
import { JsonMapBody } from '../shapes/fields.ts';
import { RecipientReference, RecipientRequest } from '../shapes/references.ts';

const params = z.object({ key: z.string().describe('The workflow.') });
const path = '/v1/workflows/{key}';
const query = z.object({});
const recipientsMax = 1000;

const Switch = z.boolean().nullable().optional();

export const workflowRoutes: readonly Route[] = [
  defineRoute({
    call: 'workflows.trigger',
    method: 'POST',
    path: `${path}/trigger`,
    does: 'starts a workflow: one run for each recipient; those described are set first',
    permission: 'secret',
    params,
    query,
    body: z
      .object({
        recipients: z.array(RecipientRequest).min(1).max(recipientsMax).describe('Who gets a run.'),
        actor: RecipientRequest.nullable().optional().describe('Who did it. A user that is only named must exist.'),
        tenant: z
          .union([z.string(), z.looseObject({ id: z.string() })], { error: 'must be an id, or a map with an id' })
          .nullable()
          .optional()
          .describe('The tenant that the runs are for; made where it is not there.'),
        data: JsonMapBody.describe('What the workflow is given.'),
        cancellation_key: z.string().nullable().optional().describe('For `workflows.cancel`; best unique per trigger.'),
        settings: z
          .object({
            sandbox_mode: Switch.describe('Passed on to the target.'),
            skip_delay: Switch.describe("Passed on to the target; also skips the `delay` of the workflow's file."),
          })
          .nullable()
          .optional(),
      })
      .meta({ id: 'WorkflowTriggerRequest' }),
    answer: z.object({ workflow_run_id: z.string().describe('A UUID. Each run of this trigger has it.') }),
    async handle({ params: { key }, body, request, ports }) {
      const triggered = await triggerWorkflow(key, body as TriggerAsked, request, ports);
      if (triggered.kind === 'refused') return refused(triggered);
      const { workflowRunId, replayOf, recorded } = triggered;
      const headers = { 'idempotent-replayed': 'true', 'original-x-request-id': replayOf ?? '' };
      return ok({ workflow_run_id: workflowRunId }, recorded, replayOf === undefined ? undefined : headers);
    },
  }),
  defineRoute({
    call: 'workflows.cancel',
    method: 'POST',
    path: `${path}/cancel`,
    does: 'cancels unfinished runs of a workflow by their cancellation key, of all recipients or of some',
    permission: 'secret',
    params,
    query,
    body: z
      .object({
        cancellation_key: z.string().refine((key) => !isBlank(key), 'must not be blank'),
        recipients: z
          .array(RecipientReference)
          .min(1)
          .max(recipientsMax)
          .nullable()
          .optional()
          .describe('Only runs of these; left out or null: runs of all recipients.'),
      })
      .meta({ id: 'WorkflowCancelRequest' }),
    async handle({ params: { key }, body, request, ports }) {
      const recipients = (body.recipients ?? undefined) as JsonValue[] | undefined;
      const asked = { cancellation_key: body.cancellation_key, ...(recipients && { recipients }) };
      const cancelled = await cancelWorkflow(key, asked, request, ports);
      return cancelled.kind === 'refused' ? refused(cancelled) : noContent(cancelled.recorded);
    },
  }),
];

function refused(refusal: TriggerRefusal | WorkflowRefusal): Refused {
  const { kind, reason } = refusal;
  if ('errors' in refusal) return invalidFields(refusal.errors, reason);
  const { detail: message } = refusal;
  if ('retryAfterSeconds' in refusal)
    return { kind, status: 503, code: reason, message, retryAfterSeconds: refusal.retryAfterSeconds };
  const status = reason === 'workflow_missing' ? 404 : reason === 'payload_too_large' ? 413 : 422;
  return { kind, status, code: reason, message };
}
