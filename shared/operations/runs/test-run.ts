import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeActionLog } from '../../adapters/dynamodb-action-log.ts';
import { makeClaimStore } from '../../adapters/dynamodb-claim-store.ts';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { makeDirectory } from '../../adapters/dynamodb-directory.ts';
import { makeEventLog } from '../../adapters/dynamodb-event-log.ts';
import { makeSeenRegistry } from '../../adapters/dynamodb-seen-registry.ts';
import { makeActionsQueue } from '../../adapters/sqs-queues.ts';
import { defined } from '../../core/defined.ts';
import { asError } from '../../core/errors.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import { type EntityRef, tenantsCollection } from '../../core/ids/entity-ref.ts';
import { logShardsMax, makeEventId } from '../../core/ids/event-id.ts';
import { type JsonObject, own } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import { heldBecause } from '../../core/runs/hold.ts';
import { testRunType } from '../../core/runs/test-run.ts';
import { actionLogOf, readActionLog } from '../actions/actions.ts';
import { marksTests } from '../configuration/capabilities.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';
import { findWorkflow } from '../requests/find-workflow.ts';
import { recordRequest } from '../requests/record-request.ts';
import { type TriggerRefusal, triggerWorkflow } from '../requests/trigger-workflow.ts';
import { type RunRow, runRow } from './run-row.ts';
import { runsOfExecution, workflowRunsOf } from './runs.ts';

export type TestRunAsked = {
  workflow: string;
  /** User ids. */
  recipients: string[];
  actor?: string | undefined;
  tenant?: string | undefined;
  data?: JsonObject | undefined;
  skipDelay?: boolean | undefined;
  author: string;
};

export type TestRunRefused =
  | {
      kind: 'refused';
      reason: 'marks_unknown' | 'workflow_held' | 'recipient_missing' | 'tenant_missing';
      detail: string;
    }
  | TriggerRefusal;

/** `id`: of the row, and of the execution. */
export type TestRun = { kind: 'started'; id: string; workflowRunId: string };

/** A run of a test, and what became of it. `--json` of `workflow run`. */
export type TestRunRow = {
  environment: string;
  workflow: string;
  test: true;
  workflow_run_id: string;
  event_id: string;
  /** Of the trigger; null as long as no function took it. */
  status: ActionOutcome['status'] | null;
  reason: string | null;
  detail: string | null;
  /** When a trigger that waits is tried again. */
  retry_at: string | null;
  /** Every recipient's run was handed off. */
  ok: boolean;
  runs: RunRow[];
};

/** The queue takes it within this time, or the test is not started. */
const workMs = 20_000;

/**
 * Starts a workflow as the REST API's trigger does, with the same rows, retries and limits. Its
 * rows and what its target gets say that it is a test. Unlike the API it waits for no unknown
 * recipient, makes no tenant and holds no runs: a mistyped id must not leave anything behind.
 * @throws Refusal when it was started, but its row could not be written
 */
export async function startTestRun(
  environment: Environment,
  { workflow, recipients, actor, tenant, data, skipDelay, author }: TestRunAsked,
): Promise<TestRun | TestRunRefused> {
  const { documents: client, outputs, name, configuration } = environment;
  const live = await readLive(configuration);
  const retentionDays = outputs.LogRetentionDays;
  const directory = makeDirectory(client, outputs.DirectoryTable);
  const ports = {
    environment: name,
    configuration: async () => live,
    directory,
    claims: makeClaimStore(client, outputs.ClaimsTable),
    eventLog: makeEventLog({ client, table: outputs.EventLogTable, retentionDays, usersIndex: true }),
    actionLog: makeActionLog({ client, table: outputs.ActionLogTable, retentionDays }),
    actionsQueue: makeActionsQueue(await environment.queues(), outputs.ActionsQueueUrl),
    nowMs: Date.now,
  };
  if (!marksTests(outputs)) {
    const detail = `the functions of ${name} were deployed before they could mark a test, so its target would take it for real: deploy first`;
    return { kind: 'refused', reason: 'marks_unknown', detail };
  }
  const found = await findWorkflow(workflow, ports);
  if (found.kind === 'refused') return found;
  const hold = own(live.state.held_workflows ?? {}, workflow);
  if (hold !== undefined)
    return { kind: 'refused', reason: 'workflow_held', detail: heldBecause(workflow, hold).detail };
  const unknown = await unknownOf(directory, recipients, tenant, name);
  if (unknown !== undefined) return unknown;

  const receivedAtMs = Date.now();
  const entropy = randomBytes(13);
  const shard = (entropy[12] ?? 0) % Math.min(outputs.LogShards, logShardsMax);
  const id = makeEventId(apiSource, shard, receivedAtMs, entropy);
  const key = { id: 'operator', name: author };
  const request = { id, call: testRunType, key, receivedAtMs, deadlineMs: receivedAtMs + workMs };
  const settings = skipDelay ? { skip_delay: true } : undefined;
  const asked = defined({ recipients, actor, tenant, data, settings });
  const triggered = await triggerWorkflow(workflow, asked, request, ports);
  if (triggered.kind === 'refused') return triggered;
  try {
    const what = {
      method: 'TEST',
      path: `/v1/workflows/${encodeURIComponent(workflow)}/trigger`,
      query: '',
      headers: { 'user-agent': `signalbox workflow run, a test by ${author}` },
      body: JSON.stringify({ test: true, ...asked }),
    };
    await recordRequest(request, what, triggered.recorded, ports);
    // Without it, an environment whose API was never called would not find the row.
    await makeSeenRegistry(configuration).note(
      [{ source: apiSource, eventId: id, eventType: testRunType }],
      Date.now(),
    );
  } catch (error) {
    throw failure(
      `the test run ${triggered.workflowRunId} was started, but its row was not written: ${asError(error).message}`,
      `npx signalbox runs --workflow ${workflow} --since 5m`,
    );
  }
  return { kind: 'started', id, workflowRunId: triggered.workflowRunId };
}

