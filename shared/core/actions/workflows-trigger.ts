import * as z from 'zod';
import { checkData } from '../configuration/check-data.ts';
import { delaySeconds } from '../configuration/schema.ts';
import { type Entity, recipientKey } from '../directory/entity.ts';
import type { FieldError } from '../errors.ts';
import type { JsonObject } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { type ActionResult, invalidParams, nothingGiven } from '../logs/action-result.ts';
import { findTarget } from '../runs/find-target.ts';
import { startEverybody } from '../runs/start-everybody.ts';
import type { ObjectRef } from '../runs/subscriber-pages.ts';
import { defineAction } from './action.ts';
import { identifyInline, type Named } from './parts/identify-inline.ts';
import { JsonMap, Text } from './parts/params.ts';
import { OptionalRecipient, OptionalTenant, type Recipient, Recipients } from './parts/recipient.ts';
import { TriggerSettings } from './parts/trigger-settings.ts';

const recipientsMax = 1000;

/**
 * Starts a workflow: one run per recipient, under one id; an object is a recipient itself and stands for its subscribers,
 * two levels deep. Each gets one run however often it comes up; being listed counts before being a subscriber. Whoever is described inline is written to the directory first;
 * an id that nobody has identified gets no run and a warning. https://docs.knock.app/send-notifications/triggering-workflows
 */
export const workflowsTrigger = defineAction({
  id: 'workflows_trigger',
  does: 'starts a workflow: one run for each recipient',
  defaults: { recipients: 'user_id' },
  eventData: 'data',
  names: { parameter: 'key', type: 'workflow', isBare: true },
  startsRunsFor: 'recipients',
  params: z.object({
    key: Text.describe('The workflow; may be written bare.'),
    recipients: Recipients.describe('Who gets a run; 1 to 1000.'),
    actor: OptionalRecipient.describe('Who did it.'),
    tenant: OptionalTenant.describe('The tenant that the runs are for; made where it is not there.'),
    data: JsonMap.optional().describe("What the workflow is given. Left out: the event's `data`."),
    cancellation_key: Text.optional().describe('For [workflows_cancel](workflows-cancel.md); best unique per trigger.'),
    settings: TriggerSettings.optional().describe(
      "Passed on to the target; `skip_delay` also skips the `delay` of the workflow's file.",
    ),
  }),
  suggestion: {
    // What has no likelier action notifies somebody; the listing asks this one last.
    fits: () => true,
    parameters: (event) => ({ key: event.workflow(), recipients: event.person(), data: event.data() }),
  },
  async run({ key: workflow, recipients, actor, tenant, ...params }, context) {
    const { configuration, environment, event, directory, nowMs } = context;
    const found = findTarget(workflow, configuration, environment);
    // Switched off while its runs waited: they are taken back. On a first attempt none can be waiting.
    const mode = 'reason' in found ? 'end' : 'start';
    if ('reason' in found && (found.reason !== 'workflow_inactive' || !context.again)) {
      return { status: 'failed', reason: found.reason, detail: found.detail };
    }
    if (recipients.length === 0) return nothingGiven('recipients');
    if (recipients.length > recipientsMax) return tooMany(recipients.length);
    const data = params.data ?? event.data ?? {};
    const problems = found.file.data_schema ? await checkData(found.file.data_schema as JsonObject, data) : [];
    if (problems.length > 0) return dataInvalid(problems);

    // Who is listed has been seen to before the walk over subscribers goes on.
    const isWalking = context.progress?.place !== undefined;
    const everybody = named({ recipients: isWalking ? [] : recipients, actor, tenant });
    const identified = await identifyInline(everybody, directory, event.occurredAtMs, nowMs());
    if (identified.kind === 'invalid') return invalidParams(identified.errors);
    const { entities } = identified;
    const actorEntity = actor && entities.get(recipientKey(actor.ref));
    if (actor && actorEntity === undefined) return unknownActor(recipientKey(actor.ref));
    const tenantEntity = tenant && entities.get(recipientKey(tenant.ref));

    const { runnable, missing } = expandRecipients(isWalking ? [] : recipients, entities);
    const nowAtMs = nowMs();
    const delay = params.settings?.skip_delay ? undefined : found.file.delay;
    const started = await startEverybody(
      {
        template: {
          workflow,
          workflowRunId: context.id,
          mapping: context.mapping,
          ...(actor && { actor: actor.ref }),
          ...(tenant && { tenant: tenant.ref.id }),
          status: 'pending',
          target: found.target.type,
          eventId: event.id,
          source: event.source,
          origin: context.origin,
          ...(params.cancellation_key && { cancellationKey: params.cancellation_key }),
          // Counted from the event, so that however often this runs the time is the same.
          ...(delay !== undefined && { notBeforeMs: event.receivedAtMs + delaySeconds(delay) * 1000 }),
          data,
          attempts: 0,
          insertedAtMs: nowAtMs,
          updatedAtMs: nowAtMs,
        },
        target: context.openTarget(workflow, found.target),
        listed: isWalking ? undefined : runnable,
        listedKeys: new Set(recipients.map(({ ref }) => recipientKey(ref))),
        objects: objectsOf(recipients),
        ...(actor && { actorKey: recipientKey(actor.ref) }),
        mode,
      },
      {
        ...context,
        ...(actorEntity && { actor: actorEntity }),
        ...(tenantEntity && { tenant: tenantEntity }),
        ...(params.settings && { settings: params.settings }),
      },
    );
    return withWarnings(started, [...identified.warnings, ...missingWarning(missing)], context.progress);
  },
});

function dataInvalid(errors: FieldError[]): ActionResult {
  const [first] = errors;
  const detail = `${first?.field} ${first?.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`;
  return { status: 'failed', reason: 'data_invalid', detail, errors };
}

/** Warnings come up while those listed are seen to; an action that goes on in other attempts takes them along. */
function withWarnings(started: ActionResult, found: ActionWarning[], progress: JsonObject | undefined): ActionResult {
  const earlier = progress?.place === undefined ? [] : ((progress.warnings ?? []) as ActionWarning[]);
  const warnings = [...earlier, ...found];
  if (warnings.length === 0) return started;
  const isWalking = started.status === 'pending' && started.progress?.place !== undefined;
  if (!isWalking) return { ...started, warnings };
  return { ...started, warnings, progress: { ...started.progress, warnings: warnings.slice(0, warningsMax) } };
}

const warningsMax = 20;

/** Objects that are listed, once each, in the order listed. */
function objectsOf(recipients: Recipient[]): ObjectRef[] {
  const refs = recipients.flatMap(({ ref }) => (ref.kind === 'object' ? [ref] : []));
  return [...new Map(refs.map((ref) => [recipientKey(ref), ref])).values()];
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
