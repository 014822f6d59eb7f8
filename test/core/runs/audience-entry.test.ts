import { describe, expect, test } from '@jest/globals';
import { runKey } from '../../../shared/core/ids/run-id.ts';
import type { ActionContext } from '../../../shared/core/runs/action-context.ts';
import { startAudienceRuns } from '../../../shared/core/runs/audience-entry.ts';
import { contextNowMs, identify, makeActionContext } from '../../support/fakes-workflow-trigger.ts';

async function makeWorld() {
  const made = makeActionContext();
  await identify(made.directory, { id: 'lena' }, { id: 'ivo' });
  const { configuration } = made.context;
  const workflow = (change: object) => ({ name: 'W', target: { development: { type: 'log' } }, ...change });
  const workflows = {
    welcome: workflow({ audience: 'trials' }),
    nudge: workflow({ audience: 'trials', delay: '10m' }),
    other: workflow({ audience: 'customers' }),
    off: workflow({ audience: 'trials' }),
    nowhere: workflow({ audience: 'trials', target: {} }),
  };
  const context = {
    ...made.context,
    configuration: {
      ...configuration,
      snapshot: { ...configuration.snapshot, workflows },
      state: { ...configuration.state, inactive_workflows: ['off', 'nudge'] },
    },
  } as ActionContext;
  const withDelay = {
    ...context.configuration,
    state: { ...context.configuration.state, inactive_workflows: ['off'] },
  };
  const started = () =>
    made
      .runsOf()
      .map(({ workflow, key, tenant, status }) => `${workflow} ${key.recipient.id} ${tenant ?? '-'} ${status}`);
  return { ...made, context, withDelay, started };
}

const member = (userId: string, tenant: string | null = null) => ({ userId, tenant });

describe('new members of an audience', () => {
  test('start the workflows that name it: one run per row, with its tenant, none for an unknown user', async () => {
    const { context, started, runsOf } = await makeWorld();
    const added = [member('lena'), member('lena', 't1'), member('ivo', 't2'), member('nobody')];
    expect(await startAudienceRuns('trials', added, context)).toEqual({ status: 'succeeded', result: { runs: 3 } });
    expect(started()).toEqual(['welcome lena - handed_off', 'welcome lena t1 handed_off', 'welcome ivo t2 handed_off']);
    expect(runsOf().every(({ audience }) => audience === 'trials')).toBe(true);
  });

  test('are waited for while their identify may be under way', async () => {
    const { context, started, directory } = await makeWorld();
    const added = [member('lena'), member('new')];
    const waiting = { ...context, firstAttemptAtMs: contextNowMs - 3000 };
    expect(await startAudienceRuns('trials', added, waiting)).toEqual({
      status: 'pending',
      reason: 'recipient_unknown',
      detail: 'waits for new: not identified yet',
      retryAfterSeconds: 3,
      result: { runs: 1 },
    });
    await identify(directory, { id: 'new' });
    expect(await startAudienceRuns('trials', added, { ...waiting, again: true })).toMatchObject({
      status: 'succeeded',
      result: { runs: 2 },
    });
    expect(started()).toEqual(['welcome lena - handed_off', 'welcome new - handed_off']);
  });

  test('that an earlier version began to greet, under a shorter key, are not greeted twice', async () => {
    const { context, runs, runsOf } = await makeWorld();
    await startAudienceRuns('trials', [member('lena', 't1')], context);
    const [begun] = runsOf();
    if (begun === undefined) throw new Error('a run was expected');
    runs.runs.clear();
    const before = runKey(begun.key.recipient, context.execution, `${context.mapping}#welcome#t1`);
    await runs.writeEach([{ ...begun, key: before }]);
    await startAudienceRuns('trials', [member('lena', 't1')], { ...context, again: true });
    expect(runsOf().map(({ key }) => key)).toEqual([before]);
  });

  test('start them once, however often the action is tried', async () => {
    const { context, started } = await makeWorld();
    const added = [member('lena'), member('lena', 't1')];
    await startAudienceRuns('trials', added, context);
    await startAudienceRuns('trials', added, { ...context, again: true });
    expect(started()).toHaveLength(2);
  });

  test.each([
    ['nobody is new', 'trials', []],
    ['no workflow names the audience', 'unnamed', [member('lena')]],
  ])('start nothing where %s', async (_name, audience, added) => {
    const { context, started } = await makeWorld();
    expect(await startAudienceRuns(audience, added, context)).toMatchObject({ result: { runs: 0 } });
    expect(started()).toEqual([]);
  });

  test('wait for the delay of a workflow, and hold up no other', async () => {
    const { context, withDelay, started } = await makeWorld();
    const delayed = { ...context, configuration: withDelay };
    expect(await startAudienceRuns('trials', [member('lena')], delayed)).toMatchObject({
      status: 'pending',
      reason: 'delayed',
      retryAfterSeconds: 600,
      result: { runs: 2 },
    });
    expect(started()).toEqual(['welcome lena - handed_off', 'nudge lena - pending']);
    const due = { ...delayed, again: true, nowMs: () => contextNowMs + 600_000, deadlineMs: contextNowMs + 660_000 };
    expect(await startAudienceRuns('trials', [member('lena')], due)).toMatchObject({ status: 'succeeded' });
    expect(started()).toEqual(['welcome lena - handed_off', 'nudge lena - handed_off']);
  });
});
