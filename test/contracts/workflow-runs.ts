import { expect, test } from '@jest/globals';
import { type RunKey, runKey } from '../../shared/core/ids/run-id.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import type { RunEnd, WorkflowRuns } from '../../shared/ports/workflow-runs.ts';
import type { RunChange } from '../support/runs.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');
const execution = '01JD3Q9F7K8M25RXK0Q4T9B7C0';

let users = 0;

export function workflowRun(change: RunChange = {}): WorkflowRun {
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
  } as WorkflowRun;
}

const end = (change: Partial<RunEnd> = {}) =>
  ({ status: 'handed_off', origin: 'origin-1', attempts: 2, updatedAtMs: nowMs + 1000, ...change }) as RunEnd;

/** What every store of runs promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function workflowRunsContract(
  runsOf: () => WorkflowRuns,
  stored: (key: RunKey) => Promise<WorkflowRun | undefined>,
): void {
  test('a run that waits or failed can be held, goes on among the unfinished ones, and ends from there', async () => {
    const runs = runsOf();
    const waiting = workflowRun({ cancellationKey: 'held-1' });
    const failed = workflowRun();
    for (const { key } of [waiting, failed]) expect(await runs.hold(key, nowMs)).toBe(false);
    await runs.createIfAbsent(waiting);
    await runs.createIfAbsent(failed);
    await runs.end(failed.key, end({ status: 'failed', error: 'refused' }));
    for (const { key } of [waiting, failed]) {
      expect(await runs.hold(key, nowMs + 1)).toBe(true);
      const { error, ...held } = ((await stored(key)) ?? {}) as Record<string, unknown>;
      expect([held.status, held.updatedAtMs, error]).toEqual(['held', nowMs + 1, undefined]);
    }
    const found = await runs.unfinishedOf('order-completed', 'held-1', { limit: 10 });
    expect(found.entries).toMatchObject([{ key: waiting.key, status: 'held' }]);
    await runs.unhold(waiting.key, nowMs + 2);
    expect(await stored(waiting.key)).toMatchObject({ status: 'pending', updatedAtMs: nowMs + 2 });
    expect(await runs.end(failed.key, end())).toBe(true);
    expect(await runs.hold(failed.key, nowMs)).toBe(false);
    await runs.unhold(failed.key, nowMs + 9);
    expect(await stored(failed.key)).toMatchObject({ status: 'handed_off', updatedAtMs: nowMs + 1000 });
    const written = workflowRun({ status: 'held' });
    await runs.createIfAbsent(written);
    expect(await runs.cancel(written.key, { from: 'pending', reason: 'operator', updatedAtMs: nowMs })).toBe(false);
    expect(await runs.cancel(written.key, { from: 'held', reason: 'operator', updatedAtMs: nowMs })).toBe(true);
  });

  test.each<[string, RunChange]>([
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

  const pageOf = { limit: 100 };
  const names = (page: { entries: WorkflowRun[] }) => page.entries.map(({ key }) => key.recipient.id).sort();

  test('everything a run may hold is stored as it was written', async () => {
    const run = workflowRun({
      subscription: { object: { kind: 'object', collection: 'projects', id: 'p' }, properties: { role: 'owner' } },
      audience: 'trials',
      notBeforeMs: nowMs + 60_000,
      batch: 'msg_1',
    });
    await runsOf().createIfAbsent(run);
    expect(await stored(run.key)).toEqual(run);
    expect(await runsOf().statesOf([run.key])).toEqual([
      { status: 'pending', origin: 'origin-1', subscribedTo: 'projects/p', batch: 'msg_1' },
    ]);
  });

  test('many runs are written at once, over what is there', async () => {
    const runs = runsOf();
    const many = Array.from({ length: 60 }, () => workflowRun({ status: 'handed_off', attempts: 1 }));
    await runs.writeEach(many);
    await runs.writeEach(many.slice(0, 1).map((run) => ({ ...run, attempts: 2 })));
    const states = await runs.statesOf(many.map(({ key }) => key));
    expect(states.every((state) => state?.status === 'handed_off')).toBe(true);
    expect((await stored((many[0] as WorkflowRun).key))?.attempts).toBe(2);
  });

  test('unfinished runs are found by workflow and cancellation key, page by page, until they are over', async () => {
    const runs = runsOf();
    const cancellationKey = `key-${++users}`;
    const [a, b, c, d] = Array.from({ length: 4 }, () => workflowRun({ cancellationKey })) as [
      WorkflowRun,
      WorkflowRun,
      WorkflowRun,
      WorkflowRun,
    ];
    for (const run of [a, b, c, d, workflowRun({ cancellationKey, workflow: 'other' })]) await runs.createIfAbsent(run);
    await runs.end(a.key, end());
    await runs.end(b.key, end({ isCancellable: true }));
    expect(await runs.cancel(c.key, { from: 'pending', reason: 'operator', updatedAtMs: nowMs })).toBe(true);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await runs.unfinishedOf('order-completed', cancellationKey, { limit: 1, ...(after && { after }) });
      found.push(...names(page));
      after = page.next;
    } while (after !== undefined);
    expect(found.sort()).toEqual([b, d].map(({ key }) => key.recipient.id).sort());
    expect((await runs.unfinishedOf('order-completed', cancellationKey, pageOf)).entries).toContainEqual(d);
    await runs.close(b.key);
    expect(names(await runs.unfinishedOf('order-completed', cancellationKey, pageOf))).toEqual([d.key.recipient.id]);
    expect(await stored(b.key)).toMatchObject({ status: 'handed_off' });
  });

  test('a recipient has unfinished runs of their own, with a cancellation key or without', async () => {
    const runs = runsOf();
    const run = workflowRun();
    const others = ['m1', 'm2', 'm3'].map((mapping) =>
      workflowRun({ key: runKey(run.key.recipient, execution, mapping), cancellationKey: 'k' }),
    ) as [WorkflowRun, WorkflowRun, WorkflowRun];
    for (const one of [run, ...others]) await runs.createIfAbsent(one);
    await runs.end(others[0].key, end());
    await runs.end(others[1].key, end({ isCancellable: true }));
    const { entries } = await runs.unfinishedOfRecipient(run.key.recipient.id, pageOf);
    expect(entries.map(({ key }) => key.mappingHash).sort()).toEqual(
      [run, others[1], others[2]].map(({ key }) => key.mappingHash).sort(),
    );
  });

  test('a run is cancelled only from the state it was seen in, once, and stays so', async () => {
    const runs = runsOf();
    const run = workflowRun();
    await runs.createIfAbsent(run);
    const change = { reason: 'workflows_cancel' as const, updatedAtMs: nowMs + 5 };
    expect(await runs.cancel(run.key, { from: 'handed_off', ...change })).toBe(false);
    expect(await runs.cancel(run.key, { from: 'pending', ...change })).toBe(true);
    expect(await runs.cancel(run.key, { from: 'pending', ...change })).toBe(false);
    expect(await runs.end(run.key, end())).toBe(false);
    expect(await stored(run.key)).toEqual({
      ...run,
      status: 'cancelled',
      cancelReason: 'workflows_cancel',
      updatedAtMs: nowMs + 5,
    });
  });

  test('a mark keeps the latest time of its pair, and of each recipient apart', async () => {
    const runs = runsOf();
    const of = { workflow: 'w', cancellationKey: `key-${++users}`.repeat(300) };
    expect(await runs.cancellationsOf(of.workflow, of.cancellationKey)).toEqual([]);
    await runs.markCancelled(
      [
        { ...of, beforeMs: nowMs },
        { ...of, recipient: '*', beforeMs: nowMs + 7 },
      ],
      nowMs,
    );
    await runs.markCancelled([{ ...of, beforeMs: nowMs - 5 }], nowMs);
    await runs.markCancelled([{ ...of, recipient: '*', beforeMs: nowMs + 9 }], nowMs);
    const marks = await runs.cancellationsOf(of.workflow, of.cancellationKey);
    expect(marks.toSorted((a, b) => a.beforeMs - b.beforeMs)).toEqual([
      { ...of, beforeMs: nowMs },
      { ...of, recipient: '*', beforeMs: nowMs + 9 },
    ]);
    expect(await runs.cancellationsOf('another', of.cancellationKey)).toEqual([]);
    // Within a millisecond the later event of a request counts.
    for (const beforeId of ['01B', '01C', '01A']) {
      await runs.markCancelled([{ ...of, recipient: '*', beforeMs: nowMs + 10, beforeId }], nowMs);
    }
    expect(await runs.cancellationsOf(of.workflow, of.cancellationKey)).toContainEqual({
      ...of,
      recipient: '*',
      beforeMs: nowMs + 10,
      beforeId: '01C',
    });
  });
}
