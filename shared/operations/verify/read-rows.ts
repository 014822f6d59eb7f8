import { actionItemKey, actionPartition, entryFromItem } from '../../adapters/dynamodb-action-log.ts';
import { eventPartition, sourceAndExecution } from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { findAction } from '../../core/actions/index.ts';
import { eventIdTimeMs, lowestIdAt } from '../../core/ids/event-id.ts';
import { executionsOf } from '../../core/ids/executions-of.ts';
import type { ActionOutcome, ActionReason, ActionStatus } from '../../core/logs/action-log-entry.ts';
import { EventStatus } from '../../core/logs/event-log-entry.ts';
import { isTestRun } from '../../core/runs/test-run.ts';
import type { Environment, StackOutputs } from '../environment.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { daysNewestFirst, mergeNewestFirst } from '../tables/newest-first.ts';
import { type Item, queryItems } from '../tables/tables.ts';
import { periodOf, type VerifyRange } from './verify-range.ts';

export type StatusCounts = Record<EventStatus, number>;

export type RowOutputs = Pick<StackOutputs, 'EventLogTable' | 'ActionLogTable'>;
export type RowTables = Pick<Environment, 'documents'> & { outputs: RowOutputs };

/** How an execution stands: as its worst action does, and pending as long as any action is. */
export type ExecutionCounts = Partial<Record<ActionStatus, number>>;

export type RowCounts = {
  /** Rows of one source; those of forced replays and test runs apart, since ingest did not count them. */
  byPeriod: Map<number, StatusCounts>;
  replaysByPeriod: Map<number, number>;
  /** Rows by the configuration version that processed them; 0: none could be read. */
  byVersion: Map<number, number>;
  executions: ExecutionCounts;
};

/** An execution that must have a row in the action log. */
export type Expected = { execution: string; eventId: string; source: string };

/** An execution with a pending action, and what the first of its pending actions waits for. */
export type PendingExecution = Expected & {
  reason: ActionReason;
  /** One sentence for a person. */
  detail?: string;
  retryAtMs?: number;
};

/** What reading cost. */
export type ReadMeter = { units: number; requests: number };

export type ActionRows = {
  /** Executions with actions, by whether their row exists. */
  expected: number;
  without: Expected[];
  pending: PendingExecution[];
  /** Runs of these were cancelled before they began; nothing of them waits. */
  cancelled: Expected[];
};

/**
 * Counts every event row of the range, with the row of its actions. Both tables have the same days,
 * shards and order in their keys, so one walk along both finds missing rows in constant memory. It
 * uses only Queries, and consistent ones, because the rows decide.
 */
export async function readRows(
  environment: RowTables,
  known: KnownSource[],
  range: VerifyRange,
  meter: ReadMeter,
): Promise<{ sources: RowCounts[]; actions: ActionRows }> {
  const sources = known.map(
    (): RowCounts => ({ byPeriod: new Map(), replaysByPeriod: new Map(), byVersion: new Map(), executions: {} }),
  );
  const positions = new Map(known.map(({ key }, i) => [key, i]));
  const unpaired: Expected[] = [];
  const retried: Expected[] = [];
  let expected = 0;
  const shards = Math.max(1, ...known.map((source) => source.shards));
  for (const dayMs of daysNewestFirst(range.sinceMs, range.untilMs - 1)) {
    for (let shard = 0; shard < shards; shard++) {
      // The projection costs nothing: DynamoDB bills the whole row.
      const actionRows = query(environment.outputs.ActionLogTable, actionPartition(dayMs, shard), '#next, problem', {
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
              'pk, #source, #status, replay_of, event_type, actions_planned, execution, executions, config_version',
              { '#source': 'source', '#status': 'status' },
            ),
          ),
        idOf,
      );
      for await (const event of events) {
        const { source, execution } = sourceAndExecution(event);
        const counts = sources[positions.get(source) ?? -1];
        if (counts === undefined) continue;
        count(counts, source, event, range);
        if (event.status !== 'processed' || Number(event.actions_planned) === 0) continue;
        const [own = '', ...others] = executionsOf(source, String(execution), Number(event.executions ?? 1));
        expected += 1 + others.length;
        const pair = { execution: own, eventId: idOf(event), source };
        unpaired.push(...others.map((other) => ({ ...pair, execution: other })));
        while (!action.done && idOf(action.value) > pair.execution) action = await actionRows.next();
        // The execution of an earlier event (for a resend or replay) has its row elsewhere; it is
        // looked up afterwards.
        if (action.done || idOf(action.value) !== pair.execution) unpaired.push(pair);
        // A row without any retry message has no pending action.
        else if (Number(action.value.next) > 0) retried.push(pair);
        else add(counts.executions, worstStatus(action.value.problem));
      }
      await actionRows.return(undefined);
    }
  }
  const looked = await lookUpActions(environment, [...unpaired, ...retried], meter);
  addEnded(sources, known, looked.ended);
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

