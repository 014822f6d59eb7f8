import { randomUUID } from 'node:crypto';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { runActions, type WorkflowTriggerDeps } from '../../../functions/workflow-trigger/run-actions.ts';
import { makeAudiences } from '../../../shared/adapters/dynamodb-audiences.ts';
import { makeClaimStore } from '../../../shared/adapters/dynamodb-claim-store.ts';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { makeRunLimits } from '../../../shared/adapters/dynamodb-run-limits.ts';
import { makeSubscriptions } from '../../../shared/adapters/dynamodb-subscriptions.ts';
import { makeWorkflowHolds } from '../../../shared/adapters/dynamodb-workflow-holds.ts';
import { makeActionsQueue } from '../../../shared/adapters/sqs-queues.ts';
import { upsertEntities } from '../../../shared/core/directory/upsert-entities.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import type { ActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { makeRunLimiter } from '../../../shared/core/targets/run-limiter.ts';
import type { RunRequest, TargetAnswer } from '../../../shared/ports/workflow-target.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startEnvironment } from '../../cli/environment-for-tests.ts';
import { actionsMessage, actionsRecord, invocation } from '../../support/actions-message.ts';
import { liveConfiguration, sqsRecord, trackEvent } from '../../support/build.ts';
import { makeCountedMetrics } from '../../support/fakes.ts';
import { openFakeTarget } from '../../support/fakes-workflow-trigger.ts';
import { makeKeptLog } from '../../support/function-log.ts';

export const order = 'order-completed';

const workflow = (name: string) => ({
  name,
  target: { development: { type: 'http', url: 'https://target.example/' } },
});

export type HoldWorld = Awaited<ReturnType<typeof startHoldWorld>>;

/** Workflow-trigger over emulated tables and queues, and a target that notes who got what. */
export async function startHoldWorld() {
  const environment = await startEnvironment();
  await environment.commit(
    liveConfiguration({
      workflows: {
        [order]: workflow('Order completed'),
        other: workflow('Other'),
        'log-it': { name: 'Log it', target: { development: { type: 'log' } } },
        welcome: { ...workflow('Welcome'), audience: 'beta' },
      },
    }),
  );
  const { client, names } = environment.tables;
  const users = Array.from({ length: 20 }, (_, i) => ({ kind: 'user' as const, id: `user-${i}` }));
  await upsertEntities(
    users.map((ref) => ({ ref, attributes: {}, sourceTimeMs: 1 })),
    environment.directory,
    Date.now(),
  );
  const requests: RunRequest[] = [];
  const world = { answer: (): TargetAnswer => ({ kind: 'accepted' }) };
  const current = () => readLive(environment.configuration);
  const deps: WorkflowTriggerDeps = {
    environment: 'development',
    configuration: { current, reload: current },
    claims: makeClaimStore(client, names.Claims),
    actionLog: environment.actionLog,
    actionsQueue: makeActionsQueue(environment.queueServer.client, environment.outputs.ActionsQueueUrl),
    directory: environment.directory,
    subscriptions: makeSubscriptions(client, names.Directory),
    audiences: makeAudiences(client, names.Directory),
    runs: environment.runs,
    holds: makeWorkflowHolds({ client, runsTable: names.WorkflowRuns, configurationTable: names.Configuration }),
    limiter: makeRunLimiter(makeRunLimits(client, names.Directory), Date.now, randomUUID),
    openTarget: openFakeTarget({
      recordsOnly: false,
      timeoutMs: 5000,
      async start(request) {
        requests.push(request);
        return world.answer();
      },
    }),
    metrics: makeCountedMetrics(),
    log: makeKeptLog(),
    nowMs: Date.now,
    random: () => 0.5,
    maxReceiveCount: 10,
    retentionDays: 30,
  };

  let events = 0;
  /** The event's message, as the processor emits it; its row is written. */
  async function message(payload: JsonObject, action = 'workflows_trigger'): Promise<ActionsMessage> {
    // In the order of their ids, whatever the clock says.
    const receivedAtMs = Date.now() - 3_600_000 + events++;
    const entropy = new Uint8Array(10).fill(7);
    const id = makeEventId('rudderstack', 0, receivedAtMs, entropy);
    await environment.eventLog.writeEach([
      eventEntry({ id, body: trackEvent({ timestamp: new Date(receivedAtMs).toISOString() }) }),
    ]);
    return actionsMessage({
      eventId: id,
      execution: id,
      origin: id,
      configVersion: 1,
      receivedAtMs,
      occurredAtMs: receivedAtMs,
      firstSentAtMs: Date.now(),
      invocations: [invocation(action, 'mapping', payload, id)],
    });
  }

  async function deliver(messages: ActionsMessage[], change: Partial<WorkflowTriggerDeps> = {}) {
    const records = messages.map((one) => actionsRecord(one));
    const { batchItemFailures } = await runActions(records, { ...deps, ...change }, Date.now() + 50_000);
    if (batchItemFailures.length > 0) throw new Error(JSON.stringify((deps.log as { lines?: unknown }).lines));
  }

  /** Triggers the workflow once per user; answers the ids of the events. */
  async function trigger(user: string | string[], key = order): Promise<string> {
    const one = await message({ key, recipients: user });
    await deliver([one]);
    return one.execution;
  }

  const queue = { QueueUrl: environment.outputs.ActionsQueueUrl };
  /** Takes messages off the actions queue, as the event source does. */
  async function consume(): Promise<number> {
    const { Messages = [] } = await environment.queueServer.client.send(
      new ReceiveMessageCommand({ ...queue, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) return 0;
    const records = Messages.map(({ Body = '' }) => sqsRecord(Body));
    const { batchItemFailures } = await runActions(records, deps, Date.now() + 50_000);
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const [i, { ReceiptHandle }] of Messages.entries())
      if (!failed.has(records[i]?.messageId ?? ''))
        await environment.queueServer.client.send(new DeleteMessageCommand({ ...queue, ReceiptHandle }));
    return Messages.length;
  }

  /** Runs the function on its queue while something else runs. */
  async function whileConsuming<Value>(work: () => Promise<Value>): Promise<Value> {
    let isOver = false;
    const consumer = (async () => {
      while (!isOver) if ((await consume()) === 0) await new Promise((resume) => setTimeout(resume, 10));
    })();
    try {
      return await work();
    } finally {
      isOver = true;
      await consumer;
    }
  }

  const asked = (reason?: string) => ({ author: 'ana', nowMs: Date.now(), message: reason });
  return {
    environment,
    deps,
    world,
    requests,
    message,
    deliver,
    trigger,
    consume,
    whileConsuming,
    asked,
    /** Who got a run, in the order of the calls. */
    called: () => requests.map(({ message: { data } }) => String((data.recipient as { id: string }).id)),
    action: async (execution: string) => (await environment.actionLog.read(execution))?.actions[0],
    stop: () => environment.stop(),
  };
}
