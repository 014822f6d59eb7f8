import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describeRef, type EntityRef, recipientKey, refFromRecipientKey } from '../core/directory/entity.ts';
import { RetryableError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { printRunId, type RunKey } from '../core/runs/run-id.ts';
import type { RunStatus, WorkflowRun } from '../core/runs/workflow-run.ts';
import type { RunState, WorkflowRuns } from '../ports/workflow-runs.ts';
import { indexKey, type TableItem, tableError } from './dynamodb.ts';
import { getEach } from './dynamodb-get-each.ts';
import { packJson, unpackJson } from './packed-json.ts';

/** `pk` = the recipient, so that "what did this user get?" is one Query; `sk = {execution}#{hash of the mapping}`. */
export function runItemKey({ recipient, execution, mappingHash }: RunKey): { pk: string; sk: string } {
  return { pk: recipientKey(recipient), sk: `${execution}#${mappingHash}` };
}

/** Partition of index `cancellations`; only unfinished runs are in it. */
export function cancellationPartition(workflow: string, cancellationKey: string): string {
  return `${workflow}#${cancellationKey}`;
}

export function itemFromRun(run: WorkflowRun, retentionDays: number): TableItem {
  const isUnfinished = run.status === 'pending' && run.cancellationKey !== undefined;
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
    ...(isUnfinished && { cancellation: indexKey(cancellationPartition(run.workflow, run.cancellationKey ?? '')) }),
    trigger_data: packJson(run.data),
    attempts: run.attempts,
    target_reference: run.targetReference,
    error: run.error,
    inserted_at: new Date(run.insertedAtMs).toISOString(),
    updated_at: new Date(run.updatedAtMs).toISOString(),
    expires_at: Math.ceil(run.insertedAtMs / 1000) + retentionDays * 86_400,
  };
}

export function runFromItem(item: Record<string, unknown>): WorkflowRun {
  const [execution = '', mappingHash = ''] = String(item.sk).split('#');
  const text = (name: string) => item[name] as string | undefined;
  return {
    key: { recipient: refFromRecipientKey(String(item.pk)), execution, mappingHash },
    workflow: String(item.workflow),
    workflowRunId: String(item.workflow_run_id),
    mapping: String(item.mapping),
    ...optional('actor', refFromDescription(item.actor)),
    ...optional('tenant', text('tenant')),
    status: item.status as RunStatus,
    target: String(item.target),
    eventId: String(item.event_id),
    source: String(item.source),
    origin: String(item.origin),
    ...optional('cancellationKey', text('cancellation_key')),
    data: unpackJson(item.trigger_data as Uint8Array) as JsonObject,
    attempts: Number(item.attempts),
    ...optional('targetReference', item.target_reference as JsonObject | undefined),
    ...optional('error', text('error')),
    insertedAtMs: Date.parse(String(item.inserted_at)),
    updatedAtMs: Date.parse(String(item.updated_at)),
  };
}

function refFromDescription(described: unknown): EntityRef | undefined {
  if (described === undefined) return undefined;
  if (typeof described === 'string') return { kind: 'user', id: described };
  return { kind: 'object', ...(described as { collection: string; id: string }) };
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value };
}

export type WorkflowRunsOptions = { client: DynamoDBDocumentClient; table: string; retentionDays: number };

export function makeWorkflowRuns({ client, table, retentionDays }: WorkflowRunsOptions): WorkflowRuns {
  async function statesOf(keys: RunKey[]): Promise<(RunState | undefined)[]> {
    const attributes = ['status', 'origin', 'error'];
    const items = await getEach(client, keys.map(runItemKey), { table, what: 'reading runs', attributes });
    return items.map((item) => item && stateFromItem(item));
  }

  return {
    statesOf,

    async createIfAbsent(run) {
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: itemFromRun(run, retentionDays),
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        );
        return undefined;
      } catch (error) {
        if (!isRefusal(error)) throw tableError(error, 'writing a run');
      }
      const [state] = await statesOf([run.key]);
      if (state === undefined) throw new RetryableError('a run disappeared while it was read');
      return state;
    },

    async end(key, { status, origin, attempts, targetReference, error, updatedAtMs }) {
      const values = {
        ':status': status,
        ':origin': origin,
        ':attempts': attempts,
        ':updated': new Date(updatedAtMs).toISOString(),
        ':pending': 'pending',
        ':failed': 'failed',
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
      const remove = ['cancellation', ...(targetReference ? [] : ['target_reference']), ...(error ? [] : ['#error'])];
      try {
        await client.send(
          new UpdateCommand({
            TableName: table,
            Key: runItemKey(key),
            UpdateExpression: `SET ${set.join(', ')} REMOVE ${remove.join(', ')}`,
            ConditionExpression: '#status IN (:pending, :failed)',
            ExpressionAttributeNames: { '#status': 'status', '#error': 'error' },
            ExpressionAttributeValues: values,
          }),
        );
      } catch (cause) {
        // Handed off by a twin, or cancelled: then that stands.
        if (!isRefusal(cause)) throw tableError(cause, 'ending a run');
      }
    },
  };
}

function stateFromItem(item: Record<string, unknown>): RunState {
  const { status, origin, error } = item as { status: RunStatus; origin: string; error?: string };
  return { status, origin, ...(error !== undefined && { error }) };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}
