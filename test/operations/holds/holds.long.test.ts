import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runDetailShape } from '../../../functions/api/shapes/run.ts';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { printRunId, runKey } from '../../../shared/core/ids/run-id.ts';
import { listHistory } from '../../../shared/operations/configuration/history.ts';
import { heldFindings } from '../../../shared/operations/doctor/held-findings.ts';
import { countHeld } from '../../../shared/operations/holds/held-triggers.ts';
import { holdWorkflow } from '../../../shared/operations/holds/hold-workflow.ts';
import { carryOnRelease, resumeWorkflow } from '../../../shared/operations/holds/release-workflow.ts';
import type { JobProgress } from '../../../shared/operations/jobs/carry-on.ts';
import { cancelJob, readJob } from '../../../shared/operations/jobs/jobs.ts';
import { findRunById } from '../../../shared/operations/requests/find-run.ts';
import { cancelRun } from '../../../shared/operations/runs/cancel-run.ts';
import type { RunReads } from '../../../shared/operations/runs/run-reads.ts';
import { workflowRunsOf } from '../../../shared/operations/runs/runs.ts';
import { switchWorkflow } from '../../../shared/operations/settings/switches.ts';
import type { TargetAnswer } from '../../../shared/ports/workflow-target.ts';
import { type HoldWorld, order, startHoldWorld } from './world.ts';

let w: HoldWorld;
beforeAll(async () => {
  w = await startHoldWorld();
});
afterAll(() => w.stop());
beforeEach(async () => {
  w.world.answer = () => ({ kind: 'accepted' });
  await release();
  w.requests.length = 0;
});

const pause = (reason?: string) => holdWorkflow(w.environment, { workflow: order, ...w.asked(reason) });
const resume = (perSecond?: number) => resumeWorkflow(w.environment, { workflow: order, perSecond, ...w.asked() });
const held = async () => (await countHeld(w.environment, order)).runs;
const state = async () => (await readLive(w.environment.configuration)).state;
const statusOf = async (execution: string, user: string) =>
  (await w.environment.runs.statesOf([runKey({ kind: 'user', id: user }, execution, 'mapping')]))[0]?.status;

/** Resumes, and does the whole job. */
async function release(perSecond?: number): Promise<JobProgress | undefined> {
  const resumed = await resume(perSecond);
  if (resumed.kind !== 'releasing') return undefined;
  return w.whileConsuming(() => drain(resumed.job.id));
}

async function drain(jobId: string): Promise<JobProgress | undefined> {
  let last: JobProgress | undefined;
  for await (const progress of carryOnRelease(w.environment, jobId)) last = progress;
  return last;
}

