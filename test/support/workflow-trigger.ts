import { runActions, type WorkflowTriggerDeps } from '../../functions/workflow-trigger/run-actions.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { TargetAnswer } from '../../shared/ports/workflow-target.ts';
import { actionsRecord, invocation, testExecution } from './actions-message.ts';
import { makeFakeLimiter } from './fake-run-limits.ts';
import { makeCountedMetrics, makeFakeActionLog, makeFakeActionsQueue, makeFakeClaimStore } from './fakes.ts';
import { contextNowMs, makeActionContext } from './fakes-workflow-trigger.ts';
import { makeKeptLog } from './function-log.ts';

export const up = (): TargetAnswer => ({ kind: 'accepted' });
export const down = (): TargetAnswer => ({ kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503' });

/** Workflow-trigger over in-memory ports, with a clock and a target that the test moves. */
export function makeTrigger() {
  const clock = { nowMs: contextNowMs };
  const world = { answer: up as () => TargetAnswer };
  const { context, directory, subscriptions, audiences, runs, holds, requests } = makeActionContext({}, () =>
    world.answer(),
  );
  const claims = makeFakeClaimStore();
  const actionLog = makeFakeActionLog();
  const actionsQueue = makeFakeActionsQueue();
  const metrics = makeCountedMetrics();
  const log = makeKeptLog();
  const deps: WorkflowTriggerDeps = {
    environment: 'development',
    configuration: { current: async () => context.configuration, reload: async () => context.configuration },
    claims,
    actionLog,
    actionsQueue,
    directory,
    subscriptions,
    audiences,
    runs,
    holds,
    limiter: makeFakeLimiter(() => clock.nowMs),
    openTarget: context.openTarget,
    metrics,
    log,
    nowMs: () => clock.nowMs,
    random: () => 0.5,
    maxReceiveCount: 10,
    retentionDays: 30,
  };
  /** Delivers messages as one batch; answers how many came back. */
  async function deliver(
    messages: ActionsMessage[],
    { receiveCount = 1, ...change }: { receiveCount?: number } & Partial<WorkflowTriggerDeps> = {},
  ) {
    const records = messages.map((message) => actionsRecord(message, receiveCount));
    const { batchItemFailures } = await runActions(records, { ...deps, ...change }, clock.nowMs + 50_000);
    return batchItemFailures.length;
  }
  /** Delivers what was sent, when it is due, until nothing is sent any more. */
  async function settle(mostMessages = 300) {
    for (let i = 0; i < mostMessages; i++) {
      const next = actionsQueue.sent.shift();
      if (next === undefined) return i;
      clock.nowMs += (next.delaySeconds ?? 0) * 1000;
      await deliver([next]);
    }
    throw new Error('it never settles');
  }

  return {
    ...{
      clock,
      world,
      directory,
      subscriptions,
      audiences,
      runs,
      holds,
      requests,
      claims,
      actionLog,
      actionsQueue,
      metrics,
      log,
      deps,
    },
    deliver,
    settle,
    row: (execution = testExecution) => actionLog.rows.get(execution),
    outcomes: (execution = testExecution) =>
      Object.fromEntries(
        (actionLog.rows.get(execution)?.actions ?? []).map(({ mapping, status, reason }) => [
          mapping,
          reason ?? status,
        ]),
      ),
  };
}

export const identifyLena = (change: JsonObject = {}) =>
  invocation('users_identify', 'identify', { id: 'lena', ...change });
export const callLena = (mapping = 'order') =>
  invocation('workflows_trigger', mapping, { key: 'call-it', recipients: 'lena' });
export const logLena = (mapping = 'order') =>
  invocation('workflows_trigger', mapping, { key: 'log-it', recipients: 'lena' });
