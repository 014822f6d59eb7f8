import type { MemberKey } from '../../ports/audiences.ts';
import { delaySeconds, recipientWaitMs } from '../configuration/delays.ts';
import type { Entity } from '../directory/entity.ts';
import { type EntityRef, recipientKey, tenantsCollection } from '../ids/entity-ref.ts';
import { invocationId } from '../ids/invocation-id.ts';
import { type RunKey, runKey, tenantRunKey } from '../ids/run-id.ts';
import type { ActionResult } from '../logs/action-result.ts';
import type { Pending } from '../logs/pending.ts';
import type { ActionContext } from './action-context.ts';
import { findTarget } from './find-target.ts';
import { heldBecause, holdOn, noteHeld } from './hold.ts';
import { type PlannedRun, type RunsContext, startRuns } from './start-runs.ts';
import { waitsForRecipients } from './unknown-recipients.ts';

/**
 * Starts the workflows that greet new members of an audience: one run per new row, with the row's
 * tenant. A user with two tenants gets two runs. A user without an identify within the workflow's
 * wait gets none, also later.
 *
 * Runs are keyed by the event, the mapping, the workflow and the tenant, so a later attempt of the
 * action may pass the same members again. The result is succeeded with `{ runs }`, or pending: then
 * the action is tried again with the same members. Workflows that are switched off or have no
 * target here start no runs. https://docs.knock.app/concepts/audiences
 */
export async function startAudienceRuns(
  audienceKey: string,
  added: MemberKey[],
  context: ActionContext,
): Promise<Extract<ActionResult, { status: 'succeeded' | 'pending' }>> {
  const { configuration, environment, directory, event, nowMs } = context;
  const workflows = Object.entries(configuration.snapshot.workflows).filter(
    ([, file]) => file.audience === audienceKey,
  );
  let runs = 0;
  if (workflows.length === 0 || added.length === 0) return { status: 'succeeded', result: { runs } };
  const users = await directory.readEach(added.map(({ userId }): EntityRef => ({ kind: 'user', id: userId })));
  const unknown = added.filter((_, i) => users[i] === undefined).map(({ userId }) => userId);
  let dueMs: number | undefined;
  let held: Pending | undefined;
  let waitLeftMs = 0;
  for (const [workflow, file] of workflows) {
    const found = findTarget(workflow, configuration, environment);
    if ('reason' in found) continue;
    const notBeforeMs = file.delay === undefined ? undefined : event.receivedAtMs + delaySeconds(file.delay) * 1000;
    const isDelayed = notBeforeMs !== undefined && notBeforeMs > nowMs();
    const hold = isDelayed ? undefined : holdOn(workflow, context);
    const keep: RunsContext['keep'] = isDelayed ? 'delayed' : hold && 'held';
    let kept = 0;
    const byTenant = Map.groupBy(added.keys(), (i) => added[i]?.tenant ?? null);
    for (const [tenant, positions] of byTenant) {
      const tenantRef: EntityRef = { kind: 'object', collection: tenantsCollection, id: tenant ?? '' };
      const [tenantEntity] = tenant === null ? [] : await directory.readEach([tenantRef]);
      const begun = await keysOfBefore(
        workflow,
        tenant,
        [...positions].flatMap((i) => users[i] ?? []),
        context,
      );
      const planned = [...positions].flatMap((i): PlannedRun[] => {
        const user = users[i];
        if (user === undefined) return [];
        const run: PlannedRun['run'] = {
          key: begun.get(recipientKey(user.ref)) ?? greetingKey(user.ref, workflow, tenant, context),
          workflow,
          workflowRunId: invocationId(context.id, workflow),
          mapping: context.mapping,
          ...(tenant !== null && { tenant }),
          status: 'pending',
          target: found.target.type,
          eventId: event.id,
          source: event.source,
          origin: context.origin,
          audience: audienceKey,
          ...(notBeforeMs !== undefined && { notBeforeMs }),
          data: event.data ?? {},
          attempts: 0,
          insertedAtMs: nowMs(),
          updatedAtMs: nowMs(),
        };
        return [{ recipient: user, run }];
      });
      const about: RunsContext = {
        maxPerSecond: file.max_per_second,
        ...context,
        ...(keep && { keep }),
        ...(tenantEntity && { tenant: tenantEntity }),
      };
      const tally = await startRuns(planned, context.openTarget(workflow, found.target, file.max_concurrent), about);
      runs += tally.handedOff + tally.kept;
      kept += tally.kept;
      if (tally.pending) return { status: 'pending', ...tally.pending, result: { runs } };
      if (isDelayed) dueMs = Math.min(dueMs ?? notBeforeMs, notBeforeMs);
    }
    if (hold && kept > 0) {
      if (await noteHeld({ workflow, hold, runs: kept }, context)) held ??= heldBecause(workflow, hold);
      // It was resumed while the runs were written.
      else {
        const released = { ...context.released, [workflow]: hold.since };
        return startAudienceRuns(audienceKey, added, { ...context, again: true, released });
      }
    }
    if (!isDelayed) waitLeftMs = Math.max(waitLeftMs, context.firstAttemptAtMs + recipientWaitMs(file) - nowMs());
  }
  // The end of a delay comes by itself, and looks at what is held as well.
  if (dueMs === undefined && held) return { status: 'pending', ...held, result: { runs } };
  if (dueMs === undefined && unknown.length > 0 && waitLeftMs > 0) {
    return { status: 'pending', ...waitsForRecipients(unknown, waitLeftMs, context), result: { runs } };
  }
  if (dueMs === undefined) return { status: 'succeeded', result: { runs } };
  return {
    status: 'pending',
    reason: 'delayed',
    detail: `runs begin at ${new Date(dueMs).toISOString()}, as the workflow's delay has it`,
    retryAfterSeconds: Math.max(0, (dueMs - nowMs()) / 1000),
    result: { runs },
  };
}

/** The key of a new member's run of a workflow that greets it. */
export function greetingKey(
  user: EntityRef,
  workflow: string,
  tenant: string | null,
  context: Pick<ActionContext, 'mapping' | 'execution'>,
): RunKey {
  const mapping = `${context.mapping}#${workflow}`;
  return tenant === null
    ? runKey(user, context.execution, `${mapping}#`)
    : tenantRunKey(user, context.execution, mapping, tenant);
}

/**
 * Runs that an earlier version began under a shorter key keep it, or their members would be greeted
 * twice. Checked only if an earlier attempt may have begun some.
 */
async function keysOfBefore(
  workflow: string,
  tenant: string | null,
  users: Entity[],
  { again, execution, mapping, runs }: ActionContext,
): Promise<Map<string, RunKey>> {
  if (!again || tenant === null) return new Map();
  const keys = users.map(({ ref }) => runKey(ref, execution, `${mapping}#${workflow}#${tenant}`));
  const states = await runs.statesOf(keys);
  return new Map(keys.filter((_, i) => states[i] !== undefined).map((key) => [recipientKey(key.recipient), key]));
}
