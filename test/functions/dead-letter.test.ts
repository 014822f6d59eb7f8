import { describe, expect, test } from '@jest/globals';
import { type DeadLetterDeps, explainBatch } from '../../functions/dead-letter/explain-parked.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { encodeRawEvent, unpackEventText } from '../../shared/core/events/raw-event.ts';
import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { type ActionsMessage, encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { rawEvent, sqsRecord } from '../support/build.ts';
import { dieAt } from '../support/die-at.ts';
import { makeCountedMetrics, makeFakeActionLog, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');

function makeDeadLetter() {
  const eventLog = makeFakeEventLog();
  const actionLog = makeFakeActionLog();
  const claims = makeFakeClaimStore();
  const metrics = makeCountedMetrics();
  const log = makeKeptLog();
  const deps: DeadLetterDeps = {
    eventLog,
    actionLog,
    claims,
    metrics,
    log,
    nowMs: () => nowMs,
  };
  return { eventLog, actionLog, claims, metrics, log, deps };
}

const claimed = { key: 'msg-1', source: 'rudderstack', eventType: 'track/x' };

function actionsMessage(change: Partial<ActionsMessage> = {}): ActionsMessage {
  const { id } = rawEvent(undefined, { receivedAtMs: nowMs - 60_000 });
  return {
    eventId: id,
    source: 'rudderstack',
    eventType: 'track/x',
    execution: id,
    origin: id,
    configVersion: 3,
    occurredAtMs: nowMs - 60_000,
    receivedAtMs: nowMs - 60_000,
    claim: claimed,
    again: false,
    n: 1,
    firstSentAtMs: nowMs - 60_000,
    invocations: [
      { id: '6f1c6a52-1e83-5f53-9d2f-3a3f0f2b7a11', action: 'users_identify', mapping: 'a', payload: { id: 'u1' } },
      { id: '6f1c6a52-1e83-5f53-9d2f-3a3f0f2b7a12', action: 'workflows_trigger', mapping: 'b', payload: { key: 'w' } },
    ],
    ...change,
  };
}

const textOf = (message: ActionsMessage) => {
  const encoded = encodeActionsMessage(message);
  if ('tooLarge' in encoded) throw new Error('too large');
  return encoded.text;
};

const rowOf = (message: ActionsMessage, change: Partial<ActionLogEntry>): ActionLogEntry => ({
  execution: message.execution,
  eventId: message.eventId,
  source: message.source,
  eventType: message.eventType,
  configVersion: 3,
  actions: [],
  next: 0,
  origins: [message.origin],
  revision: 1,
  receivedAtMs: nowMs,
  updatedAtMs: nowMs,
  ...change,
});

describe('a parked event', () => {
  test('becomes a failed row with the whole event, and leaves the queue', async () => {
    const { deps, eventLog, metrics } = makeDeadLetter();
    const raw = rawEvent({ type: 'track' }, { receivedAtMs: nowMs - 3_600_000, execution: 'x-old', batchIndex: 4 });
    const answer = await explainBatch([sqsRecord(encodeRawEvent(raw), 11)], deps);
    expect(answer.batchItemFailures).toEqual([]);
    const row = eventLog.rows.get(raw.id);
    expect(row).toMatchObject({
      status: 'failed',
      reason: 'retries_exhausted',
      execution: 'x-old',
      batchIndex: 4,
      receivedAtMs: nowMs - 3_600_000,
    });
    expect(unpackEventText(row?.payload ?? new Uint8Array()).body).toBe('{"type":"track"}');
    expect(metrics.counts.get('DeadLetters')).toBe(1);
    expect(metrics.counts.get('EventsFailed retries_exhausted')).toBe(1);
  });

  test('is counted as failed once: a row that the processor wrote was counted there', async () => {
    const { deps, metrics } = makeDeadLetter();
    const record = sqsRecord(encodeRawEvent(rawEvent()), 11);
    await explainBatch([record], deps);
    await explainBatch([record], deps);
    expect(metrics.counts.get('EventsFailed')).toBe(1);
    expect(metrics.counts.get('DeadLetters')).toBe(2);
  });

  test('that was processed after all keeps its row', async () => {
    const { deps, eventLog } = makeDeadLetter();
    const raw = rawEvent();
    const done = { id: raw.id, source: raw.source, status: 'processed' } as EventLogEntry;
    await eventLog.writeEach([done]);
    await explainBatch([sqsRecord(encodeRawEvent(raw))], deps);
    expect(eventLog.rows.get(raw.id)).toEqual(done);
  });

  test('keeps the reason that the processor gave it on its last delivery', async () => {
    const { deps, eventLog } = makeDeadLetter();
    const raw = rawEvent();
    await eventLog.writeEach([
      {
        id: raw.id,
        source: raw.source,
        status: 'failed',
        reason: 'retries_exhausted',
        detail: 'throttled',
      } as EventLogEntry,
    ]);
    await explainBatch([sqsRecord(encodeRawEvent(raw))], deps);
    expect(eventLog.rows.get(raw.id)?.detail).toBe('throttled');
  });

  test('of an unknown version is kept whole in its row', async () => {
    const { deps, eventLog } = makeDeadLetter();
    const raw = rawEvent();
    const text = JSON.stringify({ v: 99, id: raw.id, source: 'rudderstack', shape: 'new' });
    expect((await explainBatch([sqsRecord(text)], deps)).batchItemFailures).toEqual([]);
    const row = eventLog.rows.get(raw.id);
    expect(row).toMatchObject({ status: 'failed', reason: 'message_unreadable' });
    expect(unpackEventText(row?.payload ?? new Uint8Array()).body).toBe(text);
  });

  test.each(['not json', '{}', '{"id":"x","source":"y"}', '[]'])(
    'that names no event stays in the queue, with the reason in the log: %s',
    async (text) => {
      const { deps, log } = makeDeadLetter();
      const record = sqsRecord(text);
      expect((await explainBatch([record], deps)).batchItemFailures).toEqual([{ itemIdentifier: record.messageId }]);
      expect(log.lines).toHaveLength(1);
    },
  );

  test('stays in the queue while the table is away, and costs its neighbours nothing', async () => {
    const { deps, eventLog } = makeDeadLetter();
    const [bad, good] = [rawEvent(), rawEvent()];
    const writeFailed: typeof eventLog.writeFailed = (entry) =>
      entry.id === bad.id ? Promise.reject(new RetryableError('throttled')) : eventLog.writeFailed(entry);
    const records = [bad, good].map((raw) => sqsRecord(encodeRawEvent(raw)));
    const answer = await explainBatch(records, { ...deps, eventLog: { ...eventLog, writeFailed } });
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: records[0]?.messageId }]);
    expect(eventLog.rows.has(good.id)).toBe(true);
  });
});

