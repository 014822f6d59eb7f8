import * as z from 'zod';
import type { Target } from '../configuration/schema.ts';
import { type Entity, recipientKey } from '../directory/entity.ts';
import type { JsonObject } from '../json.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { runKey } from '../runs/run-id.ts';
import { startRuns } from '../runs/start-runs.ts';
import type { WorkflowRun } from '../runs/workflow-run.ts';
import { type ActionContext, type ActionResult, defineAction, invalidParams } from './action.ts';
import { identifyInline, type Named } from './parts/identify-inline.ts';
import { JsonMap, Text } from './parts/params.ts';
import { OptionalRecipient, OptionalTenant, type Recipient, Recipients } from './parts/recipient.ts';

const recipientsMax = 1000;

/**
 * Starts a workflow: one run per recipient, under one id. Whoever is described inline is written to the directory first;
 * an id that nobody has identified gets no run and a warning. https://docs.knock.app/send-notifications/triggering-workflows
 */
export const workflowsTrigger = defineAction({
  id: 'workflows_trigger',
  params: z.object({
    key: Text,
    recipients: Recipients,
    actor: OptionalRecipient,
    tenant: OptionalTenant,
    data: JsonMap.optional(),
    cancellation_key: Text.optional(),
    settings: z.object({ sandbox_mode: z.boolean().optional(), skip_delay: z.boolean().optional() }).optional(),
  }),
  async run({ key: workflow, recipients, actor, tenant, ...params }, context) {
    const { configuration, environment, event, directory, nowMs } = context;
    const destination = findDestination(workflow, configuration, environment);
    if ('no' in destination) return destination.no;
    if (recipients.length === 0) return nobody();
    if (recipients.length > recipientsMax) return tooMany(recipients.length);

    const everybody = named({ recipients, actor, tenant });
    const identified = await identifyInline(everybody, directory, event.occurredAtMs, nowMs());
    if (identified.kind === 'invalid') return invalidParams(identified.errors);
    const { entities } = identified;
    const actorEntity = actor && entities.get(recipientKey(actor.ref));
    if (actor && actorEntity === undefined) return unknownActor(recipientKey(actor.ref));
    const tenantEntity = tenant && entities.get(recipientKey(tenant.ref));

    const { runnable, missing } = expandRecipients(recipients, entities);
    const nowAtMs = nowMs();
    const runs = runnable.map(({ entity, triggerData }) => ({
      recipient: entity,
      run: {
        key: runKey(entity.ref, context.execution, context.mapping),
        workflow,
        workflowRunId: context.id,
        mapping: context.mapping,
        ...(actor && { actor: actor.ref }),
        ...(tenant && { tenant: tenant.ref.id }),
        status: 'pending',
        target: destination.target.type,
        eventId: event.id,
        source: event.source,
        origin: context.origin,
        ...(params.cancellation_key && { cancellationKey: params.cancellation_key }),
        data: { ...(params.data ?? event.data), ...triggerData },
        attempts: 0,
        insertedAtMs: nowAtMs,
        updatedAtMs: nowAtMs,
      } satisfies WorkflowRun,
    }));
    const started = await startRuns(runs, context.openTarget(workflow, destination.target), {
      ...context,
      ...(actorEntity && { actor: actorEntity }),
      ...(tenantEntity && { tenant: tenantEntity }),
      ...(params.settings && { settings: withoutUndefined(params.settings) }),
    });
    const warnings = [...identified.warnings, ...missingWarning(missing)];
    return { ...started, ...(warnings.length > 0 && { warnings }) };
  },
});

function findDestination(
  workflow: string,
  { snapshot, state }: ActionContext['configuration'],
  environment: string,
): { target: Target } | { no: ActionResult } {
  const no = (reason: 'workflow_missing' | 'workflow_inactive' | 'target_missing', detail: string) => ({
    no: { status: 'failed', reason, detail } satisfies ActionResult,
  });
  if (!Object.hasOwn(snapshot.workflows, workflow)) {
    return no('workflow_missing', `workflow "${workflow}" is not committed in ${environment}`);
  }
  if (state.inactive_workflows.includes(workflow)) {
    return no('workflow_inactive', `workflow "${workflow}" is switched off in ${environment}`);
  }
  const targets = snapshot.workflows[workflow]?.target ?? {};
  const target = Object.hasOwn(targets, environment) ? targets[environment] : undefined;
  if (target === undefined) {
    return no(
      'target_missing',
      `workflow "${workflow}" has no target for ${environment}; add one under "target" in its file`,
    );
  }
  return { target };
}

function nobody(): ActionResult {
  const errors = [{ field: 'recipients', message: 'recipients is required and resolved to nothing' }];
  return {
    status: 'skipped',
    reason: 'required_field_missing',
    detail: 'recipients is required and resolved to nothing',
    errors,
  };
}

function tooMany(count: number): ActionResult {
  const message = `names ${count} recipients; one trigger takes at most ${recipientsMax}`;
  return {
    status: 'failed',
    reason: 'too_many_recipients',
    detail: `recipients ${message}`,
    errors: [{ field: 'recipients', message }],
  };
}

function unknownActor(id: string): ActionResult {
  const message = `${id} is not a known user`;
  return {
    status: 'failed',
    reason: 'actor_missing',
    detail: `actor ${message}`,
    errors: [{ field: 'actor', message }],
  };
}

function named(params: {
  recipients: Recipient[];
  actor?: Recipient | undefined;
  tenant?: Recipient | undefined;
}): Named[] {
  return [
    ...params.recipients.map((recipient) => ({ field: 'recipients', recipient })),
    ...(params.actor ? [{ field: 'actor', recipient: params.actor }] : []),
    ...(params.tenant ? [{ field: 'tenant', recipient: params.tenant }] : []),
  ];
}

type Expanded = { runnable: { entity: Entity; triggerData: JsonObject }[]; missing: string[] };

/** Who gets a run: everybody listed and known, once, in the order listed, with all the `$trigger_data` given for them. */
function expandRecipients(recipients: Recipient[], entities: Map<string, Entity>): Expanded {
  const runnable = new Map<string, Expanded['runnable'][number]>();
  const missing = new Set<string>();
  for (const { ref, triggerData } of recipients) {
    const key = recipientKey(ref);
    const entity = entities.get(key);
    if (entity === undefined) missing.add(key);
    else runnable.set(key, { entity, triggerData: { ...runnable.get(key)?.triggerData, ...triggerData } });
  }
  return { runnable: [...runnable.values()], missing: [...missing] };
}

const namesInWarning = 10;

function missingWarning(missing: string[]): ActionWarning[] {
  if (missing.length === 0) return [];
  const names = missing.slice(0, namesInWarning).join(', ');
  const more = missing.length > namesInWarning ? ` and ${missing.length - namesInWarning} more` : '';
  return [{ code: 'recipient_missing', message: `no run for ${names}${more}: not identified yet` }];
}

function withoutUndefined(settings: Record<string, boolean | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, boolean] => entry[1] !== undefined),
  );
}
