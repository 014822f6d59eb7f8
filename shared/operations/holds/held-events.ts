import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { problemBuckets, problemPartition, rowExpiresAtSeconds } from '../../adapters/dynamodb-event-log.ts';
import type { EnvironmentState } from '../../core/configuration/schema.ts';
import { eventIdTimeMs, lowestIdAt, utcDay } from '../../core/ids/event-id.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, findEventFacts } from '../events/events.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { reading, rowsOf } from '../tables/reading.ts';

/** Events of a paused source that wait for its release. */
export type HeldEvents = {
  count: number;
  /** There may be more: counting stops here. */
  isCut: boolean;
  /** Of the oldest one. */
  oldestId?: string;
  oldestAtMs?: number;
  /** When its row ages out, and the event with it; days later at most. */
  expiresAtMs?: number;
};

const dayMs = 86_400_000;
/** Of each day and partition, so many are counted; then counting stops. */
const countedMax = 1_000;

/**
 * Counts held events by their source, in index `problems`: the partitions of each day from the first
 * on which one can have been held, oldest first.
 */
export async function countHeld(
  environment: Environment,
  state: EnvironmentState,
  { sinceMs, nowMs }: { sinceMs: number; nowMs: number },
): Promise<Map<string, HeldEvents>> {
  const { client, table } = eventLogOf(environment);
  const bySource = new Map<string, string[]>();
  let count = 0;
  let isCut = false;
  for (let day = sinceMs; utcDay(day) <= utcDay(nowMs) && !isCut; day += dayMs) {
    const pages = await Promise.all(
      Array.from({ length: problemBuckets }, (_, bucket) =>
        client.send(
          new QueryCommand({
            TableName: table,
            IndexName: 'problems',
            KeyConditionExpression: 'problem = :problem AND sk >= :from',
            ExpressionAttributeValues: {
              ':problem': problemPartition('held', day, bucket),
              ':from': lowestIdAt(sinceMs),
            },
            Limit: countedMax,
          }),
        ),
      ),
    );
    for (const { Items = [] } of pages)
      for (const { source, sk } of Items) {
        const ids = bySource.get(String(source)) ?? [];
        bySource.set(String(source), ids);
        ids.push(String(sk));
        count++;
      }
    isCut = count >= 10 * countedMax || pages.some(({ LastEvaluatedKey }) => LastEvaluatedKey !== undefined);
  }
  return new Map([...bySource].map(([source, ids]) => [source, heldOf(environment, state, { source, ids, isCut })]));
}

function heldOf(
  { outputs }: Environment,
  state: EnvironmentState,
  { source, ids, isCut }: { source: string; ids: string[]; isCut: boolean },
): HeldEvents {
  const [oldestId = ''] = ids.sort();
  const oldestAtMs = eventIdTimeMs(oldestId);
  const retentionDays = state.sources[source]?.retention_days ?? outputs.LogRetentionDays;
  const expiresAtMs = rowExpiresAtSeconds({ receivedAtMs: oldestAtMs, changedAtMs: oldestAtMs }, retentionDays) * 1000;
  return { count: ids.length, isCut, oldestId, oldestAtMs, expiresAtMs };
}

export const noneHeld: HeldEvents = { count: 0, isCut: false };

/** The ids of all held events of a source, oldest first. */
export async function heldIds(
  environment: Environment,
  source: KnownSource,
  range: { sinceMs: number; untilMs: number },
): Promise<string[]> {
  const wanted = { ...range, sources: [source], statuses: ['held'] as const, limit: Number.POSITIVE_INFINITY };
  const ids: string[] = [];
  for await (const { id } of rowsOf(findEventFacts(eventLogOf(environment), wanted, reading()))) ids.push(id);
  return ids.sort();
}
