import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { runActions } from '../../functions/workflow-trigger/run-actions.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import type { Invocation } from '../../shared/core/plan/actions-message.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { actionsMessage, actionsRecord, invocation } from '../support/actions-message.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { identify } from '../support/fakes-workflow-trigger.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

/*
 * What one batch of ten events costs, on the real adapters: every call and every item written. A change that makes an
 * event dearer has to change a number here.
 */

const batchSize = 10;
let tables: TestTables;
let batches = 0;
const printed: string[] = [];

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(() => {
  printed.length = 0;
});

async function costOfBatch(
  invocationsOf: (user: string, execution: string) => Invocation[],
  { isKnown }: { isKnown: boolean },
) {
  const { client, names } = tables;
  const trigger = makeTrigger();
  const deps = {
    ...trigger.deps,
    actionLog: makeActionLog({ client, table: names.ActionLog, retentionDays: 30 }),
    directory: makeDirectory(client, names.Directory),
    runs: makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays: 30 }),
    metrics: makeStageMetrics('development', (line) => printed.push(line)),
  };
  const batch = String(batches++).padStart(2, '0');
  const users = Array.from({ length: batchSize }, (_, i) => `usr-${batch}-${i}`);
  if (isKnown) await identify(deps.directory, ...users.map((id) => ({ id, plan: 'team' })));
  const records = users.map((user, i) => {
    const execution = `01KAJ6VY${batch}8M25RXK0Q4T9B7${i}0`;
    return actionsRecord(actionsMessage({ execution, invocations: invocationsOf(user, execution) }));
  });
  const sent = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
  expect(await runActions(records, deps, Date.now() + 1e9)).toEqual({ batchItemFailures: [] });
  const commands = sent.mock.calls.map(
    ([command]) => command as { constructor: { name: string }; input: Record<string, unknown> },
  );
  sent.mockRestore();
  expect(trigger.log.lines).toEqual([]);
  return Object.fromEntries(
    [...Map.groupBy(commands, (command) => `${command.constructor.name} ${tableOf(command.input)}`)].map(
      ([name, calls]) => [name, calls.length],
    ),
  );
}

function tableOf({ TableName, RequestItems }: Record<string, unknown>): string {
  return String(TableName ?? Object.keys(RequestItems as object).join());
}

describe('ten events in one batch', () => {
  test('identify of users that are known as they are: one read, one write of ten log rows, no directory write', async () => {
    const cost = await costOfBatch(
      (id, execution) => [invocation('users_identify', 'identify', { id, properties: { plan: 'team' } }, execution)],
      { isKnown: true },
    );
    expect(cost).toEqual({ 'BatchGetCommand Directory': 1, 'BatchWriteCommand ActionLog': 1 });
  });

  test('identify of new users: one directory write each', async () => {
    const cost = await costOfBatch(
      (id, execution) => [invocation('users_identify', 'identify', { id, properties: { plan: 'team' } }, execution)],
      { isKnown: false },
    );
    expect(cost).toEqual({
      'BatchGetCommand Directory': 1,
      'PutCommand Directory': 10,
      'BatchWriteCommand ActionLog': 1,
    });
  });

  test('a trigger to the log: one run write each', async () => {
    const cost = await costOfBatch(
      (id, execution) => [invocation('workflows_trigger', 'order', { key: 'log-it', recipients: id }, execution)],
      { isKnown: true },
    );
    expect(cost).toEqual({
      'BatchGetCommand Directory': 1,
      'BatchWriteCommand WorkflowRuns': 10,
      'BatchWriteCommand ActionLog': 1,
    });
  });

  test('a trigger that calls: two run writes each', async () => {
    const cost = await costOfBatch(
      (id, execution) => [invocation('workflows_trigger', 'order', { key: 'call-it', recipients: id }, execution)],
      { isKnown: true },
    );
    expect(cost).toEqual({
      'BatchGetCommand Directory': 1,
      'PutCommand WorkflowRuns': 10,
      'UpdateCommand WorkflowRuns': 10,
      'BatchWriteCommand ActionLog': 1,
    });
  });

  test('three actions cost no more log rows than one', async () => {
    const cost = await costOfBatch(
      (id, execution) =>
        ['a', 'b', 'c'].map((mapping) =>
          invocation('workflows_trigger', mapping, { key: 'log-it', recipients: id }, execution),
        ),
      { isKnown: true },
    );
    expect(cost).toEqual({
      'BatchGetCommand Directory': 1,
      'BatchWriteCommand WorkflowRuns': 30,
      'BatchWriteCommand ActionLog': 1,
    });
  });

  test('print one line of metrics, and nothing else', async () => {
    await costOfBatch(
      (id, execution) => [invocation('workflows_trigger', 'order', { key: 'log-it', recipients: id }, execution)],
      { isKnown: true },
    );
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      ActionsSucceeded: 10,
      RunsStarted: 10,
      source: 'rudderstack',
      environment: 'development',
    });
  });
});