describe('a parked actions message', () => {
  test('fails every action without an outcome, releases the claim, and keeps the message for a replay', async () => {
    const { deps, actionLog, claims } = makeDeadLetter();
    const message = actionsMessage();
    await claims.claim(
      { ...claimed, eventId: message.eventId, leaseEndsAtMs: nowMs, expiresAtMs: nowMs + 1000 },
      nowMs,
    );
    expect((await explainBatch([sqsRecord(textOf(message))], deps)).batchItemFailures).toEqual([]);
    expect(actionLog.rows.get(message.execution)).toMatchObject({
      eventId: message.eventId,
      next: 0,
      origins: [message.origin],
      message: textOf(message),
      actions: [
        { mapping: 'a', status: 'failed', reason: 'dead_lettered', payload: { id: 'u1' } },
        { mapping: 'b', status: 'failed', reason: 'dead_lettered' },
      ],
    });
    expect([...claims.items.values()]).toMatchObject([{ released: true }]);
  });

  test('leaves outcomes that are final alone', async () => {
    const { deps, actionLog } = makeDeadLetter();
    const message = actionsMessage({ n: 2 });
    const [first, second] = message.invocations;
    const succeeded = { ...first, status: 'succeeded', attempts: 1 } as ActionLogEntry['actions'][number];
    const pending = {
      ...second,
      status: 'pending',
      attempts: 3,
      detail: 'HTTP 503',
    } as ActionLogEntry['actions'][number];
    await actionLog.writeEach([rowOf(message, { actions: [succeeded, pending], next: 2 })]);
    await explainBatch([sqsRecord(textOf(message))], deps);
    expect(actionLog.rows.get(message.execution)?.actions).toMatchObject([
      { mapping: 'a', status: 'succeeded' },
      { mapping: 'b', status: 'failed', reason: 'dead_lettered', attempts: 4, detail: 'HTTP 503' },
    ]);
  });

  test('says nothing when a later message carries on, or nothing is left to do', async () => {
    for (const change of [
      {
        next: 2,
        actions: actionsMessage().invocations.map((i) => ({ ...i, status: 'pending' as const, attempts: 1 })),
      },
      {
        next: 0,
        actions: actionsMessage().invocations.map((i) => ({ ...i, status: 'succeeded' as const, attempts: 1 })),
      },
    ]) {
      const { deps, actionLog, claims } = makeDeadLetter();
      const message = actionsMessage();
      await claims.claim(
        { ...claimed, eventId: message.eventId, leaseEndsAtMs: nowMs, expiresAtMs: nowMs + 1000 },
        nowMs,
      );
      const before = rowOf(message, change);
      await actionLog.writeEach([before]);
      await explainBatch([sqsRecord(textOf(message))], deps);
      expect(actionLog.rows.get(message.execution)).toEqual(before);
      expect([...claims.items.values()]).toMatchObject([{ released: false }]);
    }
  });

  test('fails what the chain that carries on has never heard of, and leaves it the rest', async () => {
    const { deps, actionLog } = makeDeadLetter();
    const message = actionsMessage();
    const [known, added] = message.invocations;
    if (known === undefined || added === undefined) throw new Error('two invocations were expected');
    const other = { ...known, id: '6f1c6a52-1e83-5f53-9d2f-3a3f0f2b7a13', mapping: 'c' };
    const actions = [
      { ...known, status: 'pending' as const, attempts: 1 },
      { ...other, status: 'succeeded' as const, attempts: 1 },
    ];
    await actionLog.writeEach([rowOf(message, { next: 2, actions })]);
    await explainBatch([sqsRecord(textOf(message))], deps);
    expect(actionLog.rows.get(message.execution)).toMatchObject({
      next: 2,
      actions: [
        { id: known.id, status: 'pending' },
        { id: added.id, status: 'failed', reason: 'dead_lettered' },
        { id: other.id, status: 'succeeded' },
      ],
    });
  });

  test('is never logged before its claim is released: after a crash in between it comes back', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 0; at < 3; at++) {
        const { deps, actionLog, claims } = makeDeadLetter();
        const message = actionsMessage();
        await claims.claim(
          { ...claimed, eventId: message.eventId, leaseEndsAtMs: nowMs, expiresAtMs: nowMs + 1000 },
          nowMs,
        );
        const { ports } = dieAt(
          { eventLog: deps.eventLog, actionLog: deps.actionLog, claims: deps.claims },
          { at, when },
        );
        await explainBatch([sqsRecord(textOf(message))], { ...deps, ...ports });
        const [claim] = [...claims.items.values()];
        if (actionLog.rows.has(message.execution)) expect(claim?.released).toBe(true);
        expect((await explainBatch([sqsRecord(textOf(message))], deps)).batchItemFailures).toEqual([]);
        expect(actionLog.rows.get(message.execution)?.actions.every(({ status }) => status === 'failed')).toBe(true);
        expect([...claims.items.values()]).toMatchObject([{ released: true }]);
      }
    }
  });

  test('merges with what another delivery wrote in between', async () => {
    const { deps, actionLog } = makeDeadLetter();
    const message = actionsMessage();
    let interfered = false;
    const writeIfUnchanged: typeof actionLog.writeIfUnchanged = async (entry, revision) => {
      if (!interfered) {
        interfered = true;
        const [first] = message.invocations;
        await actionLog.writeEach([
          rowOf(message, { actions: [{ ...first, status: 'succeeded', attempts: 1 } as never] }),
        ]);
      }
      return actionLog.writeIfUnchanged(entry, revision);
    };
    await explainBatch([sqsRecord(textOf(message))], { ...deps, actionLog: { ...actionLog, writeIfUnchanged } });
    expect(actionLog.rows.get(message.execution)?.actions.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
  });
});
