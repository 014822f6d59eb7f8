import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { writeIf } from '../../adapters/dynamodb.ts';
import { eventItemKey } from '../../adapters/dynamodb-event-log.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf } from '../events/events.ts';
import type { ReplayPlan } from './plan-replay.ts';

/**
 * Notes on each original which event repeats it, before that one is sent: so `why` shows both, and a
 * second forced replay sees the first.
 * @param again also beside an earlier copy. Without it, of two replays at once one finds the copy of
 * the other here, and its plan becomes to send nothing.
 */
export async function markForcedCopies<Planned extends { entry: EventLogEntry | undefined; plan: ReplayPlan }>(
  environment: Environment,
  planned: readonly Planned[],
  { again }: { again: boolean },
): Promise<Planned[]> {
  const { client, table } = eventLogOf(environment);
  const isAlone = again ? '' : ' AND (attribute_not_exists(replays) OR contains(replays, :id))';
  return Promise.all(
    planned.map(async (one) => {
      const { entry, plan } = one;
      if (entry === undefined || plan.kind !== 'event') return one;
      const { id } = plan.raw;
      const isMarked = await writeIf(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: eventItemKey(entry.id, entry.source),
            UpdateExpression: 'ADD replays :copy',
            ConditionExpression: `attribute_exists(pk)${isAlone}`,
            ExpressionAttributeValues: { ':copy': new Set([id]), ...(!again && { ':id': id }) },
          }),
        ),
        'noting a forced copy',
      );
      if (isMarked) return one;
      const detail = 'was run as a new event by another replay just now; --again runs it once more';
      return { ...one, plan: { kind: 'nothing', detail } };
    }),
  );
}
