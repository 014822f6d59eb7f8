import * as z from 'zod';
import { checkData } from '../configuration/check-data.ts';
import { delaySeconds, recipientWaitMs } from '../configuration/delays.ts';
import type { Entity } from '../directory/entity.ts';
import type { FieldError } from '../errors.ts';
import { type EntityRef, recipientKey } from '../ids/entity-ref.ts';
import type { JsonObject } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { type ActionResult, invalidParams, nothingGiven } from '../logs/action-result.ts';
import type { ActionContext } from '../runs/action-context.ts';
import { findTarget } from '../runs/find-target.ts';
import { holdOn } from '../runs/hold.ts';
import { startFanOut } from '../runs/start-fan-out.ts';
import type { ObjectRef } from '../runs/subscriber-pages.ts';
import { listUnknown, type Unknown, unknownOf, waitsForRecipients } from '../runs/unknown-recipients.ts';
import { defineAction } from './action.ts';
import { identifyInline, type Named } from './parts/identify-inline.ts';
import { CancellationKey, JsonMap, Text } from './parts/params.ts';
import { OptionalRecipient, OptionalTenant, type Recipient, Recipients } from './parts/recipient.ts';
import { TriggerSettings } from './parts/trigger-settings.ts';

const recipientsMax = 1000;

/**
 * Starts a workflow: one run per recipient, under one id. An object is a recipient itself and also
 * stands for its subscribers, two levels deep. Each recipient gets one run, however often it
 * occurs; being listed comes before being a subscriber. Recipients described inline are first
 * written to the directory. The action waits for an unknown id, since its identify may be under
 * way. After the wait the id gets no run and the action is skipped; a replay starts the missing
 * run. https://docs.knock.app/send-notifications/triggering-workflows,
 * docs/decisions/0016-a-trigger-waits-for-an-unknown-recipient.md
 */
export const workflowsTrigger = defineAction({
  id: 'workflows_trigger',
  does: 'starts a workflow: one run for each recipient',
  defaults: { recipients: 'user_id' },
  eventData: 'data',
  names: { parameter: 'key', type: 'workflow', isBare: true },
  isForTriggers: true,
  startsRunsFor: 'recipients',
  isFor: ['recipients'],
  mentions: ['actor'],
  params: z.object({
    key: Text.describe('The workflow; may be written bare.'),
    recipients: Recipients.describe('Who gets a run; 1 to 1000.'),
    actor: OptionalRecipient.describe('Who did it.'),
    tenant: OptionalTenant.describe('The tenant that the runs are for; made where it is not there.'),
    data: JsonMap.optional().describe("What the workflow is given. Left out: the event's `data`."),
    cancellation_key: CancellationKey.optional().describe(
      'For [workflows_cancel](workflows-cancel.md); best unique per trigger.',
    ),
    settings: TriggerSettings.optional().describe(
      "Passed on to the target; `skip_delay` also skips the `delay` of the workflow's file.",
    ),
  }),
  suggestion: {
    // An event without a likelier action probably notifies a user; the listing asks this action
    // last.
    fits: () => true,
    parameters: (event) => ({ key: event.workflow(), recipients: event.person(), data: event.data() }),
  },
  async run({ key: workflow, recipients, actor, tenant, ...params }, context) {
    const { configuration, environment, event, directory, nowMs } = context;
    const found = findTarget(workflow, configuration, environment);
    // It was switched off while its runs waited, so they are cancelled. On a first attempt no run
    // can be waiting.
    const mode = 'reason' in found ? 'end' : 'start';
    if ('reason' in found && (found.reason !== 'workflow_inactive' || !context.again)) {
      return { status: 'failed', reason: found.reason, detail: found.detail };
    }
    if (recipients.length === 0) return nothingGiven('recipients');
    if (recipients.length > recipientsMax) return tooMany(recipients.length);
    const data = params.data ?? event.data ?? {};
    const problems = found.file.data_schema ? await checkData(found.file.data_schema as JsonObject, data) : [];
    if (problems.length > 0) return dataInvalid(problems);

    // Listed recipients are finished before the walk over subscribers continues.
    const isWalking = context.progress?.place !== undefined;
    const allNamed = named({ recipients: isWalking ? [] : recipients, actor, tenant });
    const identified = await identifyInline(allNamed, directory, event.occurredAtMs, nowMs());
    if (identified.kind === 'invalid') return invalidParams(identified.errors);
    const { entities } = identified;
    const isStarting = mode === 'start';
    if (isStarting) await findInBatch(allNamed, entities, context);
    const waitLeftMs = isStarting ? context.firstAttemptAtMs + recipientWaitMs(found.file) - nowMs() : 0;
    const actorEntity = actor && entities.get(recipientKey(actor.ref));
    if (actor && actorEntity === undefined) {
      const names = [recipientKey(actor.ref)];
      return waitLeftMs > 0
        ? { status: 'pending', ...waitsForRecipients(names, waitLeftMs, context) }
        : unknownActor(recipientKey(actor.ref));
    }
    const tenantEntity = tenant && entities.get(recipientKey(tenant.ref));

    const { runnable, missing } = expandRecipients(isWalking ? [] : recipients, entities);
    const nowAtMs = nowMs();
    const delay = params.settings?.skip_delay ? undefined : found.file.delay;
    // Counted from the event, so that every attempt gets the same time.
    const notBeforeMs = delay === undefined ? undefined : event.receivedAtMs + delaySeconds(delay) * 1000;
    const hold = isStarting ? holdOn(workflow, context) : undefined;
    // During a delay or a hold it does not wait for unknown recipients: all are looked up again at its end.
    const awaited = referencesNotIn(entities, allNamed).map(recipientKey);
    const isWaiting = awaited.length > 0 && waitLeftMs > 0 && (notBeforeMs ?? 0) <= nowAtMs && hold === undefined;
    const started = await startFanOut(
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
          ...(notBeforeMs !== undefined && { notBeforeMs }),
          data,
          attempts: 0,
          insertedAtMs: nowAtMs,
          updatedAtMs: nowAtMs,
        },
        target: context.openTarget(workflow, found.target, found.file.max_concurrent),
        listed: isWalking ? undefined : runnable,
        listedKeys: new Set(recipients.map(({ ref }) => recipientKey(ref))),
        // Subscribers are walked once, after all listed recipients are finished.
        objects: isWaiting ? [] : objectsOf(recipients),
        ...(actor && { actorKey: recipientKey(actor.ref) }),
        mode,
        hold,
      },
      {
        ...context,
        maxPerSecond: found.file.max_per_second,
        ...(actorEntity && { actor: actorEntity }),
        ...(tenantEntity && { tenant: tenantEntity }),
        ...(params.settings && { settings: params.settings }),
      },
    );
    if (isWaiting && started.status !== 'pending') {
      return {
        status: 'pending',
        ...waitsForRecipients(awaited, waitLeftMs, context),
        ...resultOf(started),
        ...warningsOf(identified.warnings),
      };
    }
    const unknown = isWalking ? unknownFrom(context.progress) : unknownOf(missing);
    const warnings = [...identified.warnings, ...(isWalking ? [] : unknownWarning(unknown))];
    return withUnknown(withWarnings(started, warnings, context.progress), unknown);
  },
});

