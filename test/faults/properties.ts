import { recipientKey } from '../../shared/core/ids/entity-ref.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import { printRunId, runMessageId } from '../../shared/core/ids/run-id.ts';
import { type JsonObject, sameJson } from '../../shared/core/json/values.ts';
import { type ActionOutcome, actionReasons } from '../../shared/core/logs/action-log-entry.ts';
import { EventReason, isDone } from '../../shared/core/logs/event-log-entry.ts';
import { endingOf } from '../../shared/core/runs/workflow-run.ts';
import { type Carried, sequentially } from './model.ts';
import { plannedAsLogged } from './operator.ts';
import type { QueueName } from './stores.ts';
import type { World } from './world.ts';

/**
 * What holds whenever nothing is under way any more: nothing accepted is lost, everything is explained, and no key had two
 * executions with effects in one window.
 */
export async function checkSettled(world: World): Promise<void> {
  const { stores, ledger } = world;
  const wrong = (what: string) => ledger.wrong(what);
  for (const [name, queue] of Object.entries(stores.queues) as [QueueName, (typeof stores.queues)['events']][])
    if (queue.waiting().length > 0) wrong(`lost: a message stays in the ${name} queue`);
  for (const id of ledger.accepted)
    if (!ledger.queued.has(id)) wrong('lost: an event was answered 2xx and never queued');

  for (const [id, raw] of ledger.queued) {
    const row = stores.eventLog.rows.get(id);
    if (row === undefined) {
      wrong('lost: an event has no row');
      continue;
    }
    const needsReason = row.status !== 'processed';
    if (needsReason && !EventReason.safeParse(row.reason).success) wrong(`unexplained: ${row.status} for no reason`);
    if (row.status === 'failed') continue;
    const planned = await plannedAsLogged(world, row);
    if (planned === undefined) {
      wrong('unexplained: an event that nobody can read has not failed');
      continue;
    }
    if (Buffer.compare(row.payload, raw.payload) !== 0) wrong('lost: a row does not hold what was received');
    const { plan } = planned;
    const isRun = row.status === 'processed' || row.status === 'idempotent';
    if (plan.kind === 'run' ? !isRun : plan.kind !== row.status || plan.reason !== row.reason)
      wrong(`unexplained: ${row.status} ${row.reason ?? ''} by a version that says ${plan.kind}`);
    if (plan.kind !== 'run' || row.execution === undefined) continue;
    const actions = stores.actionLog.rows.get(row.execution)?.actions ?? [];
    if (row.status === 'idempotent') {
      const other = stores.eventLog.rows.get(row.duplicateOf ?? '');
      if (other === undefined || !isDone(other.status)) wrong('lost: a repeat of an event that was not done');
      if (actions.length === 0) wrong('lost: a repeat of an execution that did nothing');
      continue;
    }
    for (const { mapping } of plan.invocations) {
      const outcome = actions.find((action) => action.id === invocationId(row.execution ?? '', mapping));
      if (outcome === undefined && !ledger.forgotten.has(row.execution))
        wrong('lost: an action of a processed event has no outcome');
    }
  }
  for (const { actions } of stores.actionLog.rows.values()) {
    for (const { status, reason, action } of actions) {
      if (status === 'pending') wrong(`lost: ${action} waits for a message that is not there (${reason})`);
      else if (status !== 'succeeded' && !(actionReasons as readonly unknown[]).includes(reason))
        wrong(`unexplained: ${action} ${status} for no reason`);
    }
  }
  checkWindows(world);
  checkRuns(world);
}

/** Two executions of one key within one window, both with effects, are a doubled effect. */
function checkWindows({ ledger, stores }: World): void {
  const hasEffects = (execution: string) =>
    stores.actionLog.rows.get(execution)?.actions.some(({ status }) => status === 'succeeded') ?? false;
  for (const [i, a] of ledger.windows.entries()) {
    for (const b of ledger.windows.slice(i + 1)) {
      if (a.claim !== b.claim || a.execution === b.execution || a.toMs <= b.fromMs || b.toMs <= a.fromMs) continue;
      if (hasEffects(a.execution) && hasEffects(b.execution))
        ledger.wrong('doubled: two executions of a key in one window');
    }
  }
}

