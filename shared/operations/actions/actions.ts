import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { actionItemKey, actionPartition, entryFromItem } from '../../adapters/dynamodb-action-log.ts';
import { problemBuckets, problemPartition } from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { findAction } from '../../core/actions/index.ts';
import { executionsOf } from '../../core/ids/executions-of.ts';
import {
  type ActionLogEntry,
  type ActionOutcome,
  type ActionReason,
  type ActionStatus,
  statusesOfReason,
} from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment, StackOutputs } from '../environment.ts';
import { hasOwnActions } from '../events/event-row.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { type IdRange, idRange, latestMs } from '../tables/id-range.ts';
import { daysNewestFirst, take } from '../tables/newest-first.ts';
import {
  type Found,
  foundByDay,
  foundInChunks,
  foundItems,
  pageRowsMax,
  type Reading,
  reading,
  rowsOf,
} from '../tables/reading.ts';
import { baseKey } from '../tables/tables.ts';

export type ActionLogTable = { client: DynamoDBDocumentClient; table: string };

/** What it takes of an environment. */
export type WithActionLog = Pick<Environment, 'documents'> & { outputs: Pick<StackOutputs, 'ActionLogTable'> };

export function actionLogOf({ documents, outputs }: WithActionLog): ActionLogTable {
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

/** What actions are found by. An absent field: any. */
export type ActionFilter = {
  /** Of the events: */
  source?: string;
  eventType?: string;
  /** The configuration version of the last attempt. */
  configVersion?: number;
  /** Any of these. */
  statuses?: readonly ActionStatus[];
  reasons?: readonly ActionReason[];
  action?: string;
  mapping?: string;
  /** Key of the workflow that an action triggers or cancels. */
  workflow?: string;
};

export type ActionRange = {
  sinceMs: number;
  untilMs: number;
  /** The largest number of log shards of any source. */
  shards: number;
  /** Goes on behind this action: only later ones of its execution, and older executions. */
  after?: ActionPlace;
  /** How many are wanted: the size of the pages that are read. */
  limit?: number;
};

/** One action of the log, or all actions of its execution. */
export type ActionPlace = { execution: string; actionId?: string };

export type FoundAction = { log: ActionLogEntry; action: ActionOutcome };

/**
 * Actions, newest execution first. Failed and skipped ones are found by index `problems`, others in
 * the partitions of the days: by day and shard, since executions of all sources share them.
 */
export async function* findActions(
  log: ActionLogTable,
  filter: ActionFilter & ActionRange,
  progress: Reading,
): AsyncGenerator<Found<FoundAction>> {
  const { after, ...rest } = filter;
  const logs = findActionLogs(log, { ...rest, ...(after && { after: after.execution }) }, progress);
  for await (const { id, row } of logs) {
    if (row === undefined) yield { id };
    else for (const found of actionsOfLog(row, filter)) yield { id, row: found };
  }
}

/** The newest of them. */
export function listActions(
  log: ActionLogTable,
  filter: ActionFilter & ActionRange & { limit: number },
): Promise<FoundAction[]> {
  return take(rowsOf(findActions(log, filter, reading())), filter.limit);
}

type LogRange = IdRange & Pick<ActionRange, 'shards' | 'limit'>;

/**
 * Rows of the action log, newest first; that of `after` is among them, since it may have more
 * actions. Of a filter it takes what leads to rows: other rows may come too.
 */
export function actionLogEntries(log: ActionLogTable, range: ActionFilter & LogRange): AsyncGenerator<ActionLogEntry> {
  return rowsOf(findActionLogs(log, range, reading()));
}

export function findActionLogs(
  log: ActionLogTable,
  filter: ActionFilter & LogRange,
  progress: Reading,
): AsyncGenerator<Found<ActionLogEntry>> {
  const statuses = filter.statuses ?? filter.reasons?.flatMap((reason) => statusesOfReason[reason]);
  const areProblems = statuses?.every((status) => status !== 'succeeded' && status !== 'pending') === true;
  return areProblems ? problemEntries(log, statuses, filter, progress) : entriesByDay(log, filter, progress);
}

/** The actions of one execution that a filter takes. */
export function actionsOfLog(log: ActionLogEntry, filter: ActionFilter & Pick<ActionRange, 'after'>): FoundAction[] {
  const { source, eventType, configVersion } = filter;
  if (source !== undefined && log.source !== source) return [];
  if (eventType !== undefined && log.eventType !== eventType) return [];
  if (configVersion !== undefined && log.configVersion !== configVersion) return [];
  return actionsAfter(log, filter.after)
    .filter((action) => matchesAction(action, filter))
    .map((action) => ({ log, action }));
}

/** An execution keeps its actions, so that the id finds the place. */
function actionsAfter({ execution, actions }: ActionLogEntry, after: ActionPlace | undefined): ActionOutcome[] {
  if (execution !== after?.execution) return actions;
  const position = actions.findIndex(({ id }) => id === after.actionId);
  return position < 0 ? [] : actions.slice(position + 1);
}

function matchesAction(
  action: ActionOutcome,
  { statuses, reasons, action: name, mapping, workflow }: ActionFilter,
): boolean {
  if (statuses !== undefined && !statuses.includes(action.status)) return false;
  if (reasons !== undefined && !(action.reason !== undefined && reasons.includes(action.reason))) return false;
  // A reason finds what is open; what was discarded is found by that status.
  if (reasons !== undefined && statuses === undefined && action.status === 'discarded') return false;
  if (name !== undefined && action.action !== name) return false;
  if (mapping !== undefined && action.mapping !== mapping) return false;
  return workflow === undefined || workflowOf(action) === workflow;
}

/** The key of the workflow that an action names, as far as its row holds its parameters. */
export function workflowOf({ action, payload }: Pick<ActionOutcome, 'action' | 'payload'>): string | undefined {
  const names = findAction(action)?.names;
  const key = names?.type === 'workflow' ? payload[names.parameter] : undefined;
  return typeof key === 'string' ? key : undefined;
}

/**
 * Executions of all sources share the partitions of a day, so a reader reads as many shards as the
 * widest source has.
 */
export function mostShards(known: KnownSource[]): number {
  return Math.max(1, ...known.map(({ shards }) => shards));
}

const firstPage = (limit = 100) => Math.min(Math.max(limit, 25), pageRowsMax);

async function* entriesByDay(
  log: ActionLogTable,
  { source, eventType, configVersion, ...range }: ActionFilter & LogRange,
  progress: Reading,
): AsyncGenerator<Found<ActionLogEntry>> {
  const { from, to } = idRange(range);
  const wanted = Object.entries({ source, event_type: eventType, config_version: configVersion }).filter(
    ([, value]) => value !== undefined,
  );
  const isFiltered = wanted.length > 0;
  const found = foundByDay(
    daysNewestFirst(range.sinceMs, latestMs(range)),
    (dayMs) =>
      Array.from({ length: range.shards }, (_, shard) =>
        foundItems(
          log.client,
          {
            TableName: log.table,
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
            ...(isFiltered && {
              FilterExpression: wanted.map(([name]) => `#${name} = :${name}`).join(' AND '),
              ExpressionAttributeNames: Object.fromEntries(wanted.map(([name]) => [`#${name}`, name])),
            }),
            ExpressionAttributeValues: {
              ':pk': actionPartition(dayMs, shard),
              ':from': from,
              ':to': to,
              ...Object.fromEntries(wanted.map(([name, value]) => [`:${name}`, value])),
            },
            ScanIndexForward: false,
            ConsistentRead: !isFiltered,
            Limit: firstPage(range.limit),
          },
          progress,
        ),
      ),
    progress,
  );
  for await (const { id, row } of found) yield row === undefined ? { id } : { id, row: entryFromItem(row) };
}

/** The index holds source and type, so that other rows are not read whole. */
async function* problemEntries(
  log: ActionLogTable,
  asked: readonly ActionStatus[],
  { source, eventType, ...range }: ActionFilter & LogRange,
  progress: Reading,
): AsyncGenerator<Found<ActionLogEntry>> {
  const { from, to } = idRange(range);
  // The index has a row with several under the worst.
  const order: ActionStatus[] = ['failed', 'skipped', 'discarded'];
  const statuses = order.slice(0, Math.max(...asked.map((status) => order.indexOf(status))) + 1);
  const found = foundByDay(
    daysNewestFirst(range.sinceMs, latestMs(range)),
    (dayMs) =>
      statuses.flatMap((status) =>
        Array.from({ length: problemBuckets }, (_, bucket) =>
          foundItems(
            log.client,
            {
              TableName: log.table,
              IndexName: 'problems',
              KeyConditionExpression: 'problem = :pk AND sk BETWEEN :from AND :to',
              ExpressionAttributeValues: {
                ':pk': problemPartition(status, dayMs, bucket),
                ':from': from,
                ':to': to,
              },
              ScanIndexForward: false,
              Limit: firstPage(range.limit),
            },
            progress,
          ),
        ),
      ),
    progress,
  );
  const keys = (async function* () {
    for await (const one of found) {
      const { row } = one;
      const isWanted =
        row === undefined ||
        ((source === undefined || row.source === source) && (eventType === undefined || row.event_type === eventType));
      if (isWanted) yield one;
    }
  })();
  for await (const chunk of foundInChunks(keys, 50)) {
    if ('end' in chunk) {
      yield { id: chunk.end };
      continue;
    }
    const items = await getEach(log.client, chunk.rows.map(baseKey), { table: log.table, what: 'reading actions' });
    for (const item of items) if (item !== undefined) yield { id: String(item.sk), row: entryFromItem(item) };
  }
}
