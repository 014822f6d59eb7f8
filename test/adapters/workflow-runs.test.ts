import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  itemFromRun,
  makeWorkflowRuns,
  runFromItem,
  runItemKey,
} from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { printRunId, type RunKey } from '../../shared/core/ids/run-id.ts';
import { workflowRun, workflowRunsContract } from '../contracts/workflow-runs.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeRuns } from '../support/fakes-workflow-trigger.ts';

describe('runs in memory', () => {
  const fake = makeFakeRuns();
  workflowRunsContract(
    () => fake,
    async (key) => fake.runs.get(printRunId(key)),
  );
});

const makeRuns = ({ client, names }: TestTables) =>
  makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays: 30 });

async function stored({ client, names }: TestTables, key: RunKey) {
  const { Item } = await client.send(new GetCommand({ TableName: names.WorkflowRuns, Key: runItemKey(key) }));
  return Item && runFromItem(Item);
}

describe('runs in the embedded DynamoDB', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  workflowRunsContract(
    () => makeRuns(tables),
    (key) => stored(tables, key),
  );

  const cancellable = async (workflow: string, key: string) => {
    const page = await tables.client.send(
      new QueryCommand({
        TableName: tables.names.WorkflowRuns,
        IndexName: 'cancellations',
        KeyConditionExpression: 'cancellation = :key',
        ExpressionAttributeValues: { ':key': `${workflow}#${key}` },
      }),
    );
    return page.Items?.map(({ pk }) => pk);
  };

  test('a run is found by its cancellation key until it is finished', async () => {
    const runs = makeRuns(tables);
    const run = workflowRun({ cancellationKey: 'order-B-2' });
    await runs.createIfAbsent(run);
    expect(await cancellable('order-completed', 'order-B-2')).toEqual([runItemKey(run.key).pk]);
    await runs.end(run.key, { status: 'handed_off', origin: 'o', attempts: 1, updatedAtMs: 1 });
    expect(await cancellable('order-completed', 'order-B-2')).toEqual([]);
  });

  test.each([
    ['too long for an index', 'x'.repeat(2000)],
    ['empty, as it were none', ''],
  ])('a cancellation key that is %s costs the run nothing', async (_name, cancellationKey) => {
    const run = workflowRun({ cancellationKey });
    expect(await makeRuns(tables).createIfAbsent(run)).toBeUndefined();
    expect(await stored(tables, run.key)).toMatchObject({ cancellationKey });
  });
});

describe('a stored run', () => {
  test('is words that an engineer can read in the console, and holds both keys in its printed id', () => {
    const { trigger_data, ...item } = itemFromRun(
      workflowRun({
        key: {
          recipient: { kind: 'object', collection: 'projects', id: 'p-1' },
          execution: '01JD3Q9F7K8M25RXK0Q4T9B7C0',
          mappingHash: '0a1b2c3d',
        },
        cancellationKey: 'k',
        tenant: 't1',
      }),
      30,
    );
    expect(trigger_data).toBeInstanceOf(Uint8Array);
    expect(JSON.parse(JSON.stringify(item))).toEqual({
      pk: 'projects/p-1',
      sk: '01JD3Q9F7K8M25RXK0Q4T9B7C0#0a1b2c3d',
      id: '01JD3Q9F7K8M25RXK0Q4T9B7C0-0a1b2c3d-projects/p-1',
      workflow: 'order-completed',
      workflow_run_id: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
      action_id: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
      recipient: { collection: 'projects', id: 'p-1' },
      recipient_kind: 'object',
      tenant: 't1',
      status: 'pending',
      target: 'http',
      event_id: '01JD3Q9F7K8M25RXK0Q4T9B7C0',
      source: 'rudderstack',
      mapping: 'order-completed',
      origin: 'origin-1',
      cancellation_key: 'k',
      cancellation: 'order-completed#k',
      attempts: 0,
      inserted_at: '2026-11-21T03:00:00.000Z',
      updated_at: '2026-11-21T03:00:00.000Z',
      expires_at: Date.parse('2026-12-21T03:00:00Z') / 1000,
    });
  });
});
