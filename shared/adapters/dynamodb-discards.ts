import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { ActionLogEntry, ActionOutcome } from '../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../core/logs/event-log-entry.ts';
import { writeIf } from './dynamodb.ts';
import { actionItemKey, problemOf } from './dynamodb-action-log.ts';
import { bucketOf, eventItemKey, itemFromDiscard, problemBuckets, problemPartition } from './dynamodb-event-log.ts';

type LogTable = { client: DynamoDBDocumentClient; table: string };

/**
 * Changes an event's status and mark, and moves it in index `problems`; nothing else of its row.
 * @returns false when its status is not that of `seen` any more
 */
export function writeEventMark(
  { client, table }: LogTable,
  seen: EventLogEntry,
  { status, discarded }: Pick<EventLogEntry, 'status' | 'discarded'>,
): Promise<boolean> {
  return writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: eventItemKey(seen.id, seen.source),
        UpdateExpression: `SET #status = :status, problem = :problem${discarded ? ', discarded = :mark' : ' REMOVE discarded'}`,
        ConditionExpression: '#status = :seen',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':status': status,
          ':seen': seen.status,
          ':problem': problemPartition(status, seen.receivedAtMs, bucketOf(seen.id, problemBuckets)),
          ...(discarded && { ':mark': itemFromDiscard(discarded) }),
        },
      }),
    ),
    'marking an event',
  );
}

/**
 * Changes status and mark of some actions of a row, and moves the row in index `problems`. An
 * attempt that read the row before notices the new revision and merges its outcomes.
 * @returns false when the row changed since `seen` was read
 */
export function writeActionMarks(
  { client, table }: LogTable,
  seen: ActionLogEntry,
  changed: ReadonlyMap<string, ActionOutcome>,
  nowMs: number,
): Promise<boolean> {
  const actions = seen.actions.map((action) => changed.get(action.id) ?? action);
  const { problem, reason } = problemOf({ execution: seen.execution, actions });
  const sets = ['revision = :next', 'updated_at = :at'];
  const removes: string[] = [];
  const values: Record<string, unknown> = {
    ':seen': seen.revision,
    ':next': seen.revision + 1,
    ':at': new Date(nowMs).toISOString(),
  };
  const put = (path: string, name: string, value: unknown) => {
    if (value === undefined) removes.push(path);
    else {
      sets.push(`${path} = ${name}`);
      values[name] = value;
    }
  };
  put('problem', ':problem', problem);
  put('reason', ':reason', reason);
  for (const [i, { id }] of seen.actions.entries()) {
    const after = changed.get(id);
    if (after === undefined) continue;
    put(`actions[${i}].#status`, `:status${i}`, after.status);
    put(`actions[${i}].discarded`, `:mark${i}`, itemFromDiscard(after.discarded));
  }
  return writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: actionItemKey(seen.execution),
        UpdateExpression: `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`,
        ConditionExpression: 'revision = :seen',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: values,
      }),
    ),
    'marking actions',
  );
}
