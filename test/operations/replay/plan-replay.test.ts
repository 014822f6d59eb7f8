import { describe, expect, test } from '@jest/globals';
import { encodeRawEvent, packEventText, unpackEventText } from '../../../shared/core/events/raw-event.ts';
import { resumeExecution } from '../../../shared/core/executions/resume-execution.ts';
import type { ActionLogEntry } from '../../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { encodeActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { actionsMessageOf } from '../../../shared/core/plan/actions-of.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { rawEventOf } from '../../../shared/operations/events/recompute.ts';
import {
  planForcedReplay,
  planReplay,
  type ReplayFacts,
  type ReplayPlan,
} from '../../../shared/operations/replay/plan-replay.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

const now = Date.now();
const replay = 'replay-1';

// What the row says again, without tables.
const recomputed = (entry: EventLogEntry) => ({
  planned: planEvent(rawEventOf(entry), liveConfiguration({ version: 1 })),
});

function facts(entry: EventLogEntry, log?: ActionLogEntry, change: Partial<ReplayFacts> = {}): ReplayFacts {
  const { planned } = recomputed(entry);
  return { entry, log, event: planned?.event, actionsQueueEmpty: false, ...change };
}

const claimOf = (owner: string, execution = owner) => ({
  owner,
  execution,
  leaseEndsAtMs: 0,
  expiresAtMs: now + 1000,
  released: true,
});

function messageOf(plan: ReplayPlan) {
  if (plan.kind !== 'actions') throw new Error(`planned ${plan.kind}: ${plan.detail}`);
  const [message, ...others] = plan.messages;
  if (message === undefined || others.length > 0) throw new Error('not one message');
  return message;
}

test('an event that is held is not forced, since its release would run it besides', () => {
  const held = eventEntry({ status: 'held', reason: 'source_paused', actionsPlanned: 0 });
  expect(planForcedReplay(held, 'NEW', { again: true })).toEqual({
    kind: 'nothing',
    detail: 'is held and ran nothing yet; a replay without --force runs it now',
  });
  expect(planReplay({ entry: held, actionsQueueEmpty: true }, 'replay-1', 0).kind).toBe('event');
});

describe('a parked event', () => {
  const parked = eventEntry({ status: 'failed', reason: 'retries_exhausted', actionsPlanned: 0 });

  test('runs again whole: same id, same bytes, its execution, and a new origin', () => {
    const plan = planReplay(facts({ ...parked, execution: 'E' }), replay, now);
    if (plan.kind !== 'event') throw new Error(plan.kind);
    expect(plan.raw).toMatchObject({ id: parked.id, source: 'rudderstack', execution: 'E', replay });
    expect(unpackEventText(plan.raw.payload)).toEqual(unpackEventText(parked.payload));
  });

  test('carries on the execution of its claim when the row names none', () => {
    const { execution: _execution, ...bare } = parked;
    const owned = planReplay(facts(bare, undefined, { claim: claimOf(parked.id, 'EARLIER') }), replay, now);
    expect(owned).toMatchObject({ raw: { execution: 'EARLIER' } });
    // Another event's execution is for the processor to judge, not for us to join.
    const others = planReplay(facts(bare, undefined, { claim: claimOf('OTHER') }), replay, now);
    expect(others).toMatchObject({ raw: { execution: parked.id } });
  });

  test('whose message the deployed version could not read is sent as that message says, once this version can', () => {
    const { execution: _execution, ...bare } = parked;
    const message = { ...rawEventOf(bare), verification: 'enforced:verified' as const, batchIndex: 4 };
    const payload = packEventText({ headers: {}, body: encodeRawEvent(message) });
    const unread = { ...bare, verification: 'unknown', reason: 'message_unreadable' as const, payload };
    expect(planReplay(facts(unread), replay, now)).toMatchObject({
      kind: 'event',
      raw: { ...message, execution: parked.id, replay },
    });
    expect(planForcedReplay(unread, 'NEW')).toMatchObject({
      raw: { id: 'NEW', payload: message.payload, verification: 'enforced:verified', replayOf: parked.id },
    });
    // A row whose message names another event was not made by us.
    const other = packEventText({ headers: {}, body: encodeRawEvent({ ...message, source: 'segment' }) });
    expect(planReplay(facts({ ...unread, payload: other }), replay, now).kind).toBe('nothing');
  });

  test('is left alone when its message cannot be read', () => {
    const unreadable = { ...parked, reason: 'message_unreadable' as const };
    expect(planReplay(facts(unreadable), replay, now).kind).toBe('nothing');
    expect(planForcedReplay(unreadable, 'NEW').kind).toBe('nothing');
  });
});

describe('a rejected event', () => {
  const { execution: _execution, ...entry } = eventEntry({ status: 'rejected', reason: 'source_disabled' });

  test('runs whole once nothing rejects it any more, as the event that it is', () => {
    expect(planReplay({ entry, actionsQueueEmpty: true }, 'r', 0)).toMatchObject({
      kind: 'event',
      raw: { id: entry.id, execution: entry.id, replay: 'r' },
    });
  });

  test('is left alone while the live configuration would reject it again, and says why', () => {
    const plan = planReplay({ entry, rejectedNow: 'the source is switched off', actionsQueueEmpty: true }, 'r', 0);
    expect(plan).toMatchObject({
      kind: 'nothing',
      detail: expect.stringContaining('again now: the source is switched off'),
    });
  });

  test('that a request was refused for is not run, since its sender was told', () => {
    const refused = eventEntry({ status: 'rejected', reason: 'request_refused' });
    const plan = planReplay({ entry: refused, actionsQueueEmpty: true }, 'r', 0);
    expect(plan).toMatchObject({ kind: 'nothing', detail: expect.stringContaining('its sender was told') });
  });
});

