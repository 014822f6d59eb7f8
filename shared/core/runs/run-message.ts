import { type Entity, publicView } from '../directory/entity.ts';
import { apiSource } from '../ids/api-source.ts';
import { describeRef } from '../ids/entity-ref.ts';
import { printRunId } from '../ids/run-id.ts';
import type { JsonObject } from '../json/values.ts';
import { isTestRun } from './test-run.ts';
import type { WorkflowRun } from './workflow-run.ts';

/**
 * The message that starts a run, in the envelope that Standard Webhooks advises:
 *
 * ```json
 * {
 *   "type": "workflow.run",
 *   "timestamp": "2026-05-04T08:15:30.120Z",
 *   "data": {
 *     "id": "01JD3Q9F7K8M25RXK0Q4T9B7C0-5e884898-user-1",
 *     "workflow_run_id": "f12c50a4-a4cb-571d-8d7f-7c4f1e770922",
 *     "workflow": "order-completed",
 *     "recipient": { "id": "user-1", "email": "lena@orchard.example", "plan": "team", … },
 *     "actor": null,
 *     "tenant": null,
 *     "data": { "order_id": "50314b8e", "total": 27.5 },
 *     "settings": { "sandbox_mode": true },
 *     "trigger_source": { "type": "integration", "source": "rudderstack", "cancellation_key": null },
 *     "environment": "production",
 *     "event": { "id": "01JD3Q9F7K8M25RXK0Q4T9B7C0", "source": "rudderstack", "type": "track/order_completed" }
 *   }
 * }
 * ```
 *
 * A recipient reached as a subscriber has `subscription`: its properties, and the `object`
 * subscribed to. `trigger_source` is `{ type: 'api', cancellation_key }` for a trigger of the REST
 * API, and `{ type: 'audience', audience_key }` for a run that greets a new member of an audience.
 *
 * Recipient, actor and tenant carry their stored fields and custom properties as of this attempt (objects also
 * `collection`), but neither preferences nor channel data. `timestamp` is when the event happened. `settings` is there
 * when the mapping has it, and `test` (true) when an operator started the run to try the workflow.
 */
export type RunMessage = { type: 'workflow.run'; timestamp: string; data: JsonObject };

/**
 * Runs of one trigger in one message, for targets that take batches; `data` lists the `data` of
 * each run.
 */
export type RunsMessage = { type: 'workflow.runs'; timestamp: string; data: JsonObject[] };

export function runsMessage(messages: RunMessage[]): RunsMessage {
  // One trigger, one event, one time.
  return { type: 'workflow.runs', timestamp: messages[0]?.timestamp ?? '', data: messages.map(({ data }) => data) };
}

export type RunCircumstances = {
  recipient: Entity;
  /** The object whose subscriber the recipient is, as targets see it. */
  subscribedTo?: JsonObject;
  actor?: Entity;
  tenant?: Entity;
  settings?: JsonObject;
  environment: string;
  event: { id: string; source: string; eventType: string; occurredAtMs: number };
};

export function runMessage(run: WorkflowRun, circumstances: RunCircumstances): RunMessage {
  const { recipient, subscribedTo, actor, tenant, settings, environment, event } = circumstances;
  return {
    type: 'workflow.run',
    timestamp: new Date(event.occurredAtMs).toISOString(),
    data: {
      id: printRunId(run.key),
      workflow_run_id: run.workflowRunId,
      workflow: run.workflow,
      recipient: {
        ...publicView(recipient),
        ...(run.subscription && {
          subscription: {
            ...run.subscription.properties,
            object: subscribedTo ?? describeRef(run.subscription.object),
          },
        }),
      },
      actor: actor === undefined ? null : publicView(actor),
      tenant: tenant === undefined ? null : publicView(tenant),
      data: run.data,
      ...(settings !== undefined && { settings }),
      trigger_source: triggerSourceOf(run),
      environment,
      ...(isTestRun(event) && { test: true }),
      event: { id: event.id, source: event.source, type: event.eventType },
    },
  };
}

function triggerSourceOf(run: WorkflowRun): JsonObject {
  const type = triggerTypeOf(run);
  if (type === 'audience') return { type, audience_key: run.audience ?? null };
  const cancellation_key = run.cancellationKey ?? null;
  return type === 'api' ? { type, cancellation_key } : { type, source: run.source, cancellation_key };
}

/** What asked for a run. `integration`: an event of a source. */
export function triggerTypeOf({ audience, source }: WorkflowRun): 'audience' | 'api' | 'integration' {
  if (audience !== undefined) return 'audience';
  return source === apiSource ? 'api' : 'integration';
}