function checkRuns({ ledger, stores }: World): void {
  const called = new Map(Object.values(stores.targets).flatMap(({ done }) => [...done]));
  for (const run of stores.runs.runs.values()) {
    const isDone = called.has(runMessageId(printRunId(run.key)));
    if (run.status === 'handed_off' && run.target !== 'log' && !isDone)
      ledger.wrong('lost: a run was handed off and its target never had it');
    const action = stores.actionLog.rows.get(run.key.execution)?.actions.find(({ id }) => id === run.workflowRunId);
    // Where the action was given up a replay asks for its runs again.
    if (run.status === 'pending' && action?.status !== 'failed') ledger.wrong('lost: a run waits for nobody');
  }
  for (const request of called.values()) {
    const run = stores.runs.runs.get(String(request.message.data.id));
    if (run === undefined) ledger.wrong('unexplained: a target has a run of which there is no row');
  }
}

/**
 * What holds once everything that failed has been replayed with targets that are well: every event that was to be carried
 * out was, once, and the world is the one that a plain sequential program leaves.
 */
export async function checkMended(world: World): Promise<void> {
  const { stores, ledger } = world;
  const carried: Carried[] = [];
  const named = new Set<string>();
  for (const row of stores.eventLog.rows.values()) {
    if (row.status === 'processed' && row.execution !== undefined) named.add(row.execution);
    if (row.status === 'failed' && (await plannedAsLogged(world, row)))
      ledger.wrong(`lost: a replay left an event failed (${row.detail})`);
  }
  for (const { execution, eventId, actions } of stores.actionLog.rows.values()) {
    const row = stores.eventLog.rows.get(eventId);
    const event = row && (await plannedAsLogged(world, row))?.event;
    if (event === undefined) ledger.wrong('unexplained: actions of an event that nobody knows');
    else carried.push({ execution, occurredAtMs: event.occurredAtMs, actions: actions.filter(isDoneForAll) });
    // An execution whose event was, after its window or by another configuration, logged otherwise is not an event's any more.
    if (!named.has(execution)) continue;
    for (const { action, status, reason } of actions)
      if (status !== 'succeeded') ledger.wrong(`lost: a replay left ${action} ${status} (${reason})`);
  }

  const expected = sequentially(carried);
  const users = Object.fromEntries(
    [...stores.directory.entities.values()]
      .filter(({ ref }) => ref.kind === 'user')
      .map(({ ref, attributes }) => [ref.id, attributes]),
  );
  const projects = Object.fromEntries(
    [...stores.directory.entities.values()]
      .filter(({ ref }) => ref.kind === 'object')
      .map(({ ref, attributes }) => [ref.id, attributes]),
  );
  if (!includesAll(users, expected.users)) ledger.wrong('the users are not those of the sequential model');
  if (!includesAll(projects, expected.projects)) ledger.wrong('the projects are not those of the sequential model');

  const runs = new Set(
    [...stores.runs.runs.values()]
      // Switching a workflow off takes back what waits, for good.
      .filter((run) => run.status === 'handed_off' || endingOf(run).cancelReason === 'workflow_inactive')
      .map(({ key, mapping }) => `${key.execution} ${mapping} ${recipientKey(key.recipient)}`),
  );
  for (const run of expected.runs) if (!runs.has(run)) ledger.wrong('lost: a run of the sequential model is not there');
  const known = new Set([...stores.actionLog.rows.keys()]);
  const followed = new Set(
    [...stores.subscriptions.rows.values()].map(({ ends }) => `${ends.object.id} ${recipientKey(ends.recipient)}`),
  );
  for (const [id, users] of expected.followers)
    for (const user of users) if (!followed.has(`${id} ${user}`)) ledger.wrong('lost: somebody does not follow');
  for (const { key, subscription, mapping } of stores.runs.runs.values()) {
    if (!known.has(key.execution)) ledger.wrong('unexplained: a run of an execution that has no row');
    if (subscription === undefined) continue;
    if (!followed.has(`${subscription.object.id} ${recipientKey(key.recipient)}`))
      ledger.wrong(`doubled: ${mapping} ran for somebody who never followed`);
  }
}

/** A trigger whose identify was given up began without somebody, and says so. */
const isDoneForAll = ({ status, warnings = [] }: ActionOutcome) =>
  status === 'succeeded' && !warnings.some(({ code }) => code === 'recipient_missing');

function includesAll(actual: Record<string, JsonObject>, expected: Record<string, JsonObject>): boolean {
  return Object.entries(expected).every(
    ([id, attributes]) => actual[id] !== undefined && sameJson(actual[id], attributes),
  );
}