describe('a forced replay', () => {
  test.each(['processed', 'no_mapping', 'idempotent', 'rejected', 'failed'] as const)(
    'of a %s event is a new event with the same contents',
    (status) => {
      const entry = eventEntry({ status, batchIndex: 3 });
      const plan = planForcedReplay(entry, 'NEW');
      expect(plan).toMatchObject({
        kind: 'event',
        raw: { id: 'NEW', source: entry.source, payload: entry.payload, replayOf: entry.id },
      });
      // Nothing ties it to what the event did before.
      if (plan.kind === 'event') expect(plan.raw).not.toHaveProperty('execution');
    },
  );
});

describe('an event with failed actions', () => {
  const event = eventEntry();
  const failed = outcome(event.id, {
    status: 'failed',
    reason: 'target_refused',
    payload: { key: 'order-completed', recipients: ['a'] },
  });
  const done = outcome(event.id, { mapping: 'identify', action: 'users_identify', payload: { id: 'usr_8841' } });
  const log = actionEntry(event, [done, failed], { next: 4, configVersion: 9 });

  test('has its actions sent with the parameters of the first time, same ids and execution, as a new origin', () => {
    const message = messageOf(planReplay(facts(event, log, { claim: claimOf(event.id) }), replay, now));
    expect(message).toMatchObject({
      eventId: event.id,
      execution: event.id,
      origin: replay,
      again: true,
      n: 4,
      configVersion: 9,
      claim: { key: 'msg-1', source: 'rudderstack', eventType: 'track/order_completed' },
      invocations: [
        { id: done.id, payload: done.payload },
        { id: failed.id, payload: failed.payload },
      ],
    });
    expect(message.data).toEqual({ order_id: 'A-1', total: 42.5 });
    expect(encodeActionsMessage(message)).toHaveProperty('text');
  });

  test('runs the failed ones only: what succeeded is not open to this origin', () => {
    const message = messageOf(planReplay(facts(event, log), replay, now));
    const resumed = resumeExecution(message, log);
    expect(resumed).toMatchObject({ kind: 'run', open: [{ id: failed.id }] });
  });

  test('takes time and data of a dead-lettered message where there is one', () => {
    const parked = {
      ...messageOf(planReplay(facts(event, log), 'first', now)),
      data: { from: 'message' },
      occurredAtMs: 5,
      n: 9,
      retryAtMs: 77,
    };
    const encoded = encodeActionsMessage(parked);
    if (!('text' in encoded)) throw new Error('too large');
    const message = messageOf(planReplay(facts(event, { ...log, message: encoded.text }), replay, now));
    expect(message).toMatchObject({
      data: { from: 'message' },
      occurredAtMs: 5,
      origin: replay,
      n: 4,
      firstSentAtMs: now,
    });
    expect(message).not.toHaveProperty('retryAtMs');
  });

  test('does nothing about parameters that were too large, and keeps their reason beside another failure', () => {
    const large = outcome(event.id, { mapping: 'big', status: 'failed', reason: 'parameters_too_large', payload: {} });
    expect(planReplay(facts(event, actionEntry(event, [large])), replay, now).kind).toBe('nothing');
    const message = messageOf(planReplay(facts(event, actionEntry(event, [large, failed])), replay, now));
    expect(message.invocations[0]).toMatchObject({ id: large.id, refused: { reason: 'parameters_too_large' } });
  });
});

describe('nothing is sent', () => {
  const event = eventEntry();

  test('for an event that is complete, or waits for a retry of its own', () => {
    expect(planReplay(facts(event, actionEntry(event, [outcome(event.id)])), replay, now)).toMatchObject({
      kind: 'nothing',
      detail: expect.stringContaining('complete'),
    });
    const pending = outcome(event.id, { status: 'pending', reason: 'target_unavailable' });
    expect(planReplay(facts(event, actionEntry(event, [pending])), replay, now)).toMatchObject({
      kind: 'nothing',
      detail: expect.stringContaining('next try'),
    });
  });

  test.each(['idempotent', 'no_mapping'] as const)('for an event that ended as %s', (status) => {
    expect(planReplay(facts({ ...event, status, actionsPlanned: 0 }), replay, now).kind).toBe('nothing');
  });

  test('for actions that still wait in the queue', () => {
    expect(planReplay(facts(event), replay, now)).toMatchObject({
      kind: 'nothing',
      detail: expect.stringContaining('queue'),
    });
  });
});

describe('what is waited for and is nowhere', () => {
  const event = eventEntry();

  test('runs again when the queue is empty: a pending action', () => {
    const pending = outcome(event.id, { status: 'pending', reason: 'target_unavailable' });
    const message = messageOf(
      planReplay(facts(event, actionEntry(event, [pending], { next: 7 }), { actionsQueueEmpty: true }), replay, now),
    );
    expect(message).toMatchObject({ n: 7, origin: replay });
  });

  test('runs again when the queue is empty: actions that left no trace, planned again under the same ids', () => {
    const { planned } = recomputed(event);
    const plan = planReplay(
      facts(event, undefined, {
        actionsQueueEmpty: true,
        planned: (execution, origin) =>
          actionsMessageOf(
            { ...planned, raw: { ...planned.raw, replay: origin } },
            { execution, again: true, nowMs: now },
          ),
      }),
      replay,
      now,
    );
    expect(messageOf(plan)).toMatchObject({ origin: replay, again: true, invocations: [{ id: outcome(event.id).id }] });
  });
});
