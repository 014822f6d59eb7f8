import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { actionItemKey, actionPartition, entryFromItem } from '../../adapters/dynamodb-action-log.ts';
import { problemBuckets, problemPartition } from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { executionsOf } from '../../core/ids/executions-of.ts';
import type { ActionLogEntry, ActionOutcome, ActionStatus } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { hasOwnActions } from '../events/event-row.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { type IdRange, idRange, latestMs } from '../tables/id-range.ts';
import { dayByDay, daysNewestFirst, inChunks, take } from '../tables/newest-first.ts';
import { baseKey, type Item, queryItems } from '../tables/tables.ts';

export type ActionLogTable = { client: DynamoDBDocumentClient; table: string };

export function actionLogOf({ documents, outputs }: Environment): ActionLogTable {
  return { client: documents, table: outputs.ActionLogTable };
}

/** The action log's row of one execution. */
export async function readActionLog(log: ActionLogTable, execution: string): Promise<ActionLogEntry | undefined> {
  const { Item } = await log.client.send(
    new GetCommand({ TableName: log.table, Key: actionItemKey(execution), ConsistentRead: true }),
  );
  return Item && entryFromItem(Item);
}

type Executed = Pick<EventLogEntry, 'status' | 'source' | 'execution' | 'executions'>;

/** Where the actions of an event lie: none for a copy, several for a bulk request. */
export function executionsOfEvent({ status, source, execution, executions = 1 }: Executed): string[] {
  return execution === undefined || !hasOwnActions(status) ? [] : executionsOf(source, execution, executions);
}

/** The action log's rows of an event: several for a bulk request; those that are not there yet are left out. */
export async function readLogsOfEvent(log: ActionLogTable, event: Executed): Promise<ActionLogEntry[]> {
  const executions = executionsOfEvent(event);
  const found = await readExecutions(log, executions);
  return executions.flatMap((execution) => found.get(execution) ?? []);
}

/** The rows of one event as if they were one; undefined for none. */
export function asOneLog([first, ...others]: ActionLogEntry[]): ActionLogEntry | undefined {
  if (first === undefined || others.length === 0) return first;
  const all = [first, ...others];
  return {
    ...first,
    actions: all.flatMap(({ actions }) => actions),
    next: Math.max(...all.map(({ next }) => next)),
    updatedAtMs: Math.max(...all.map(({ updatedAtMs }) => updatedAtMs)),
  };
}

/** What the action log has of events, by execution; only for events that ran actions themselves. */
export async function readActionLogs(log: ActionLogTable, events: Executed[]): Promise<Map<string, ActionLogEntry>> {
  const found = await readExecutions(log, events.flatMap(executionsOfEvent));
  return new Map(
    events.flatMap((event) => {
      const one = asOneLog(executionsOfEvent(event).flatMap((execution) => found.get(execution) ?? []));
      return event.execution === undefined || one === undefined ? [] : [[event.execution, one] as const];
    }),
  );
}

export async function readExecutions(log: ActionLogTable, executions: string[]): Promise<Map<string, ActionLogEntry>> {
  const items = await getEach(log.client, executions.map(actionItemKey), { table: log.table, what: 'reading actions' });
  return new Map(
    items.flatMap((item) => {
      if (item === undefined) return [];
      const entry = entryFromItem(item);
      return [[entry.execution, entry] as const];
    }),
  );
}

export type ActionFilter = {
  sinceMs: number;
  untilMs: number;
  /** The largest number of log shards of any source. */
  shards: number;
  /** Any of these; absent: all. */
  statuses?: readonly ActionStatus[];
  action?: string;
  /** Key of the workflow that an action triggers. */
  workflow?: string;
  /** Goes on behind this action: only later ones of its execution, and older executions. */
  after?: ActionPlace;
};

/** One action of the log. */
export type ActionPlace = { execution: string; actionId: string };

export type FoundAction = { log: ActionLogEntry; action: ActionOutcome };

/**
 * Actions, newest execution first. Failed and skipped ones are found by index `problems`, others in
 * the partitions of the days: by day and shard, since executions of all sources share them.
 */
export function actionsNewestFirst(log: ActionLogTable, filter: ActionFilter): AsyncGenerator<FoundAction> {
  const { after, ...rest } = filter;
  const entries = actionLogEntries(log, { ...rest, ...(after && { after: after.execution }) });
  return matching(entries, filter);
}

