import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { tableError } from '../../adapters/dynamodb.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { runFromItem, runItemKey } from '../../adapters/dynamodb-workflow-runs.ts';
import { findAction } from '../../core/actions/index.ts';
import { Recipients } from '../../core/actions/parts/recipient.ts';
import { type EntityRef, recipientKey } from '../../core/ids/entity-ref.ts';
import { lowestIdAt } from '../../core/ids/event-id.ts';
import { printRunId, type RunKey, runKey } from '../../core/ids/run-id.ts';
import type { JsonValue } from '../../core/json/values.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { Page, PageRequest } from '../../ports/subscriptions.ts';
import type { Environment } from '../environment.ts';
import { idRange } from '../tables/id-range.ts';
import { queryItems } from '../tables/tables.ts';

export type WorkflowRunsTable = { client: DynamoDBDocumentClient; table: string };

export function workflowRunsOf({ documents, outputs }: Environment): WorkflowRunsTable {
  return { client: documents, table: outputs.WorkflowRunsTable };
}

/** One run; undefined when it does not exist or has aged out. */
export async function readRun({ client, table }: WorkflowRunsTable, key: RunKey): Promise<WorkflowRun | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: runItemKey(key), ConsistentRead: true }));
  return Item && runFromItem(Item);
}

/** One recipient's runs, newest first: one Query for any age. */
export async function* runsOfRecipient(
  { client, table }: WorkflowRunsTable,
  recipient: string,
  { sinceMs, untilMs, after }: { sinceMs: number; untilMs: number; after?: RunKey | Pick<RunKey, 'execution'> },
): AsyncGenerator<WorkflowRun> {
  const edge = after && ('recipient' in after ? runItemKey(after).sk : after.execution);
  const { from, to } = idRange({ sinceMs, untilMs, ...(edge !== undefined && { after: edge }) });
  const items = queryItems(client, {
    TableName: table,
    // Sort keys begin with the execution's id, hence with its time.
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':pk': recipient, ':from': from, ':to': to },
    ScanIndexForward: false,
    ConsistentRead: true,
    Limit: 100,
  });
  for await (const item of items) if (item.sk !== edge) yield runFromItem(item);
}

/** A page of them, newest first; `before` leads to newer ones. A name is a run's sort key. */
export async function pageOfRecipient(
  { client, table }: WorkflowRunsTable,
  recipient: string,
  range: { sinceMs: number; untilMs: number },
  { limit, after, before }: PageRequest,
): Promise<Page<WorkflowRun>> {
  const { from, to } = idRange(range);
  const edge = after ?? before;
  const { Items = [], LastEvaluatedKey } = await client
    .send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': recipient, ':from': from, ':to': to },
        ScanIndexForward: before !== undefined,
        ConsistentRead: true,
        Limit: limit,
        ...(edge !== undefined && { ExclusiveStartKey: { pk: recipient, sk: edge } }),
      }),
    )
    .catch((error) => {
      throw tableError(error, 'reading runs');
    });
  const entries = Items.map(runFromItem);
  if (before !== undefined) entries.reverse();
  return { entries, ...(LastEvaluatedKey && { next: String(LastEvaluatedKey.sk) }) };
}

/**
 * The runs of one execution. The table is keyed by recipient, so this looks up the recipients that
 * the execution's triggers name.
 */
export async function runsOfExecution(table: WorkflowRunsTable, log: ActionLogEntry): Promise<WorkflowRun[]> {
  return runsOfExecutions(table, [log]);
}

/** The same for several executions, in order and with few calls. */
export async function runsOfExecutions(
  { client, table }: WorkflowRunsTable,
  logs: ActionLogEntry[],
): Promise<WorkflowRun[]> {
  // A recipient that is listed twice has one run.
  const keys = new Map(logs.flatMap(runKeysOf).map((key) => [printRunId(key), runItemKey(key)]));
  const items = await getEach(client, [...keys.values()], { table, what: 'reading runs' });
  return items.flatMap((item) => (item === undefined ? [] : [runFromItem(item)]));
}

function runKeysOf({ actions, execution }: ActionLogEntry): RunKey[] {
  return actions.flatMap(({ action, payload, mapping }) => {
    const parameter = findAction(action)?.startsRunsFor;
    const recipients = parameter === undefined ? [] : recipientsOf(payload[parameter] ?? null);
    return recipients.map((recipient) => runKey(recipient, execution, mapping));
  });
}

/**
 * A trigger's recipients; empty when they are malformed, since the trigger then failed and started
 * no run.
 */
export function recipientsOf(value: JsonValue): EntityRef[] {
  const parsed = Recipients.safeParse(value);
  return parsed.success ? parsed.data.map(({ ref }) => ref) : [];
}

/**
 * The number of runs of each execution that a target took, among these users and since a time. It
 * serves to check that no run happened twice.
 */
export async function countRunsByExecution(
  environment: Environment,
  userIds: string[],
  sinceMs: number,
): Promise<Map<string, number>> {
  const { client, table } = workflowRunsOf(environment);
  const counts = new Map<string, number>();
  const waiting = [...userIds];
  const worker = async () => {
    for (let userId = waiting.pop(); userId !== undefined; userId = waiting.pop()) {
      const items = queryItems(client, {
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk >= :from',
        ExpressionAttributeValues: { ':pk': recipientKey({ kind: 'user', id: userId }), ':from': lowestIdAt(sinceMs) },
        ProjectionExpression: 'sk, #status',
        ExpressionAttributeNames: { '#status': 'status' },
        ConsistentRead: true,
      });
      for await (const { sk, status } of items) {
        if (status !== 'handed_off') continue;
        const execution = String(sk).split('#', 1)[0] ?? '';
        counts.set(execution, (counts.get(execution) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return counts;
}
