import { describe, expect, test } from '@jest/globals';
import { resumeExecution } from '../../../shared/core/executions/resume-execution.ts';
import {
  type ActionLogEntry,
  type ActionOutcome,
  type ActionStatus,
  withoutParameters,
} from '../../../shared/core/logs/action-log-entry.ts';
import type { Invocation } from '../../../shared/core/plan/actions-message.ts';
import { actionEntry, actionOutcome } from '../../contracts/action-log.ts';
import { actionsMessage } from '../../support/actions-message.ts';

const identify: Invocation = {
  id: '00000000-0000-5000-8000-000000000001',
  action: 'users_identify',
  mapping: 'identify',
  payload: { id: 'u' },
};
const trigger: Invocation = {
  id: '00000000-0000-5000-8000-000000000002',
  action: 'workflows_trigger',
  mapping: 'order',
  payload: { key: 'k' },
};

const row = (identified: ActionStatus, triggered: ActionStatus, change: Partial<ActionLogEntry> = {}) =>
  actionEntry({
    origins: ['seen'],
    actions: [actionOutcome({ ...identify, status: identified }), actionOutcome({ ...trigger, status: triggered })],
    ...change,
  });

const resume = (origin: string, n: number, entry?: ActionLogEntry, invocations = [identify, trigger]) =>
  resumeExecution(actionsMessage({ origin, n, invocations }), entry);
const openOf = (resumption: ReturnType<typeof resume>) =>
  resumption.kind === 'run' ? resumption.open.map(({ mapping }) => mapping) : resumption.kind;

test('without a row everything is open', () => {
  expect(openOf(resume('seen', 1))).toEqual(['identify', 'order']);
});

describe('a message of an origin that the row has seen', () => {
  test.each<[string, number, ActionLogEntry, string[] | string]>([
    ['nothing pending: over', 3, row('succeeded', 'succeeded'), 'acknowledge'],
    ['failed for good: over', 3, row('failed', 'skipped'), 'acknowledge'],
    ['pending, and it is the message that was announced', 3, row('succeeded', 'pending', { next: 3 }), ['order']],
    ['pending, and the next message is under way', 2, row('succeeded', 'pending', { next: 3 }), 'acknowledge'],
    [
      'pending, and no message was announced (a last delivery failed)',
      1,
      row('pending', 'pending', { next: 0 }),
      ['identify', 'order'],
    ],
    ['failures stay so while another waits', 3, row('failed', 'pending', { next: 3 }), ['order']],
  ])('%s', (_name, n, entry, expected) => {
    expect(openOf(resume('seen', n, entry))).toEqual(expected);
  });
});

test('a message that names what its own chain has never heard of runs that, and takes the chain over', () => {
  const entry = row('succeeded', 'pending', { next: 3 });
  const added: Invocation = { ...trigger, id: '00000000-0000-5000-8000-000000000003', mapping: 'added' };
  const resumed = resume('seen', 1, entry, [identify, trigger, added]);
  expect(resumed).toMatchObject({ kind: 'run', isSeen: true, message: { n: 3, firstN: 3 } });
  expect(openOf(resumed)).toEqual(['order', 'added']);
  expect(openOf(resume('seen', 3, { ...entry, next: 4 }))).toBe('acknowledge');
});

describe('a message of a new origin', () => {
  test.each<[string, ActionLogEntry, string[] | string]>([
    ['runs what failed, and not what succeeded', row('succeeded', 'failed'), ['order']],
    ['runs what is pending', row('succeeded', 'pending', { next: 5 }), ['order']],
    ['runs neither what succeeded nor what was skipped', row('succeeded', 'skipped'), 'acknowledge'],
  ])('%s', (_name, entry, expected) => {
    expect(openOf(resume('new', 1, entry))).toEqual(expected);
  });

  test('takes the number that the older chain announced, so that the older one gives way', () => {
    const entry = row('succeeded', 'pending', { next: 5 });
    const resumed = resume('new', 1, entry);
    expect(resumed).toMatchObject({ kind: 'run', message: { n: 5, firstN: 5, origin: 'new' } });
    const afterwards = { ...entry, origins: ['seen', 'new'], next: 6 };
    expect(openOf(resume('seen', 5, afterwards))).toBe('acknowledge');
    expect(openOf(resume('new', 6, afterwards))).toEqual(['order']);
  });

  test('carries on what the older chain had pending, although the configuration no longer names it', () => {
    const resumed = resume('new', 1, row('pending', 'pending', { next: 5 }), [trigger]);
    expect(resumed).toMatchObject({ kind: 'run', message: { invocations: [identify, trigger] } });
    expect(openOf(resumed)).toEqual(['identify', 'order']);
  });

  test('leaves alone what failed and is not named any more', () => {
    expect(openOf(resume('new', 1, row('failed', 'pending', { next: 5 }), [trigger]))).toEqual(['order']);
  });

  test('runs what was mapped only after the older run', () => {
    expect(
      openOf(resume('new', 1, actionEntry({ origins: ['seen'], actions: [actionOutcome({ ...identify })] }))),
    ).toEqual(['order']);
  });
});

describe('a row that could not keep the parameters of an action that waits', () => {
  const cut = row('succeeded', 'pending', { next: 3, updatedAtMs: 1000 });
  const waiting = withoutParameters({ ...(cut.actions[1] as ActionOutcome), retryAtMs: 5000 });
  const entry = { ...cut, actions: [cut.actions[0] as ActionOutcome, waiting] };

  test('lets a new origin that does not name it wait for the chain that has them', () => {
    expect(resume('new', 1, entry, [{ ...identify, id: trigger.id.replace(/2$/, '9') }])).toEqual({
      kind: 'wait',
      untilMs: 5000,
    });
  });

  test('lets one that names it take over with its own', () => {
    const resumed = resume('new', 1, entry);
    expect(resumed).toMatchObject({ kind: 'run', open: [trigger] });
  });

  test('is carried on by its own chain', () => {
    expect(resume('seen', 3, entry)).toMatchObject({ kind: 'run', open: [trigger] });
  });
});