/**
 * Adds to `entities` unknown recipients that another event of this batch describes: a sign-up sends
 * its identify and its first event in one request. Costs one read, only if a recipient is unknown.
 */
async function findInBatch(
  named: Named[],
  entities: Map<string, Entity>,
  { directory, batchWritten, again }: ActionContext,
): Promise<void> {
  const refs = referencesNotIn(entities, named);
  // A later attempt has just read them.
  if (refs.length === 0 || again) return;
  await batchWritten();
  for (const entity of await directory.readEach(refs)) if (entity) entities.set(recipientKey(entity.ref), entity);
}

/**
 * Unknown recipients that are named only by id. A missing one that was described inline was deleted
 * by a later event.
 */
function referencesNotIn(entities: ReadonlyMap<string, Entity>, named: Named[]): EntityRef[] {
  return named.flatMap(({ recipient: { ref, form } }) =>
    form === 'reference' && !entities.has(recipientKey(ref)) ? [ref] : [],
  );
}

function unknownFrom(progress: JsonObject | undefined): Unknown {
  return (progress?.unknown as Unknown | undefined) ?? { count: 0, names: [] };
}

/**
 * With unknown recipients a trigger is not complete: a replay starts only their runs, once they are
 * known.
 */
function withUnknown(ended: ActionResult, unknown: Unknown): ActionResult {
  if (unknown.count === 0) return ended;
  if (ended.status === 'pending') {
    const isWalking = ended.progress?.place !== undefined;
    return isWalking ? { ...ended, progress: { ...ended.progress, unknown } } : ended;
  }
  if (ended.status !== 'succeeded') return ended;
  const { runs } = ended.result;
  const message = `no run for ${listUnknown(unknown)}: not identified yet`;
  return {
    ...ended,
    status: 'skipped',
    reason: 'recipient_unknown',
    detail: runs === 0 ? message : `${message}; ${runs} ${runs === 1 ? 'run' : 'runs'} for the others`,
    errors: [{ field: 'recipients', message }],
    result: { ...ended.result, unknown: unknown.count },
  };
}

function resultOf(started: ActionResult): { result?: JsonObject } {
  return 'result' in started && started.result ? { result: started.result } : {};
}

function warningsOf(warnings: ActionWarning[]): { warnings?: ActionWarning[] } {
  return warnings.length > 0 ? { warnings } : {};
}

function dataInvalid(errors: FieldError[]): ActionResult {
  const [first] = errors;
  const detail = `${first?.field} ${first?.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`;
  return { status: 'failed', reason: 'data_invalid', detail, errors };
}

/**
 * Warnings arise while listed recipients are handled; an action that continues in later attempts
 * keeps them.
 */
function withWarnings(started: ActionResult, found: ActionWarning[], progress: JsonObject | undefined): ActionResult {
  const earlier = progress?.place === undefined ? [] : ((progress.warnings ?? []) as ActionWarning[]);
  const warnings = [...earlier, ...found];
  if (warnings.length === 0) return started;
  const isWalking = started.status === 'pending' && started.progress?.place !== undefined;
  if (!isWalking) return { ...started, warnings };
  return { ...started, warnings, progress: { ...started.progress, warnings: warnings.slice(0, warningsMax) } };
}

const warningsMax = 20;

/** The listed objects, once each, in their order. */
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

/**
 * The recipients of runs: all that are listed and known, once each, in their order, with all of
 * their `$trigger_data`.
 */
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

function unknownWarning(unknown: Unknown): ActionWarning[] {
  if (unknown.count === 0) return [];
  return [{ code: 'recipient_missing', message: `no run for ${listUnknown(unknown)}: not identified yet` }];
}