/** The newest of them. */
export function listActions(log: ActionLogTable, filter: ActionFilter & { limit: number }): Promise<FoundAction[]> {
  return take(actionsNewestFirst(log, filter), filter.limit);
}

/**
 * Rows of the action log, newest first; that of `after` is among them, since it may have more
 * actions. With a problem status, only rows with such an action.
 */
export function actionLogEntries(
  log: ActionLogTable,
  range: IdRange & Pick<ActionFilter, 'shards' | 'statuses'>,
): AsyncGenerator<ActionLogEntry> {
  const { statuses } = range;
  const allProblems = statuses?.every((status) => status === 'failed' || status === 'skipped') === true;
  return allProblems ? problemEntries(log, statuses, range) : entriesByDay(log, range);
}

async function* matching(entries: AsyncIterable<ActionLogEntry>, filter: ActionFilter): AsyncGenerator<FoundAction> {
  for await (const log of entries) yield* actionsOfLog(log, filter);
}

/** The actions of one execution that a filter takes. */
export function actionsOfLog(
  log: ActionLogEntry,
  filter: Pick<ActionFilter, 'statuses' | 'action' | 'workflow' | 'after'>,
): FoundAction[] {
  return actionsAfter(log, filter.after)
    .map((action) => ({ log, action }))
    .filter((found) => matchesAction(found, filter));
}

/** An execution keeps its actions, so that the id finds the place. */
function actionsAfter({ execution, actions }: ActionLogEntry, after: ActionPlace | undefined): ActionOutcome[] {
  if (execution !== after?.execution) return actions;
  const position = actions.findIndex(({ id }) => id === after.actionId);
  return position < 0 ? [] : actions.slice(position + 1);
}

function matchesAction(
  { action }: FoundAction,
  { statuses, action: name, workflow }: Pick<ActionFilter, 'statuses' | 'action' | 'workflow'>,
): boolean {
  if (statuses !== undefined && !statuses.includes(action.status)) return false;
  if (name !== undefined && action.action !== name) return false;
  return workflow === undefined || action.payload.key === workflow;
}

/**
 * Executions of all sources share the partitions of a day, so a reader reads as many shards as the
 * widest source has.
 */
export function mostShards(known: KnownSource[]): number {
  return Math.max(1, ...known.map(({ shards }) => shards));
}

const idOfItem = (item: Item) => String(item.sk);

async function* entriesByDay(
  log: ActionLogTable,
  { shards, ...range }: IdRange & { shards: number },
): AsyncGenerator<ActionLogEntry> {
  const { from, to } = idRange(range);
  const items = dayByDay(
    daysNewestFirst(range.sinceMs, latestMs(range)),
    (dayMs) =>
      Array.from({ length: shards }, (_, shard) =>
        queryItems(log.client, {
          TableName: log.table,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': actionPartition(dayMs, shard),
            ':from': from,
            ':to': to,
          },
          ScanIndexForward: false,
          ConsistentRead: true,
          Limit: 100,
        }),
      ),
    idOfItem,
  );
  for await (const item of items) yield entryFromItem(item);
}

async function* problemEntries(
  log: ActionLogTable,
  asked: readonly ActionStatus[],
  range: IdRange,
): AsyncGenerator<ActionLogEntry> {
  const { from, to } = idRange(range);
  // The index has a row with both under its failure.
  const statuses = asked.includes('skipped') ? ['failed', 'skipped'] : ['failed'];
  const partitionsOf = (dayMs: number) =>
    statuses.flatMap((one) =>
      Array.from({ length: problemBuckets }, (_, bucket) => problemPartition(one, dayMs, bucket)),
    );
  const keys = dayByDay(
    daysNewestFirst(range.sinceMs, latestMs(range)),
    (dayMs) =>
      partitionsOf(dayMs).map((partition) =>
        queryItems(log.client, {
          TableName: log.table,
          IndexName: 'problems',
          KeyConditionExpression: 'problem = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: { ':pk': partition, ':from': from, ':to': to },
          ScanIndexForward: false,
        }),
      ),
    idOfItem,
  );
  for await (const chunk of inChunks(keys, 50)) {
    const items = await getEach(log.client, chunk.map(baseKey), { table: log.table, what: 'reading actions' });
    for (const item of items) if (item !== undefined) yield entryFromItem(item);
  }
}
