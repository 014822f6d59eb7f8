import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actionItemKey } from '../../../shared/adapters/dynamodb-action-log.ts';
import { invocationId } from '../../../shared/core/ids/invocation-id.ts';
import { printRunId, runKey } from '../../../shared/core/ids/run-id.ts';
import type { ActionLogEntry } from '../../../shared/core/logs/action-log-entry.ts';
import type { PendingRun } from '../../../shared/core/runs/workflow-run.ts';
import { cancelRun } from '../../../shared/operations/runs/cancel-run.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');
const minute = 60_000;
const day = 86_400;

let environment: TestEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration({ state: { retention_days: 90 } }));
}, 30_000);

afterAll(() => environment?.stop());

/** A trigger that waits for the delay of its runs, as workflow-trigger leaves it. */
async function waitingTrigger(execution: string, users: string[], notBeforeMs = nowMs + 10 * minute) {
  const id = invocationId(execution, 'remind');
  const keys = users.map((user) => runKey({ kind: 'user', id: user }, execution, 'remind'));
  const runs = keys.map(
    (key): PendingRun => ({
      key,
      workflow: 'remind-it',
      workflowRunId: id,
      mapping: 'remind',
      status: 'pending',
      target: 'http',
      eventId: execution,
      source: 'rudderstack',
      origin: execution,
      notBeforeMs,
      data: {},
      attempts: 0,
      insertedAtMs: nowMs,
      updatedAtMs: nowMs,
    }),
  );
  await environment.runs.writeEach(runs);
  const row: ActionLogEntry = {
    execution,
    eventId: execution,
    source: 'rudderstack',
    eventType: 'track/cart',
    configVersion: 1,
    actions: [
      {
        id,
        action: 'workflows_trigger',
        mapping: 'remind',
        status: 'pending',
        reason: 'delayed',
        payload: { key: 'remind-it', recipients: users },
        attempts: 1,
        firstAttemptAtMs: nowMs,
        retryAtMs: notBeforeMs,
        result: { id, runs: users.length },
        progress: { phase: 'start', runs: 0, cancelled: 0, refused: 0 },
      },
    ],
    next: 2,
    origins: [execution],
    revision: 1,
    receivedAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  await environment.actionLog.writeIfUnchanged(row, 0);
  return keys;
}

const row = (execution: string) => environment.actionLog.read(execution);

describe('an operator who cancels a run that waits for its delay', () => {
  test('ends its trigger with the last of its runs, and not before', async () => {
    const execution = '01KAJ6VY008M25RXK0Q4T9B7C1';
    const [lena, ivo] = await waitingTrigger(execution, ['lena', 'ivo']);
    if (lena === undefined || ivo === undefined) throw new Error('two runs were expected');
    expect(await cancelRun(environment, printRunId(lena), nowMs + minute)).toMatchObject({
      run: { status: 'cancelled', cancelReason: 'operator' },
      isTriggerOver: false,
    });
    expect((await row(execution))?.actions).toMatchObject([{ status: 'pending', reason: 'delayed' }]);
    expect(await cancelRun(environment, printRunId(ivo), nowMs + 2 * minute)).toMatchObject({ isTriggerOver: true });
    expect(await row(execution)).toMatchObject({
      next: 2,
      revision: 2,
      actions: [{ status: 'succeeded', result: { runs: 0, cancelled: 2 }, finishedAtMs: nowMs + 2 * minute }],
    });
  });

  test('keeps the row for as long as its source does', async () => {
    const execution = '01KAJ6VY008M25RXK0Q4T9B7C2';
    const [lena] = await waitingTrigger(execution, ['lena']);
    if (lena === undefined) throw new Error('a run was expected');
    await cancelRun(environment, printRunId(lena), nowMs + minute);
    const { client, names } = environment.tables;
    const wanted = new GetCommand({ TableName: names.ActionLog, Key: actionItemKey(execution) });
    const { Item } = await client.send(wanted);
    expect(Item?.expires_at).toBe(nowMs / 1000 + 90 * day);
  });

  test('may repeat it, which also ends a trigger that the first time left waiting', async () => {
    const execution = '01KAJ6VY008M25RXK0Q4T9B7C3';
    const [lena] = await waitingTrigger(execution, ['lena']);
    if (lena === undefined) throw new Error('a run was expected');
    await environment.runs.cancel(lena, { from: 'pending', reason: 'operator', updatedAtMs: nowMs });
    expect(await cancelRun(environment, printRunId(lena), nowMs + minute)).toMatchObject({ isTriggerOver: true });
    expect(await cancelRun(environment, printRunId(lena), nowMs + minute)).toMatchObject({ isTriggerOver: false });
  });

  test('is told where the trigger could not be ended; the run is cancelled all the same', async () => {
    const execution = '01KAJ6VY008M25RXK0Q4T9B7C4';
    const [lena] = await waitingTrigger(execution, ['lena']);
    if (lena === undefined) throw new Error('a run was expected');
    const without = { ...environment, outputs: { ...environment.outputs, ActionLogTable: 'no-such-table' } };
    const { run, isTriggerOver, problem } = await cancelRun(without, printRunId(lena), nowMs + minute);
    expect([run.status, isTriggerOver, problem instanceof Error]).toEqual(['cancelled', false, true]);
  });
});
