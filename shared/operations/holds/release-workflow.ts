import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { writeIf } from '../../adapters/dynamodb.ts';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { heldItemKey, holdItemKey, type StoredHeldTrigger } from '../../adapters/dynamodb-workflow-holds.ts';
import { makeActionsQueue } from '../../adapters/sqs-queues.ts';
import { type JsonObject, own } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import { actionLogOf, readExecutions } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { type CarryOnOptions, carryOn, type JobCounts, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { cancelJob, createJob, type Job, readJob } from '../jobs/jobs.ts';
import { failure } from '../refusal.ts';
import { readFacts } from '../replay/plan-entries.ts';
import { planRelease } from '../replay/plan-release.ts';
import { type Asked, type Changed, change, type Unknown } from '../settings/change.ts';
import { changeState } from '../settings/change-state.ts';
import { type KnownSource, readSources } from '../sources/known-sources.ts';
import { countHeld, heldTriggers } from './held-triggers.ts';
import { withoutHold } from './hold-workflow.ts';
import { actionOf, isTried, outcomeName, patienceMs, turnMs, withoutRepeats } from './release-steps.ts';

export const Release = z.strictObject({
  workflow: z.string(),
  /** The hold that ends: since when it is on. */
  since: z.string(),
  /** Runs per second at most; absent: as fast as they are handed off. */
  perSecond: z.number().positive().optional(),
});
export type Release = z.infer<typeof Release>;

export type Resumed =
  /** It held nothing and is active: now, or as before. */
  | (Changed & { job?: undefined })
  /** `carryOnRelease` does the job. `running`: another `resume` began it. */
  | { kind: 'releasing' | 'running'; job: Job };

/**
 * Begins to resume a workflow. One that dropped its runs starts them from now on. Of one that holds
 * them, a job releases the held ones first, and then the workflow is active; what arrives until
 * then is held behind them.
 */
export async function resumeWorkflow(
  environment: Environment,
  { workflow, perSecond, ...asked }: Asked & { workflow: string; perSecond?: number | undefined },
): Promise<Resumed | Unknown> {
  const { configuration } = environment;
  const { snapshot, state } = await readLive(configuration);
  const hold = own(state.held_workflows ?? {}, workflow);
  // One that was removed while its runs were held can be resumed as well.
  if (!Object.hasOwn(snapshot.workflows, workflow) && hold === undefined)
    return { kind: 'unknown', what: 'workflow', name: workflow, known: Object.keys(snapshot.workflows).sort() };
  if (hold === undefined)
    return change(
      configuration,
      asked,
      () => `resume workflow ${workflow}`,
      (before) => ({
        ...before,
        inactive_workflows: before.inactive_workflows.filter((key) => key !== workflow),
      }),
    );
  const running = hold.job === undefined ? undefined : await readJob(configuration, hold.job);
  if (running?.state === 'running') return { kind: 'running', job: running };

  const { since } = hold;
  const request: Release = { workflow, since, ...(perSecond !== undefined && { perSecond }) };
  const { runs, withoutRuns } = await countHeld(environment, workflow, Number.POSITIVE_INFINITY);
  const { author, message: reason, nowMs } = asked;
  const job = await createJob(
    configuration,
    { kind: 'release', author, reason, request: request as JsonObject, total: runs + withoutRuns },
    nowMs,
  );
  const { state: after } = await change(
    configuration,
    asked,
    () => `release the held runs of workflow ${workflow}`,
    (before) => {
      const now = own(before.held_workflows ?? {}, workflow);
      if (now?.since !== since || now.job !== hold.job) return before;
      return {
        ...before,
        inactive_workflows: before.inactive_workflows.filter((key) => key !== workflow),
        held_workflows: { ...before.held_workflows, [workflow]: { ...now, job: job.id } },
      };
    },
  );
  const winner = own(after.held_workflows ?? {}, workflow)?.job;
  if (winner === job.id) return { kind: 'releasing', job };
  await cancelJob(configuration, job.id, nowMs);
  const other = winner === undefined ? undefined : await readJob(configuration, winner);
  if (other !== undefined) return { kind: 'running', job: other };
  throw failure(`workflow ${workflow} was paused or resumed by another operator just now`, 'look, and try again');
}

/**
 * Releases held runs, or the rest of them: triggers of older events first. Each trigger goes on by
 * one message on the actions queue. The next ones follow when these were tried, so that a recipient
 * gets its runs in the order of their events. Counts runs: `released`, `failed` (their trigger ended
 * without them), `ended` (cancelled, or begun by another message). A trigger without a run, since its
 * recipients were unknown, counts as one.
 * @throws Refusal as `carryOn`, and when no function takes the messages
 */
export function carryOnRelease(
  environment: Environment,
  jobId: string,
  options: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  const { now = Date.now } = options;
  return carryOn(
    environment,
    jobId,
    async (job): Promise<Work> => {
      const release = Release.parse(job.request);
      const { known } = await readSources(environment);
      const triggers = new Map<string, StoredHeldTrigger>();
      const look = async () => {
        triggers.clear();
        for await (const trigger of heldTriggers(environment, release.workflow))
          if (trigger.since <= release.since) triggers.set(heldItemKey(trigger).sk, trigger);
        return [...triggers.keys()];
      };
      const more = async () => {
        const left = await look();
        if (left.length > 0) return left;
        await endHold(environment, release);
        // What was noted before the hold ended is there now.
        const late = await look();
        if (late.length === 0) await makeActive(environment, job, release, now());
        return late;
      };
      return {
        ids: await more(),
        more,
        outcomes: ['released', 'failed', 'ended'],
        perSecond: release.perSecond,
        doChunk: async (ids) => {
          const chunk = ids.flatMap((id) => triggers.get(id) ?? []);
          return releaseTriggers(environment, known, chunk, release, now);
        },
      };
    },
    options,
  );
}

/** From now on no trigger is noted: see `WorkflowHolds.note`. */
function endHold({ configuration }: Environment, { workflow, since }: Release): Promise<boolean> {
  return writeIf(
    configuration.client.send(
      new DeleteCommand({
        TableName: configuration.table,
        Key: holdItemKey(workflow),
        ConditionExpression: 'since = :since',
        ExpressionAttributeValues: { ':since': since },
      }),
    ),
    'ending a hold',
  );
}

async function makeActive(
  { configuration }: Environment,
  { id, author, reason }: Job,
  { workflow }: Release,
  nowMs: number,
): Promise<void> {
  const done = `resume workflow ${workflow}: no run is held any more`;
  await changeState(
    configuration,
    (before) => (own(before.held_workflows ?? {}, workflow)?.job === id ? withoutHold(before, workflow) : before),
    { author, message: reason === undefined ? done : `${reason} (${done})`, nowMs },
  );
}

/** Releases triggers in groups in which no recipient comes twice. */
async function releaseTriggers(
  environment: Environment,
  known: KnownSource[],
  triggers: StoredHeldTrigger[],
  release: Release,
  now: () => number,
): Promise<JobCounts> {
  const counts: JobCounts = {};
  let left = triggers;
  while (left.length > 0) {
    const logs = await readExecutions(actionLogOf(environment), [...new Set(left.map(({ execution }) => execution))]);
    const group = withoutRepeats(left, logs);
    await send(environment, known, group, { logs, release, nowMs: now() });
    for (const [trigger, outcome] of await settled(environment, group)) {
      const name = outcomeName(outcome);
      counts[name] = (counts[name] ?? 0) + Math.max(trigger.runs, 1);
    }
    left = left.slice(group.length);
  }
  return counts;
}

async function send(
  environment: Environment,
  known: KnownSource[],
  group: StoredHeldTrigger[],
  { logs, release, nowMs }: { logs: Map<string, ActionLogEntry>; release: Release; nowMs: number },
): Promise<void> {
  // Several held actions of one execution go on by one message.
  const held = new Set(
    group.flatMap((trigger) => (actionOf(trigger, logs)?.reason === 'held' ? [trigger.execution] : [])),
  );
  const rows = [...held].flatMap((execution) => logs.get(execution) ?? []);
  const entries = await readEvents(
    eventLogOf(environment),
    rows.map(({ eventId }) => eventId),
    known,
  );
  const found = rows.flatMap((log) => {
    const entry = entries.get(log.eventId);
    return entry === undefined ? [] : [{ log, entry: { ...entry, execution: log.execution } }];
  });
  const all = await readFacts(
    environment,
    found.map(({ entry }) => entry),
    { actionsQueueEmpty: false, nowMs },
  );
  const how = { released: { [release.workflow]: release.since }, perSecond: release.perSecond };
  const messages = found.flatMap(({ log, entry }, i) => {
    const facts = all[i]?.facts;
    return facts === undefined ? [] : (planRelease({ ...facts, entry, log }, log, how, nowMs) ?? []);
  });
  const queue = makeActionsQueue(await environment.queues(), environment.outputs.ActionsQueueUrl);
  const results = await queue.sendEach(messages);
  for (const result of results) if (!result.sent) throw result.error;
}

/**
 * Waits until each trigger was tried, and forgets it: from then on its own retries go on with it.
 * @throws Refusal when that takes too long; what was sent is tried all the same
 */
async function settled(
  environment: Environment,
  group: StoredHeldTrigger[],
): Promise<[StoredHeldTrigger, ActionOutcome | undefined][]> {
  const done: [StoredHeldTrigger, ActionOutcome | undefined][] = [];
  const endsAtMs = Date.now() + patienceMs;
  const turnsEndAtMs = Date.now() + turnMs;
  let waiting = group;
  for (let pauseMs = environment.local ? 25 : 200; ; pauseMs = Math.min(2 * pauseMs, 2000)) {
    const logs = await readExecutions(actionLogOf(environment), [
      ...new Set(waiting.map(({ execution }) => execution)),
    ]);
    const over = waiting.filter((trigger) => isTried(trigger, logs, Date.now()));
    const forgotten = await Promise.all(over.map((trigger) => forget(environment, trigger)));
    // One that was held again is still listed, and counts when its turn comes again.
    for (const [i, trigger] of over.entries()) if (forgotten[i]) done.push([trigger, actionOf(trigger, logs)]);
    waiting = waiting.filter((trigger) => !over.includes(trigger));
    if (waiting.length === 0) return done;
    // They stay listed, and are looked at again once all others were tried.
    const isMoving = waiting.every((trigger) => actionOf(trigger, logs)?.reason !== 'held');
    if (isMoving && Date.now() >= turnsEndAtMs) return done;
    if (Date.now() >= endsAtMs)
      throw failure(
        `${waiting.length} of ${group.length} released triggers were not tried within ${patienceMs / 1000} s, so no more are released: first ${waiting[0]?.execution}`,
        'npx signalbox doctor says what is wrong; then npx signalbox jobs resume goes on',
      );
    await sleep(pauseMs);
  }
}

/** Unless it was held again meanwhile. */
function forget({ documents, outputs }: Environment, trigger: StoredHeldTrigger): Promise<boolean> {
  return writeIf(
    documents.send(
      new DeleteCommand({
        TableName: outputs.WorkflowRunsTable,
        Key: heldItemKey(trigger),
        ConditionExpression: 'attribute_not_exists(pk) OR noted_at = :noted',
        ExpressionAttributeValues: { ':noted': new Date(trigger.notedAtMs).toISOString() },
      }),
    ),
    'releasing a trigger',
  );
}
