import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { HeldTrigger, HeldTriggerKey, WorkflowHolds } from '../ports/workflow-holds.ts';
import { tableError, writeIf } from './dynamodb.ts';

/**
 * Held triggers, in the table of the runs: `pk = #held#{workflow}`, `sk = {execution}#{action}`, so
 * they are listed in the order in which their events were received. No recipient's key begins with
 * "#".
 */
export function heldPartition(workflow: string): string {
  return `#held#${workflow}`;
}

export function heldItemKey({ workflow, execution, action }: HeldTriggerKey): { pk: string; sk: string } {
  return { pk: heldPartition(workflow), sk: `${execution}#${action}` };
}

/** Whether a hold is on, in the Configuration table: `pk = holds`, `sk = workflow`. */
export function holdItemKey(workflow: string): { pk: string; sk: string } {
  return { pk: 'holds', sk: workflow };
}

export type StoredHeldTrigger = HeldTrigger & { notedAtMs: number };

export function heldTriggerFromItem(item: Record<string, unknown>): StoredHeldTrigger {
  const [execution = '', action = ''] = String(item.sk).split('#');
  return {
    workflow: String(item.workflow),
    execution,
    action,
    since: String(item.since),
    runs: Number(item.runs),
    notedAtMs: Date.parse(String(item.noted_at)),
    expiresAtSeconds: Number(item.expires_at),
  };
}

type Options = { client: DynamoDBDocumentClient; runsTable: string; configurationTable: string };

export function makeWorkflowHolds({ client, runsTable, configurationTable }: Options): WorkflowHolds {
  const failed = (error: unknown) => {
    throw tableError(error, 'holding a trigger');
  };
  const forget = (trigger: HeldTriggerKey) =>
    client.send(new DeleteCommand({ TableName: runsTable, Key: heldItemKey(trigger) })).catch(failed);

  return {
    async note(trigger, nowMs) {
      const { workflow, since, runs, expiresAtSeconds } = trigger;
      const item = {
        ...heldItemKey(trigger),
        workflow,
        since,
        runs,
        noted_at: new Date(nowMs).toISOString(),
        expires_at: expiresAtSeconds,
      };
      await client.send(new PutCommand({ TableName: runsTable, Item: item })).catch(failed);
      const { Item: hold } = await client
        .send(new GetCommand({ TableName: configurationTable, Key: holdItemKey(workflow), ConsistentRead: true }))
        .catch(failed);
      if (hold?.since === since) return true;
      await forget(trigger);
      return false;
    },

    async noteCancelled(trigger, runs, isOver) {
      if (isOver) await forget(trigger);
      else
        await writeIf(
          client.send(
            new UpdateCommand({
              TableName: runsTable,
              Key: heldItemKey(trigger),
              UpdateExpression: 'ADD runs :fewer',
              ConditionExpression: 'attribute_exists(pk)',
              ExpressionAttributeValues: { ':fewer': -runs },
            }),
          ),
          'noting cancelled runs',
        );
    },
  };
}
