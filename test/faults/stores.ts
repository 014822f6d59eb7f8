import { makeFakeTargetBreakers } from '../support/fake-target-breakers.ts';
import { makeFakeActionLog, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import {
  makeFakeAudiences,
  makeFakeDirectory,
  makeFakeHolds,
  makeFakeRuns,
  makeFakeSubscriptions,
} from '../support/fakes-workflow-trigger.ts';
import { QueueModel } from './queue-model.ts';
import { calledWorkflows, worldStartMs } from './subject.ts';
import { limitedActionLog, limitedEventLog } from './table-limits.ts';
import { TargetModel } from './target-model.ts';

/** Seconds, as infra/pipeline-stack.ts sets them; test/faults/world.test.ts compares. */
export const functionSeconds = { ingest: 10, processor: 30, 'workflow-trigger': 60, 'dead-letter': 30 } as const;
export type FunctionName = keyof typeof functionSeconds;
export const maxReceiveCount = 10;
export const batchSize = 10;
const daySeconds = 86_400;

/** Everything that outlives a process. */
export function makeStores() {
  const clock = { nowMs: worldStartMs };
  const nowMs = () => clock.nowMs;
  const queue = (name: string, consumerSeconds: number, retentionDays: number, deadLetters?: QueueModel) =>
    new QueueModel({
      name,
      nowMs,
      visibilitySeconds: 6 * consumerSeconds,
      retentionSeconds: retentionDays * daySeconds,
      ...(deadLetters && { deadLetters: { queue: deadLetters, maxReceiveCount } }),
    });
  const eventsDead = queue('events-dead-letters', functionSeconds['dead-letter'], 14);
  const actionsDead = queue('actions-dead-letters', functionSeconds['dead-letter'], 14);
  return {
    clock,
    queues: {
      events: queue('events', functionSeconds.processor, 4, eventsDead),
      actions: queue('actions', functionSeconds['workflow-trigger'], 4, actionsDead),
      eventsDead,
      actionsDead,
    },
    claims: makeFakeClaimStore(),
    eventLog: limitedEventLog(makeFakeEventLog()),
    actionLog: limitedActionLog(makeFakeActionLog()),
    directory: makeFakeDirectory(),
    subscriptions: makeFakeSubscriptions(),
    audiences: makeFakeAudiences(),
    runs: makeFakeRuns(),
    holds: makeFakeHolds(),
    breakers: makeFakeTargetBreakers(),
    targets: Object.fromEntries(calledWorkflows.map((workflow) => [workflow, new TargetModel()])) as Record<
      (typeof calledWorkflows)[number],
      TargetModel
    >,
  };
}

export type Stores = ReturnType<typeof makeStores>;
export type QueueName = keyof Stores['queues'];
