import { expect, test } from '@jest/globals';
import { type RunKey, runKey } from '../../shared/core/runs/run-id.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import type { RunEnd, WorkflowRuns } from '../../shared/ports/workflow-runs.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');
const execution = '01JD3Q9F7K8M25RXK0Q4T9B7C0';

let users = 0;

export function workflowRun(change: Partial<WorkflowRun> = {}): WorkflowRun {
  return {
    key: runKey({ kind: 'user', id: `run-user-${++users}` }, execution, 'order-completed'),
    workflow: 'order-completed',
    workflowRunId: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
    mapping: 'order-completed',
    status: 'pending',
    target: 'http',
    eventId: execution,
    source: 'rudderstack',
    origin: 'origin-1',
    data: { order_id: 'A-1' },
    attempts: 0,
    insertedAtMs: nowMs,
    updatedAtMs: nowMs,
    ...change,
  };
}

const end = (change: Partial<RunEnd> = {}): RunEnd => ({
  status: 'handed_off',
  origin: 'origin-1',
  attempts: 2,
  updatedAtMs: nowMs + 1000,
  ...change,
});

/** What every store of runs promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function workflowRunsContract(
  runsOf: () => WorkflowRuns,
  stored: (key: RunKey) => Promise<WorkflowRun | undefined>,
): void {
  test.each<[string, Partial<WorkflowRun>]>([
    ['of a user', {}],
    [
      'of an object, with everything',
      {
        key: runKey({ kind: 'object', collection: 'projects', id: 'p1' }, execution, 'everything'),
        actor: { kind: 'user', id: 'lena' },
        tenant: 't1',
        cancellationKey: 'order-A-1',
        data: { deep: [{ constructor: { name: 'Set' }, big: 1e300 }] },
      },
    ],
    [
      'by an object, recorded only',
      { actor: { kind: 'object', collection: 'apps', id: 'a1' }, status: 'handed_off', target: 'log', attempts: 1 },
    ],
  ])('a run %s is stored as it was written', async (_name, change) => {
    const run = workflowRun(change);
    expect(await runsOf().createIfAbsent(run)).toBeUndefined();
    expect(await stored(run.key)).toEqual(run);
  });

  test('a run that exists is not written again, and its state is told', async () => {
    const runs = runsOf();
    const run = workflowRun();
    await runs.createIfAbsent(run);
    expect(await runs.createIfAbsent({ ...run, status: 'handed_off', origin: 'origin-2', data: {} })).toEqual({
      status: 'pending',
      origin: 'origin-1',
    });
    expect(await stored(run.key)).toEqual(run);
  });

  test('of twenty that write one run at once, one does', async () => {
    const runs = runsOf();
    const run = workflowRun();
    const answers = await Promise.all(Array.from({ length: 20 }, () => runs.createIfAbsent(run)));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
  });

  test('runs of one recipient are apart by execution and by mapping', async () => {
    const runs = runsOf();
    const { key } = workflowRun();
    const other = { ...key, execution: '01JD3Q9F7K8M25RXK0Q4T9B7C1' };
    const third = runKey(key.recipient, execution, 'another-mapping');
    for (const one of [key, other, third]) expect(await runs.createIfAbsent(workflowRun({ key: one }))).toBeUndefined();
  });

  test('a run ends with what the target said', async () => {
    const runs = runsOf();
    const run = workflowRun({ cancellationKey: 'k' });
    await runs.createIfAbsent(run);
    await runs.end(run.key, end({ targetReference: { status: 202, response: 'ok' } }));
    expect(await stored(run.key)).toEqual({
      ...run,
      status: 'handed_off',
      attempts: 2,
      updatedAtMs: nowMs + 1000,
      targetReference: { status: 202, response: 'ok' },
    });
  });

  test('a failed run can be tried again by another origin, and then says nothing of the failure', async () => {
    const runs = runsOf();
    const run = workflowRun();
    await runs.createIfAbsent(run);
    await runs.end(run.key, end({ status: 'failed', error: 'answered 404', targetReference: { status: 404 } }));
    expect(await runs.statesOf([run.key])).toEqual([{ status: 'failed', origin: 'origin-1', error: 'answered 404' }]);
    await runs.end(run.key, end({ origin: 'origin-2', attempts: 1 }));
    expect(await stored(run.key)).toEqual({
      ...run,
      status: 'handed_off',
      origin: 'origin-2',
      attempts: 1,
      updatedAtMs: nowMs + 1000,
    });
  });

  test('a run that was handed off stays so, whatever a slower twin found', async () => {
    const runs = runsOf();
    const run = workflowRun();
    await runs.createIfAbsent(run);
    await runs.end(run.key, end());
    await runs.end(run.key, end({ status: 'failed', error: 'too late' }));
    expect(await stored(run.key)).toMatchObject({ status: 'handed_off' });
  });

  test('ending a run that is not there makes none', async () => {
    const { key } = workflowRun();
    await runsOf().end(key, end());
    expect(await stored(key)).toBeUndefined();
  });

  test('states are told in the order asked for, with gaps', async () => {
    const runs = runsOf();
    const many = Array.from({ length: 130 }, () => workflowRun());
    await Promise.all(many.filter((_, i) => i % 3 === 0).map((run) => runs.createIfAbsent(run)));
    const states = await runs.statesOf(many.map(({ key }) => key));
    expect(states.map((state) => state?.status)).toEqual(many.map((_, i) => (i % 3 === 0 ? 'pending' : undefined)));
  });
}
