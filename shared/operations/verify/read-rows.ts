import { actionItemKey, actionPartition } from '../../adapters/dynamodb-action-log.ts';
import { eventPartition, sourceAndExecution } from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { eventIdTimeMs, lowestIdAt } from '../../core/ids/event-id.ts';
import { executionsOf } from '../../core/ids/executions-of.ts';
import type { ActionStatus } from '../../core/logs/action-log-entry.ts';
import type { EventStatus } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { daysNewestFirst, mergeNewestFirst } from '../tables/newest-first.ts';
import { type Item, queryItems } from '../tables/tables.ts';
import { periodOf, type VerifyRange } from './verify-range.ts';

export type StatusCounts = Record<EventStatus, number>;

/** Rows of one source by period; those of forced replays apart, since ingest did not count them. */
export type RowCounts = { byPeriod: Map<number, StatusCounts>; replaysByPeriod: Map<number, number> };

/** An execution that must have a row in the action log. */
export type Expected = { execution: string; eventId: string };

/** What reading cost. */
export type ReadMeter = { units: number; requests: number };

export type ActionRows = {
  /** Executions with actions, by whether their row exists. */
  expected: number;
  without: Expected[];
  pending: Expected[];
};

/**
 * Counts every event row of the range, with the row of its actions. Both tables have the same days,
 * shards and order in their keys, so one walk along both finds missing rows in constant memory. It
 * uses only Queries, and consistent ones, because the rows decide.
 */
export async function readRows(
  environment: Pick<Environment, 'documents' | 'outputs'>,
  known: KnownSource[],
  range: VerifyRange,
  meter: ReadMeter,
): Promise<{ sources: RowCounts[]; actions: ActionRows }> {
  const sources = known.map((): RowCounts => ({ byPeriod: new Map(), replaysByPeriod: new Map() }));
  const positions = new Map(known.map(({ key }, i) => [key, i]));
  const unpaired: Expected[] = [];
  const retried: Expected[] = [];
  let expected = 0;
  const shards = Math.max(1, ...known.map((source) => source.shards));
  for (const dayMs of daysNewestFirst(range.sinceMs, range.untilMs - 1)) {
    for (let shard = 0; shard < shards; shard++) {
      const actionRows = query(environment.outputs.ActionLogTable, actionPartition(dayMs, shard), '#next', {
        '#next': 'next',
      });
      let action = await actionRows.next();
      const events = mergeNewestFirst(
        known
          .filter((source) => shard < source.shards)
          .map(({ key }) =>
            query(
              environment.outputs.EventLogTable,
              eventPartition(key, dayMs, shard),
              'pk, #source, #status, replay_of, actions_planned, execution, executions',
              { '#source': 'source', '#status': 'status' },
            ),
          ),
        idOf,
      );
      for await (const event of events) {
        const { source, execution } = sourceAndExecution(event);
        const counts = sources[positions.get(source) ?? -1];
        if (counts === undefined) continue;
        count(counts, event, range);
        if (event.status !== 'processed' || Number(event.actions_planned) === 0) continue;
        const [own = '', ...others] = executionsOf(source, String(execution), Number(event.executions ?? 1));
        expected += 1 + others.length;
        const pair = { execution: own, eventId: idOf(event) };
        unpaired.push(...others.map((other) => ({ ...pair, execution: other })));
        while (!action.done && idOf(action.value) > pair.execution) action = await actionRows.next();
        // The execution of an earlier event (for a resend or replay) has its row elsewhere; it is
        // looked up afterwards.
        if (action.done || idOf(action.value) !== pair.execution) unpaired.push(pair);
        // A row without any retry message has no pending action.
        else if (Number(action.value.next) > 0) retried.push(pair);
      }
      await actionRows.return(undefined);
    }
  }
  const looked = await lookUpActions(environment, [...unpaired, ...retried], meter);
  return { sources, actions: { expected, ...looked } };

  function query(table: string, partition: string, attributes: string, names: Record<string, string>) {
    return queryItems(
      environment.documents,
      {
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':pk': partition,
          ':from': lowestIdAt(range.sinceMs),
          ':to': lowestIdAt(range.untilMs),
        },
        ProjectionExpression: `sk, ${attributes}`,
        ExpressionAttributeNames: names,
        ScanIndexForward: false,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      },
      ({ ConsumedCapacity }) => {
        meter.requests++;
        meter.units += ConsumedCapacity?.CapacityUnits ?? 0;
      },
    );
  }
}

/** The executions without a row in the action log, and those with a pending action. */
export async function lookUpActions(
  { documents, outputs }: Pick<Environment, 'documents' | 'outputs'>,
  expected: Expected[],
  meter: ReadMeter,
): Promise<Pick<ActionRows, 'without' | 'pending'>> {
  const without: Expected[] = [];
  const pending: Expected[] = [];
  // A hundred per request and few requests at once, since an outage can leave very many.
  for (let from = 0; from < expected.length; from += 500) {
    const chunk = expected.slice(from, from + 500);
    const items = await getEach(
      documents,
      chunk.map(({ execution }) => actionItemKey(execution)),
      { table: outputs.ActionLogTable, what: 'reading actions', attributes: ['actions'] },
    );
    meter.requests += Math.ceil(chunk.length / 100);
    // A consistent read of up to 4 KB.
    meter.units += chunk.length;
    for (const [i, pair] of chunk.entries()) {
      const item = items[i];
      if (item === undefined) without.push(pair);
      else if ((item.actions as { status: ActionStatus }[]).some(({ status }) => status === 'pending'))
        pending.push(pair);
    }
  }
  return { without, pending };
}

function count({ byPeriod, replaysByPeriod }: RowCounts, event: Item, range: VerifyRange): void {
  const period = periodOf(eventIdTimeMs(idOf(event)), range);
  if (event.replay_of !== undefined) {
    replaysByPeriod.set(period, (replaysByPeriod.get(period) ?? 0) + 1);
    return;
  }
  let counts = byPeriod.get(period);
  if (counts === undefined) {
    counts = noRows();
    byPeriod.set(period, counts);
  }
  counts[event.status as EventStatus]++;
}

export function noRows(): StatusCounts {
  return { processed: 0, no_mapping: 0, idempotent: 0, rejected: 0, failed: 0 };
}

const idOf = (item: Item) => String(item.sk);