async function unknownOf(
  directory: ReturnType<typeof makeDirectory>,
  recipients: string[],
  tenant: string | undefined,
  environment: string,
): Promise<TestRunRefused | undefined> {
  const refs: EntityRef[] = recipients.map((id) => ({ kind: 'user', id }));
  if (tenant !== undefined) refs.push({ kind: 'object', collection: tenantsCollection, id: tenant });
  const known = await directory.readEach(refs);
  const missing = recipients.filter((_, i) => known[i] === undefined);
  if (missing.length > 0)
    return {
      kind: 'refused',
      reason: 'recipient_missing',
      detail: `${environment} has no user ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, and ${missing.length - 5} more` : ''}`,
    };
  if (tenant !== undefined && known[recipients.length] === undefined)
    return { kind: 'refused', reason: 'tenant_missing', detail: `${environment} has no tenant ${tenant}` };
  return undefined;
}

/** As `send`: a trigger that no function takes for this long waits for something else. */
const patienceMs = 30_000;

/**
 * Waits until the target has answered, once for each recipient, or until the trigger waits for
 * something that may take long. Reads one row by its key, some times a second.
 */
export async function followTestRun(
  environment: Environment,
  workflow: string,
  { id, workflowRunId }: TestRun,
): Promise<TestRunRow> {
  const endsAtMs = performance.now() + patienceMs;
  let log = await readActionLog(actionLogOf(environment), id);
  while (!isAnswered(log?.actions[0]) && performance.now() < endsAtMs) {
    await sleep(environment.local ? 100 : 500);
    log = await readActionLog(actionLogOf(environment), id);
  }
  const runs = log === undefined ? [] : await runsOfExecution(workflowRunsOf(environment), log);
  const action = log?.actions[0];
  return {
    ...testRunRow(environment, workflow, { id, workflowRunId }),
    status: action?.status ?? null,
    reason: action?.reason ?? null,
    detail: action?.detail ?? null,
    retry_at: action?.retryAtMs === undefined ? null : new Date(action.retryAtMs).toISOString(),
    ok: action?.status === 'succeeded' && runs.length > 0 && runs.every(({ status }) => status === 'handed_off'),
    runs: runs.map(runRow),
  };
}

/** A test that is not followed. */
export function testRunRow(
  environment: Environment,
  workflow: string,
  { id, workflowRunId }: Omit<TestRun, 'kind'>,
): TestRunRow {
  return {
    environment: environment.name,
    workflow,
    test: true,
    workflow_run_id: workflowRunId,
    event_id: id,
    status: null,
    reason: null,
    detail: null,
    retry_at: null,
    ok: false,
    runs: [],
  };
}

/** A first attempt has less time than the target's own timeout, and work goes on at once after these. */
const goesOn: readonly ActionLogEntry['actions'][number]['reason'][] = ['continues', 'rate_limited'];

function isAnswered(action: ActionOutcome | undefined): boolean {
  if (action === undefined) return false;
  if (action.status !== 'pending') return true;
  return !goesOn.includes(action.reason) && !(action.reason === 'target_timeout' && action.attempts <= 1);
}
