import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { eventItemKey } from '../../adapters/dynamodb-event-log.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf } from '../events/events.ts';
import type { ReplayPlan } from './plan-replay.ts';

/**
 * Notes on each original which event repeats it, before that one is sent: so `why` shows both, and a
 * second forced replay sees the first.
 */
export async function markForcedCopies(
  environment: Environment,
  planned: readonly { entry: EventLogEntry | undefined; plan: ReplayPlan }[],
): Promise<void> {
  const { client, table } = eventLogOf(environment);
  await Promise.all(
    planned.map(async ({ entry, plan }) => {
      if (entry === undefined || plan.kind !== 'event') return;
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: eventItemKey(entry.id, entry.source),
          UpdateExpression: 'ADD replays :copy',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':copy': new Set([plan.raw.id]) },
        }),
      );
    }),
  );
}
