import { createHash } from 'node:crypto';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { defined } from '../core/defined.ts';
import { RetryableError } from '../core/errors.ts';
import { describeRef, type EntityRef, recipientKey, refFromRecipientKey } from '../core/ids/entity-ref.ts';
import { printRunId, type RunKey } from '../core/ids/run-id.ts';
import { inParallel } from '../core/in-parallel.ts';
import { itemBytes, itemBytesMax } from '../core/json/item-bytes.ts';
import type { JsonObject } from '../core/json/values.ts';
import { endingOf, type RunStatus, type RunSubscription, WorkflowRun } from '../core/runs/workflow-run.ts';
import { clip } from '../core/text.ts';
import type { CancellationMark, RunState, WorkflowRuns } from '../ports/workflow-runs.ts';
import { indexPartition, putEach, type TableItem, tableError, writeIf } from './dynamodb.ts';
import { getEach, type ItemKey } from './dynamodb-get-each.ts';
import { packJson, unpackJson } from './packed-json.ts';

/**
 * `pk` = the recipient, so that "what did this user get?" is one Query; `sk = {execution}#{hash of
 * the mapping}`.
 */
export function runItemKey({ recipient, execution, mappingHash }: RunKey): { pk: string; sk: string } {
  return { pk: recipientKey(recipient), sk: `${execution}#${mappingHash}` };
}

/**
 * Partition of index `cancellations`; it holds only unfinished runs, and handed-off ones that their
 * target can cancel.
 */
export function cancellationPartition(workflow: string, cancellationKey: string): string {
  return `${workflow}#${cancellationKey}`;
}

/**
 * The row as an item. If the trigger's data and the subscription's properties are too large for one
 * item, the row only names the subscription. The target still gets the properties, since each
 * attempt reads subscriptions again.
 */
export function itemFromRun(run: WorkflowRun, retentionDays: number): TableItem {
  const item = wholeItem(run, retentionDays);
  if (run.subscription === undefined || itemBytes(item) <= itemBytesMax) return item;
  return wholeItem({ ...run, subscription: { ...run.subscription, properties: {} } }, retentionDays);
}

function wholeItem(run: WorkflowRun, retentionDays: number): TableItem {
  const { cancelReason, targetReference, error } = endingOf(run);
  const isUnfinished = (run.status === 'pending' || run.status === 'held') && run.cancellationKey !== undefined;
  return {
    ...runItemKey(run.key),
    id: printRunId(run.key),
    workflow: run.workflow,
    workflow_run_id: run.workflowRunId,
    recipient: describeRef(run.key.recipient),
    recipient_kind: run.key.recipient.kind,
    actor: run.actor && describeRef(run.actor),
    tenant: run.tenant,
    status: run.status,
    target: run.target,
    event_id: run.eventId,
    source: run.source,
    mapping: run.mapping,
    action_id: run.workflowRunId,
    origin: run.origin,
    cancellation_key: run.cancellationKey,
    ...(isUnfinished && {
      cancellation: indexPartition(cancellationPartition(run.workflow, run.cancellationKey ?? '')),
    }),
    subscription: run.subscription && {
      object: describeRef(run.subscription.object),
      properties: run.subscription.properties,
    },
    audience: run.audience,
    not_before: run.notBeforeMs && new Date(run.notBeforeMs).toISOString(),
    batch: run.batch,
    cancel_reason: cancelReason,
    trigger_data: packJson(run.data),
    attempts: run.attempts,
    target_reference: targetReference,
    error,
    inserted_at: new Date(run.insertedAtMs).toISOString(),
    updated_at: new Date(run.updatedAtMs).toISOString(),
    expires_at: Math.ceil(run.insertedAtMs / 1000) + retentionDays * 86_400,
  };
}

export function runFromItem(item: Record<string, unknown>): WorkflowRun {
  const [execution = '', mappingHash = ''] = String(item.sk).split('#');
  const text = (name: string) => item[name] as string | undefined;
  const run = defined({
    key: { recipient: refFromRecipientKey(String(item.pk)), execution, mappingHash },
    workflow: String(item.workflow),
    workflowRunId: String(item.workflow_run_id),
    mapping: String(item.mapping),
    actor: refFromDescription(item.actor),
    tenant: text('tenant'),
    status: item.status,
    target: String(item.target),
    eventId: String(item.event_id),
    source: String(item.source),
    origin: String(item.origin),
    cancellationKey: text('cancellation_key'),
    subscription: subscriptionFromItem(item.subscription),
    audience: text('audience'),
    notBeforeMs: text('not_before') === undefined ? undefined : Date.parse(String(item.not_before)),
    batch: text('batch'),
    cancelReason: text('cancel_reason'),
    data: unpackJson(item.trigger_data as Uint8Array) as JsonObject,
    attempts: Number(item.attempts),
    targetReference: item.target_reference as JsonObject | undefined,
    error: text('error'),
    insertedAtMs: Date.parse(String(item.inserted_at)),
    updatedAtMs: Date.parse(String(item.updated_at)),
  });
  return WorkflowRun.parse(run);
}