/** What a row's own index says of its actions: that one failed, or was skipped. */
function worstStatus(problem: unknown): ActionStatus {
  return typeof problem === 'string' ? (problem.split('#')[0] as ActionStatus) : 'succeeded';
}

function add(counts: ExecutionCounts | undefined, status: ActionStatus): void {
  if (counts !== undefined) counts[status] = (counts[status] ?? 0) + 1;
}

/** Counts executions that were looked up with the others of their source. */
export function addEnded(sources: RowCounts[], known: KnownSource[], ended: LookedUp['ended']): void {
  const positions = new Map(known.map(({ key }, i) => [key, i]));
  for (const { source, status } of ended) add(sources[positions.get(source) ?? -1]?.executions, status);
}

type LookedUp = Pick<ActionRows, 'without' | 'pending' | 'cancelled'> & {
  /** Those with a row, by how they stand. */
  ended: { source: string; status: ActionStatus }[];
};

/** Looks up executions whose row is elsewhere, or may have a pending action. */
export async function lookUpActions(
  { documents, outputs }: RowTables,
  expected: Expected[],
  meter: ReadMeter,
): Promise<LookedUp> {
  const found: LookedUp = { without: [], pending: [], cancelled: [], ended: [] };
  // A hundred per request and few requests at once, since an outage can leave very many.
  for (let from = 0; from < expected.length; from += 500) {
    const chunk = expected.slice(from, from + 500);
    const items = await getEach(
      documents,
      chunk.map(({ execution }) => actionItemKey(execution)),
      { table: outputs.ActionLogTable, what: 'reading actions' },
    );
    meter.requests += Math.ceil(chunk.length / 100);
    // A consistent read of up to 4 KB.
    meter.units += chunk.length;
    for (const [i, pair] of chunk.entries()) {
      const item = items[i];
      if (item === undefined) found.without.push(pair);
      else sort(pair, item.problem, entryFromItem(item).actions, found);
    }
  }
  return found;
}

function sort(pair: Expected, problem: unknown, actions: ActionOutcome[], found: LookedUp): void {
  const pending = actions.find(({ status }) => status === 'pending');
  const { source } = pair;
  found.ended.push({ source, status: pending ? 'pending' : worstStatus(problem) });
  if (pending !== undefined) {
    const { reason = 'continues', detail, retryAtMs } = pending;
    found.pending.push({
      ...pair,
      reason,
      ...(detail !== undefined && { detail }),
      ...(retryAtMs !== undefined && { retryAtMs }),
    });
  } else if (actions.some(isCancelled)) found.cancelled.push(pair);
}

/** Its own runs were cancelled; the result of an action that cancels others has the same member. */
function isCancelled({ action, result }: ActionOutcome): boolean {
  return findAction(action)?.startsRunsFor !== undefined && Number(result?.cancelled) > 0;
}

/** Rows of events that ingest and the API never saw: an operator made them. */
export function isUncounted(source: string, { replay_of, event_type }: Item): boolean {
  return replay_of !== undefined || isTestRun({ source, eventType: event_type as string | undefined });
}

function count(
  { byPeriod, replaysByPeriod, byVersion }: RowCounts,
  source: string,
  event: Item,
  range: VerifyRange,
): void {
  const version = Number(event.config_version ?? 0);
  byVersion.set(version, (byVersion.get(version) ?? 0) + 1);
  const period = periodOf(eventIdTimeMs(idOf(event)), range);
  if (isUncounted(source, event)) {
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
  return Object.fromEntries(EventStatus.options.map((status) => [status, 0])) as StatusCounts;
}

const idOf = (item: Item) => String(item.sk);
