import { describe, expect, test } from '@jest/globals';
import type { ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { whereNow } from '../../../shared/operations/why/where-now.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';

const event = eventEntry();
const nowAfter = (...changes: Partial<ActionOutcome>[]) =>
  whereNow(
    event,
    actionEntry(
      event,
      changes.map((change) => outcome(event.id, change)),
    ),
  );

describe('an event whose actions are over', () => {
  test.each<[string, Partial<ActionOutcome>]>([
    ['ran for an object without subscribers', { result: { id: 'x', runs: 0 } }],
    ['named no recipient', { status: 'skipped', reason: 'required_field_missing', result: { errors: [] } }],
  ])('is done with a warning where a trigger %s', (_name, change) => {
    const { state, text } = nowAfter({ mapping: 'first' }, { mapping: 'second', ...change });
    expect([state, text]).toEqual(['done', expect.stringMatching(/^Done, but 1 of 2 actions began no run: second\./)]);
  });

  test('offers a forced replay where a trigger was skipped, until the event was run again as a new one', () => {
    const skipped = outcome(event.id, { status: 'skipped', reason: 'required_field_missing', result: { errors: [] } });
    const log = actionEntry(event, [skipped]);
    const offer = `npx signalbox replay ${event.id} --force`;
    expect(whereNow(event, log).text).toContain(offer);
    const ranAgain = whereNow({ ...event, replays: ['01KCOPY'] }, log).text;
    expect(ranAgain).not.toContain('--force');
    expect(ranAgain).toContain(
      `It was run again as 01KCOPY; once that one is over, doctor counts it instead. npx signalbox discard ${event.id}`,
    );
    expect(nowAfter({ result: { id: 'x', runs: 0 } }).text).not.toContain('--force');
  });

  test.each<[string, Partial<ActionOutcome>]>([
    ['a run began', { result: { id: 'x', runs: 1 } }],
    ['its runs were cancelled', { result: { id: 'x', runs: 0, cancelled: 2 } }],
    ['it starts no runs', { action: 'users_identify', result: { id: 'u', created: true } }],
  ])('is done without one where %s', (_name, change) => {
    expect(nowAfter(change).text).toBe('Done: every action has its outcome.');
  });

  test('that failed names the event that it was run again as', () => {
    const failed = outcome(event.id, { status: 'failed', reason: 'target_refused' });
    const text = (replays: string[]) => whereNow({ ...event, replays }, actionEntry(event, [failed])).text;
    expect([text([]), text(['01KCOPY'])]).toEqual([
      'Over: 1 of 1 actions failed for good.',
      expect.stringContaining('It was run again as 01KCOPY'),
    ]);
  });

  test.each([
    ['failed', true],
    ['skipped', false],
  ] as const)('offers to take a discard back where the action had %s: %s', (was, isOffered) => {
    const discarded = { by: 'Ada', reason: 'a test', atMs: 0, was };
    const { text } = nowAfter({ status: 'discarded', reason: 'target_refused', discarded });
    expect(text.includes('takes that back')).toBe(isOffered);
  });

  test('has failed where an action failed, whomever the others reached', () => {
    const { state } = nowAfter({ status: 'failed', reason: 'target_refused' }, { result: { id: 'x', runs: 0 } });
    expect(state).toBe('failed');
  });
});

describe('an event whose actions wait', () => {
  const held: Partial<ActionOutcome> = {
    status: 'pending',
    reason: 'target_unavailable',
    detail: 'not called: it fails',
  };

  test('waits for a first try where none was made, and says why', () => {
    const behind: Partial<ActionOutcome> = { ...held, reason: 'waiting_for_earlier_action', detail: 'waits for x' };
    expect(nowAfter({ ...behind, attempts: 0 }, { ...held, attempts: 0 })).toEqual({
      state: 'waiting',
      until: null,
      text: '2 of 2 actions wait for a first try: not called: it fails.',
    });
  });

  test('waits for another try where one was made', () => {
    expect(nowAfter({ ...held, attempts: 2 }, {}).text).toBe('1 of 2 actions waits for another try.');
  });
});

describe('an event that has no actions', () => {
  const now = (changes: Partial<EventLogEntry>) => whereNow({ ...event, actionsPlanned: 0, ...changes }, undefined);

  test('is done where its request did everything', () => {
    expect(now({ status: 'processed' })).toEqual({
      state: 'done',
      text: 'Done: its request did all of it before the answer. No action was left to run.',
    });
  });

  test('waits where actions are planned and none has ended', () => {
    expect(now({ status: 'processed', actionsPlanned: 2 }).state).toBe('waiting');
  });

  test('has no replay offered where its request was refused', () => {
    const { state, text } = now({ status: 'rejected', reason: 'request_refused' });
    expect([state, text]).toEqual([
      'done',
      'Done: it was refused, and its sender was told. Only the sender can repeat it.',
    ]);
  });

  test('has one offered where it could not be used', () => {
    expect(now({ status: 'rejected', reason: 'event_type_missing' }).text).toContain('a replay runs it');
  });
});