function refFromDescription(described: unknown): EntityRef | undefined {
  if (described === undefined) return undefined;
  if (typeof described === 'string') return { kind: 'user', id: described };
  return { kind: 'object', ...(described as { collection: string; id: string }) };
}

function subscriptionFromItem(stored: unknown): RunSubscription | undefined {
  if (stored === undefined) return undefined;
  const { object, properties } = stored as { object: { collection: string; id: string }; properties: JsonObject };
  return { object: { kind: 'object', ...object }, properties };
}

type Change = Omit<ConstructorParameters<typeof UpdateCommand>[0], 'TableName' | 'Key'>;

export type WorkflowRunsOptions = { client: DynamoDBDocumentClient; table: string; retentionDays: number };

export function makeWorkflowRuns({ client, table, retentionDays }: WorkflowRunsOptions): WorkflowRuns {
  async function statesOf(keys: RunKey[]): Promise<(RunState | undefined)[]> {
    const attributes = ['status', 'origin', 'error', 'subscription', 'batch'];
    const items = await getEach(client, keys.map(runItemKey), { table, what: 'reading runs', attributes });
    return items.map((item) => item && stateFromItem(item));
  }

  async function query(input: Omit<ConstructorParameters<typeof QueryCommand>[0], 'TableName'>) {
    const { Items = [], LastEvaluatedKey } = await client
      .send(new QueryCommand({ TableName: table, ...input }))
      .catch((error) => {
        throw tableError(error, 'reading runs');
      });
    return { items: Items, next: LastEvaluatedKey && { next: JSON.stringify(LastEvaluatedKey) } };
  }

  const updateIf = (key: RunKey, change: Change, what: string) => updateItemIf(runItemKey(key), change, what);

  const updateItemIf = (key: ItemKey, change: Change, what: string) =>
    writeIf(client.send(new UpdateCommand({ TableName: table, Key: key, ...change })), what);

  return {
    statesOf,

    async createIfAbsent(run) {
      const Item = itemFromRun(run, retentionDays);
      const put = new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' });
      if (await writeIf(client.send(put), 'writing a run')) return undefined;
      const [state] = await statesOf([run.key]);
      if (state === undefined) throw new RetryableError('a run disappeared while it was read');
      return state;
    },

    async writeEach(all) {
      const errors = await putEach(
        client,
        all.map((run) => ({ table, item: itemFromRun(run, retentionDays) })),
      );
      const error = errors.find((one) => one !== undefined);
      if (error) throw error;
    },

    hold: (key, updatedAtMs) =>
      updateIf(
        key,
        {
          UpdateExpression: 'SET #status = :held, updated_at = :updated REMOVE #error',
          ConditionExpression: '#status IN (:pending, :failed)',
          ExpressionAttributeNames: { '#status': 'status', '#error': 'error' },
          ExpressionAttributeValues: {
            ':held': 'held',
            ':pending': 'pending',
            ':failed': 'failed',
            ':updated': new Date(updatedAtMs).toISOString(),
          },
        },
        'holding a run',
      ),

    async unhold(key, updatedAtMs) {
      await updateIf(
        key,
        {
          UpdateExpression: 'SET #status = :pending, updated_at = :updated',
          ConditionExpression: '#status = :held',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: {
            ':held': 'held',
            ':pending': 'pending',
            ':updated': new Date(updatedAtMs).toISOString(),
          },
        },
        'releasing a run',
      );
    },

    async end(key, runEnd) {
      const { status, origin, attempts, targetReference, updatedAtMs } = runEnd;
      const error = runEnd.status === 'failed' ? runEnd.error : undefined;
      const isCancellable = runEnd.status === 'handed_off' && runEnd.isCancellable;
      const values = {
        ':status': status,
        ':origin': origin,
        ':attempts': attempts,
        ':updated': new Date(updatedAtMs).toISOString(),
        ':pending': 'pending',
        ':failed': 'failed',
        ':held': 'held',
        ...(targetReference && { ':reference': targetReference }),
        ...(error && { ':error': error }),
      };
      const set = [
        '#status = :status',
        'origin = :origin',
        'attempts = :attempts',
        'updated_at = :updated',
        ...(targetReference ? ['target_reference = :reference'] : []),
        ...(error ? ['#error = :error'] : []),
      ];
      const remove = [
        ...(isCancellable ? [] : ['cancellation']),
        ...(targetReference ? [] : ['target_reference']),
        ...(error ? [] : ['#error']),
      ];
      // A refusal means that a twin handed the run off, or that it was cancelled: it stays so.
      return updateIf(
        key,
        {
          UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
          ConditionExpression: '#status IN (:pending, :held, :failed)',
          ExpressionAttributeNames: {
            '#status': 'status',
            ...((error || remove.includes('#error')) && { '#error': 'error' }),
          },
          ExpressionAttributeValues: values,
        },
        'ending a run',
      );
    },

    async unfinishedOf(workflow, cancellationKey, { limit, after }) {
      const partition = indexPartition(cancellationPartition(workflow, cancellationKey));
      if (partition === undefined) return { entries: [] };
      const page = await query({
        IndexName: 'cancellations',
        KeyConditionExpression: 'cancellation = :partition',
        ExpressionAttributeValues: { ':partition': partition },
        Limit: limit,
        ...(after !== undefined && { ExclusiveStartKey: JSON.parse(after) }),
      });
      const keys = page.items.map(({ pk, sk }) => ({ pk, sk }) as ItemKey);
      // The index lags behind the table, so the runs that it names are read again.
      const items = await getEach(client, keys, { table, what: 'reading runs' });
      return { ...page.next, entries: items.flatMap((item) => (item?.cancellation ? [runFromItem(item)] : [])) };
    },

    async unfinishedOfRecipient(recipient, { limit, after }) {
      const page = await query({
        KeyConditionExpression: 'pk = :pk',
        FilterExpression: '#status IN (:pending, :held) OR attribute_exists(cancellation)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':pk': recipient, ':pending': 'pending', ':held': 'held' },
        ConsistentRead: true,
        Limit: limit,
        ...(after !== undefined && { ExclusiveStartKey: JSON.parse(after) }),
      });
      return { ...page.next, entries: page.items.map(runFromItem) };
    },

    cancel: (key, { from, reason, updatedAtMs }) =>
      updateIf(
        key,
        {
          UpdateExpression:
            'SET #status = :cancelled, cancel_reason = :reason, updated_at = :updated REMOVE cancellation',
          ConditionExpression: '#status = :from',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: {
            ':cancelled': 'cancelled',
            ':reason': reason,
            ':updated': new Date(updatedAtMs).toISOString(),
            ':from': from,
          },
        },
        'cancelling a run',
      ),

    async close(key) {
      const change = { UpdateExpression: 'REMOVE cancellation', ConditionExpression: 'attribute_exists(pk)' };
      await updateIf(key, change, 'closing a run');
    },

    markCancelled: (marks, nowMs) =>
      inParallel(marks, 16, async ({ workflow, cancellationKey, recipient, beforeMs, beforeId }) => {
        const key = {
          pk: markPartition(workflow, cancellationKey),
          sk: recipient === undefined ? '*' : `=${recipient}`,
        };
        const expires = Math.ceil(nowMs / 1000) + markDays * 86_400;
        await updateItemIf(
          key,
          {
            UpdateExpression:
              'SET before_ms = :before, before_id = :id, workflow = :workflow, cancellation_key = :key, expires_at = :expires',
            ConditionExpression:
              'attribute_not_exists(pk) OR before_ms < :before OR (before_ms = :before AND before_id < :id)',
            ExpressionAttributeValues: {
              ':before': beforeMs,
              ':id': beforeId ?? '',
              // For people; the partition is their hash, whatever their length.
              ':workflow': clip(workflow),
              ':key': clip(cancellationKey, 1024),
              ':expires': expires,
            },
          },
          'marking a cancellation',
        );
      }),

    async cancellationsOf(workflow, cancellationKey) {
      const marks: CancellationMark[] = [];
      let start: Record<string, unknown> | undefined;
      do {
        const { items, next } = await query({
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': markPartition(workflow, cancellationKey) },
          ConsistentRead: true,
          ...(start && { ExclusiveStartKey: start }),
        });
        for (const { sk, before_ms, before_id } of items) {
          const of = sk === '*' ? {} : { recipient: String(sk).slice(1) };
          marks.push({
            workflow,
            cancellationKey,
            ...of,
            beforeMs: Number(before_ms),
            ...(before_id ? { beforeId: String(before_id) } : {}),
          });
        }
        start = next && JSON.parse(next.next);
      } while (start);
      return marks;
    },
  };
}

// An event may wait in a queue this long before its trigger runs.
const markDays = 14;

/**
 * Marks are in the table of the runs; no recipient's key begins with "#". Hashed, since a
 * cancellation key may have any length.
 */
export function markPartition(workflow: string, cancellationKey: string): string {
  return `#cancelled#${createHash('sha256').update(`${workflow}#${cancellationKey}`).digest('hex')}`;
}

function stateFromItem(item: Record<string, unknown>): RunState {
  const { status, origin, error, batch } = item as {
    status: RunStatus;
    origin: string;
    error?: string;
    batch?: string;
  };
  const subscription = subscriptionFromItem(item.subscription);
  return {
    status,
    origin,
    ...(error !== undefined && { error }),
    ...(subscription && { subscribedTo: recipientKey(subscription.object) }),
    ...(batch !== undefined && { batch }),
  };
}
