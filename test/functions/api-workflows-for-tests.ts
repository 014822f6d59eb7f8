import type { ApiDeps } from '../../functions/api/answer-request.ts';
import { runActions, type WorkflowTriggerDeps } from '../../functions/workflow-trigger/run-actions.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeWorkflowHolds } from '../../shared/adapters/dynamodb-workflow-holds.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { RunRequest, TargetAnswer } from '../../shared/ports/workflow-target.ts';
import { actionsRecord } from '../support/actions-message.ts';
import { liveConfiguration } from '../support/build.ts';
import type { TestTables } from '../support/dynalite.ts';
import { makeFakeLimiter } from '../support/fake-run-limits.ts';
import { makeCountedMetrics, makeFakeActionsQueue } from '../support/fakes.ts';
import { openFakeTarget } from '../support/fakes-workflow-trigger.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { startApi, type TestApi } from './api-for-tests.ts';

const called = { development: { type: 'http', url: 'https://target.example/' } };

/** `log-it` records its runs; the others call the target. */
export const workflows = {
  'log-it': { name: 'Log it', target: { development: { type: 'log' } } },
  'call-it': { name: 'Call it', target: called },
  later: { name: 'Later', delay: '1h', target: called },
  elsewhere: { name: 'Elsewhere', target: { production: { type: 'log' } } },
  off: { name: 'Off', target: called },
  strict: {
    name: 'Strict',
    target: { development: { type: 'log' } },
    data_schema: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
  },
  welcome: { name: 'Welcome', audience: 'beta', target: { development: { type: 'log' } } },
};

export type WorkflowsApi = TestApi & {
  /** The time of the API and of workflow-trigger. */
  clock: { nowMs: number };
  /** What the target is asked, and how it answers. */
  requests: RunRequest[];
  target: { answer(request: RunRequest): TargetAnswer };
  trigger: WorkflowTriggerDeps;
  configuration: LiveConfiguration;
  /** Workflow-trigger runs what was handed over, and its retries when they are due within a minute. */
  deliver(): Promise<void>;
};

/** The API with workflow-trigger behind it, over the same tables. The real queue is left out. */
export async function startWorkflowsApi(changes: Partial<ApiDeps> = {}, tables?: TestTables): Promise<WorkflowsApi> {
  const clock = { nowMs: Date.now() };
  const nowMs = () => clock.nowMs;
  const configuration = liveConfiguration({ workflows });
  configuration.state.inactive_workflows.push('off');
  const api = await startApi({ configuration: async () => configuration, nowMs, ...changes }, tables);
  const { client, names } = api.tables;
  const requests: RunRequest[] = [];
  const target: WorkflowsApi['target'] = { answer: () => ({ kind: 'accepted', reference: { status: 202 } }) };
  const actionsQueue = makeFakeActionsQueue();
  const trigger: WorkflowTriggerDeps = {
    environment: 'development',
    configuration: { current: async () => configuration, reload: async () => configuration },
    claims: makeClaimStore(client, names.Claims),
    actionLog: makeActionLog({ client, table: names.ActionLog, retentionDays: 30 }),
    actionsQueue,
    directory: api.deps.directory,
    subscriptions: api.deps.subscriptions,
    audiences: api.deps.audiences,
    runs: makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays: 30 }),
    holds: makeWorkflowHolds({ client, runsTable: names.WorkflowRuns, configurationTable: names.Configuration }),
    retentionDays: 30,
    limiter: makeFakeLimiter(),
    openTarget: openFakeTarget({
      recordsOnly: false,
      timeoutMs: 5000,
      async start(request) {
        requests.push(request);
        return target.answer(request);
      },
    }),
    metrics: makeCountedMetrics(),
    log: makeKeptLog(),
    nowMs,
    random: () => 0.5,
    maxReceiveCount: 10,
  };
  return {
    ...api,
    clock,
    requests,
    target,
    trigger,
    configuration,
    async deliver() {
      const waiting = api.messages.splice(0);
      for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
        const { batchItemFailures } = await runActions([actionsRecord(message)], trigger, clock.nowMs + 50_000);
        if (batchItemFailures.length > 0) throw new Error('workflow-trigger handed a message back');
        for (const retry of actionsQueue.sent.splice(0)) {
          if ((retry.delaySeconds ?? 0) > 60) api.messages.push(retry);
          else waiting.push(retry);
          clock.nowMs += (retry.delaySeconds ?? 0) > 60 ? 0 : (retry.delaySeconds ?? 0) * 1000;
        }
      }
    },
  };
}