describe('a paused workflow', () => {
  test('keeps each run as held, burns no attempt and leaves no message in the queue', async () => {
    await pause('target is down');
    const execution = await w.trigger('user-1');
    expect(await statusOf(execution, 'user-1')).toBe('held');
    const action = await w.action(execution);
    expect(action).toMatchObject({ status: 'pending', reason: 'held', attempts: 0, result: { runs: 1, held: 1 } });
    expect(action?.detail).toMatch(/^workflow order-completed is paused since .* by ana \(target is down\); npx/);
    expect(action?.retryAtMs).toBeUndefined();
    expect([await held(), await w.consume(), w.called()]).toEqual([1, 0, []]);
  });

  test('shows its runs as paused in the published API, with the reason', async () => {
    await pause('target is down');
    const execution = await w.trigger('user-1');
    const id = printRunId(runKey({ kind: 'user', id: 'user-1' }, execution, 'mapping'));
    const runReads = { runs: workflowRunsOf(w.environment) } as RunReads;
    const found = await findRunById(id, { runReads, actionLog: w.environment.actionLog });
    const { status, events } = runDetailShape(found as NonNullable<typeof found>, Date.now());
    expect([status, events.map(({ event }) => event)]).toEqual(['paused', ['run.queued', 'run.held']]);
    expect(events.at(-1)?.data).toEqual({ detail: expect.stringContaining('by ana (target is down)') });
  });

  test('starts the runs of other workflows', async () => {
    await pause();
    await w.trigger('user-1', 'other');
    expect(w.called()).toEqual(['user-1']);
  });

  test('holds what only records, and what waits for a retry', async () => {
    await holdWorkflow(w.environment, { workflow: 'log-it', ...w.asked() });
    const logged = await w.trigger('user-1', 'log-it');
    expect(await statusOf(logged, 'user-1')).toBe('held');
    w.world.answer = () => ({ kind: 'unavailable', reason: 'target_unavailable', detail: '503', retryAfterSeconds: 1 });
    const tried = await w.trigger('user-2');
    expect(await statusOf(tried, 'user-2')).toBe('pending');
    await pause();
    while ((await w.action(tried))?.reason !== 'held') await w.consume();
    expect(await statusOf(tried, 'user-2')).toBe('held');
    const resumed = await resumeWorkflow(w.environment, { workflow: 'log-it', ...w.asked() });
    if (resumed.kind !== 'releasing') throw new Error(resumed.kind);
    await w.whileConsuming(() => drain(resumed.job.id));
    expect(await statusOf(logged, 'user-1')).toBe('handed_off');
  });

  test('is recorded with author and reason, and so is its end', async () => {
    await pause('target is down');
    await release();
    const lines = await listHistory(w.environment.configuration, { limit: 3 });
    const [ended, begun, paused] = lines.map(({ entry }) => entry);
    expect([paused, begun, ended]).toMatchObject([
      { author: 'ana', message: expect.stringMatching(/^target is down \(pause workflow order-completed and hold/) },
      { author: 'ana', message: 'release the held runs of workflow order-completed' },
      { author: 'ana', message: 'resume workflow order-completed: no run is held any more' },
    ]);
    expect(await state()).not.toHaveProperty('held_workflows');
  });

  test('drops its runs with --drop, as before, and what was held stays held', async () => {
    await pause();
    const kept = await w.trigger('user-1');
    await switchWorkflow(w.environment.configuration, { workflow: order, active: false, ...w.asked() });
    const dropped = await w.trigger('user-2');
    expect(await w.action(dropped)).toMatchObject({ status: 'failed', reason: 'workflow_inactive' });
    expect([await statusOf(kept, 'user-1'), await statusOf(dropped, 'user-2')]).toEqual(['held', undefined]);
    await release();
    expect(w.called()).toEqual(['user-1']);
  });

  test('is refused for functions that cannot hold runs', async () => {
    const outputs = { ...w.environment.outputs, KnownFormat: '2' };
    const older = { ...w.environment, outputs };
    await expect(holdWorkflow(older, { workflow: order, ...w.asked() })).rejects.toThrow(/cannot hold runs/);
  });

  test('lets runs begin where its release ended the hold while they were written', async () => {
    await pause();
    const { current } = w.deps.configuration;
    const before = await current();
    await release();
    const one = await w.message({ key: order, recipients: ['user-1', 'user-2'] });
    await w.deliver([one], { configuration: { current: async () => before, reload: current } });
    expect(await w.action(one.execution)).toMatchObject({ status: 'succeeded', result: { runs: 2 } });
    expect([w.called().sort(), await held()]).toEqual([['user-1', 'user-2'], 0]);
  });
});

describe('a release', () => {
  test('hands off each held run once, oldest event first for each recipient', async () => {
    await pause();
    const users = ['user-1', 'user-2', 'user-1', 'user-3', 'user-2', 'user-1'];
    const executions: string[] = [];
    for (const user of users) executions.push(await w.trigger(user));
    const last = await release();
    expect(last).toMatchObject({ state: 'done', done: 6, counts: { released: 6, failed: 0, ended: 0 } });
    const events = w.requests.map(({ message: { data } }) => String((data.event as { id: string }).id));
    for (const user of new Set(users)) {
      const of = (ids: string[]) => ids.filter((id) => users[executions.indexOf(id)] === user);
      expect(of(events)).toEqual(of(executions));
    }
    for (const [i, execution] of executions.entries()) {
      expect(await w.action(execution)).toMatchObject({ status: 'succeeded', result: { runs: 1 } });
      expect(await statusOf(execution, users[i] as string)).toBe('handed_off');
    }
    expect(await held()).toBe(0);
  });

  test('counts a trigger whose recipient is still unknown, and doctor says that it waits', async () => {
    await pause();
    const execution = await w.trigger('stranger');
    expect(await w.action(execution)).toMatchObject({ status: 'pending', reason: 'held' });
    const nowMs = Date.now();
    const { findings, triggers } = await heldFindings(
      w.environment,
      await readLive(w.environment.configuration),
      nowMs,
    );
    expect(triggers).toBe(1);
    expect(findings.map(({ cause }) => cause)).toContainEqual(
      expect.stringContaining('0 runs and 1 for unknown recipients held'),
    );
    const last = await release();
    expect(last).toMatchObject({ job: { total: 1 }, done: 1, counts: { released: 1, failed: 0, ended: 0 } });
    // It looks for its recipient as any other trigger does.
    expect(await w.action(execution)).toMatchObject({ status: 'pending', reason: 'recipient_unknown' });
  });

  test('holds what arrives meanwhile behind what is held, and releases that too', async () => {
    await pause();
    const first = await w.trigger(['user-1', 'user-2']);
    const resumed = await resume();
    if (resumed.kind !== 'releasing') throw new Error(resumed.kind);
    const second = await w.trigger('user-1');
    expect(await w.action(second)).toMatchObject({ reason: 'held' });
    await w.whileConsuming(() => drain(resumed.job.id));
    expect(w.called().slice(0, 2).sort()).toEqual(['user-1', 'user-2']);
    expect(w.called().slice(2)).toEqual(['user-1']);
    for (const id of [first, second]) expect(await w.action(id)).toMatchObject({ status: 'succeeded' });
    await w.trigger('user-3');
    expect(w.called().at(-1)).toBe('user-3');
  });

  test('starts nothing twice when it is asked for twice at once', async () => {
    await pause();
    await w.trigger('user-1');
    const both = await Promise.all([resume(), resume()]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['releasing', 'running']);
    const [winner] = both.flatMap((one) => (one.kind === 'releasing' ? [one.job.id] : []));
    await w.whileConsuming(() => drain(winner ?? ''));
    expect(w.called()).toEqual(['user-1']);
  });

  test('stops when it is cancelled or its workflow is paused again; what is left stays held', async () => {
    await pause();
    await w.trigger('user-1');
    const first = await resume();
    expect(await pause()).toMatchObject({ stoppedJob: first.kind === 'releasing' && first.job.id });
    const second = await resume();
    if (second.kind !== 'releasing') throw new Error(second.kind);
    await cancelJob(w.environment.configuration, second.job.id, Date.now());
    expect([await held(), w.called()]).toEqual([1, []]);
    expect(await readJob(w.environment.configuration, second.job.id)).toMatchObject({ state: 'cancelled' });
    const third = await release();
    expect([third?.counts.released, w.called()]).toEqual([1, ['user-1']]);
  });

  test('leaves a cancelled run alone, and ends a trigger that has no other', async () => {
    await pause();
    const one = await w.trigger('user-1');
    const two = await w.trigger(['user-2', 'user-3']);
    const idOf = (execution: string, user: string) =>
      printRunId(runKey({ kind: 'user', id: user }, execution, 'mapping'));
    expect(await cancelRun(w.environment, idOf(one, 'user-1'), Date.now())).toMatchObject({ isTriggerOver: true });
    expect(await w.action(one)).toMatchObject({
      status: 'succeeded',
      detail: 'its runs were cancelled while they were held',
      result: { runs: 0, cancelled: 1 },
    });
    expect(await cancelRun(w.environment, idOf(two, 'user-2'), Date.now())).toMatchObject({ isTriggerOver: false });
    expect(await held()).toBe(1);
    await release();
    expect(w.called()).toEqual(['user-3']);
    expect(await w.action(two)).toMatchObject({ status: 'succeeded', result: { runs: 1, cancelled: 1 } });
  });

  test('leaves runs alone that their cancellation key has cancelled', async () => {
    await pause();
    const cart = await w.message({ key: order, recipients: ['user-1', 'user-2'], cancellation_key: 'cart-1' });
    await w.deliver([cart]);
    await w.deliver([await w.message({ key: order, cancellation_key: 'cart-1' }, 'workflows_cancel')]);
    expect(await w.action(cart.execution)).toMatchObject({ status: 'succeeded', result: { cancelled: 2 } });
    expect([await held(), await release()]).toMatchObject([0, { done: 0 }]);
    expect(w.called()).toEqual([]);
  });

  test('goes on by retries where the target is in trouble, without the hold in their way', async () => {
    await pause();
    const execution = await w.trigger('user-1');
    const down: TargetAnswer = {
      kind: 'unavailable',
      reason: 'target_unavailable',
      detail: '503',
      retryAfterSeconds: 1,
    };
    w.world.answer = () => down;
    const resumed = await resume();
    if (resumed.kind !== 'releasing') throw new Error(resumed.kind);
    // The workflow stays paused: the job does not end before the retry.
    const { value } = await w.whileConsuming(() => carryOnRelease(w.environment, resumed.job.id).next());
    expect(value).toMatchObject({ counts: { released: 1 } });
    expect(await w.action(execution)).toMatchObject({ reason: 'target_unavailable', attempts: 1 });
    expect(await statusOf(execution, 'user-1')).toBe('pending');
    w.world.answer = () => ({ kind: 'accepted' });
    while ((await w.action(execution))?.status !== 'succeeded') await w.consume();
    expect(w.called()).toEqual(['user-1', 'user-1']);
  });

  test('releases the greetings of new members', async () => {
    await holdWorkflow(w.environment, { workflow: 'welcome', ...w.asked() });
    const add = await w.message(
      { key: 'beta', members: ['user-1', 'user-2'], create_audience: true },
      'audiences_add_member',
    );
    await w.deliver([add]);
    expect(await w.action(add.execution)).toMatchObject({ status: 'pending', reason: 'held' });
    const resumed = await resumeWorkflow(w.environment, { workflow: 'welcome', ...w.asked() });
    if (resumed.kind !== 'releasing') throw new Error(resumed.kind);
    await w.whileConsuming(() => drain(resumed.job.id));
    expect(await w.action(add.execution)).toMatchObject({ status: 'succeeded', result: { runs: 2 } });
    expect(w.called().sort()).toEqual(['user-1', 'user-2']);
  });
});
