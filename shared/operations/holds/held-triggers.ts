import { heldPartition, heldTriggerFromItem, type StoredHeldTrigger } from '../../adapters/dynamodb-workflow-holds.ts';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { Environment } from '../environment.ts';
import { queryItems } from '../tables/tables.ts';

type WithRuns = Pick<Environment, 'documents' | 'outputs'>;

/** The held triggers of a workflow, oldest event first: one Query, read consistently. */
export async function* heldTriggers(
  { documents, outputs }: WithRuns,
  workflow: string,
): AsyncGenerator<StoredHeldTrigger> {
  const items = queryItems(documents, {
    TableName: outputs.WorkflowRunsTable,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': heldPartition(workflow) },
    ConsistentRead: true,
  });
  for await (const item of items) yield heldTriggerFromItem(item);
}

export type HeldCount = {
  runs: number;
  triggers: number;
  /** Of the triggers, those without a run: their recipients were not known yet. */
  withoutRuns: number;
  /** When the event of the oldest was received, and when it ages out; absent when there is none. */
  oldest?: { receivedAtMs: number; expiresAtMs: number };
  /** There are more: only so many were counted. */
  isMore: boolean;
};

/** How much of a workflow is held. A held run that is cancelled is counted no more. */
export async function countHeld(environment: WithRuns, workflow: string, triggersMax = 10_000): Promise<HeldCount> {
  const count: HeldCount = { runs: 0, triggers: 0, withoutRuns: 0, isMore: false };
  for await (const { runs, execution, expiresAtSeconds } of heldTriggers(environment, workflow)) {
    if (count.triggers === triggersMax) return { ...count, isMore: true };
    count.runs += runs;
    count.triggers++;
    if (runs === 0) count.withoutRuns++;
    count.oldest ??= { receivedAtMs: eventIdTimeMs(execution), expiresAtMs: expiresAtSeconds * 1000 };
  }
  return count;
}

/** `12 runs`, or `10,000 runs or more`; triggers without a run are named besides. */
export function heldText({ runs, withoutRuns, isMore }: HeldCount): string {
  const number = runs.toLocaleString('en-US');
  const besides = withoutRuns === 0 ? '' : ` and ${withoutRuns.toLocaleString('en-US')} for unknown recipients`;
  return `${number} ${runs === 1 ? 'run' : 'runs'}${besides}${isMore ? ' or more' : ''}`;
}
