import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  decodeRawEvent,
  encodeRawEvent,
  packEventText,
  type RawEvent,
  unpackEventText,
} from '../../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import {
  type ActionsMessage,
  actionsMessageBytesMax,
  decodeActionsMessage,
  encodeActionsMessage,
} from '../../../shared/core/plan/actions-message.ts';
import fc, { anyCharacter } from '../../support/fast-check.ts';

const id = makeEventId('rudderstack', 0, Date.parse('2026-11-21T03:00:00Z'), new Uint8Array(12));

// What every queue takes: of XML 1.0's characters, which SQS takes, the embedded emulator refuses those beyond U+FFFF.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
const queueTakes = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}]*$/u;
const anyText = fc.string({ unit: anyCharacter, maxLength: 200 });

describe('raw events', () => {
  const raw: RawEvent = {
    id,
    source: 'rudderstack',
    verification: 'not_enforced:skipped',
    payload: packEventText({ headers: {}, body: '{}' }),
  };

  test('come back from the queue as they were sent, optional parts included', () => {
    for (const event of [
      raw,
      { ...raw, oldCredentials: ['url', 'key'] as const, batchIndex: 3, execution: id, replay: 'r1', replayOf: id },
    ]) {
      expect(decodeRawEvent(encodeRawEvent(event))).toEqual(event);
    }
  });

  test('keep every character of headers and body, in a form that the queue takes', () => {
    fc.assert(
      fc.property(anyText, anyText, (header, body) => {
        const payload = packEventText({ headers: { 'x-test': header }, body });
        const sent = encodeRawEvent({ ...raw, payload });
        expect(sent).toMatch(queueTakes);
        expect(unpackEventText(decodeRawEvent(sent).payload)).toEqual({
          headers: { 'x-test': header },
          body: body.toWellFormed(),
        });
      }),
    );
  });

  test.each([
    ['another version', { v: 2 }],
    ['no id', { id: undefined }],
    ['a payload that is not base64', { payload: '***' }],
  ])('are refused with %s', (_name, change) => {
    expect(() => decodeRawEvent(JSON.stringify({ ...JSON.parse(encodeRawEvent(raw)), ...change }))).toThrow();
  });
});

describe('actions messages', () => {
  const message: ActionsMessage = {
    eventId: id,
    source: 'rudderstack',
    eventType: 'track/order_completed',
    execution: id,
    origin: id,
    configVersion: 7,
    occurredAtMs: 1,
    receivedAtMs: 2,
    again: false,
    n: 1,
    firstSentAtMs: 3,
    invocations: [
      {
        id: '6f1c6a52-1e83-5f53-9d2f-3a3f0f2b7a11',
        action: 'workflows_trigger',
        mapping: 'm',
        payload: { key: 'k', data: { a: [1, null] } },
      },
    ],
  };
  const text = (encoded: ReturnType<typeof encodeActionsMessage>) =>
    'text' in encoded ? encoded.text : fail(encoded.tooLarge);
  const fail = (bytes: number): never => {
    throw new Error(`too large: ${bytes}`);
  };

  test('come back from the queue as they were sent, optional parts included', () => {
    const full = {
      ...message,
      userId: 'u',
      data: { x: 1 },
      claim: { key: 'k', source: 's', eventType: 't' },
      again: true,
      n: 4,
      retryAtMs: 9,
    };
    for (const sent of [message, full]) expect(decodeActionsMessage(text(encodeActionsMessage(sent)))).toEqual(sent);
  });

  test('survive characters that the queue refuses, in keys and in values', () => {
    fc.assert(
      fc.property(anyText, anyText, (key, value) => {
        const payload = JSON.parse(JSON.stringify({ [`k${key}`]: `${value}\uFFFE\uFFFF` }));
        const sent = { ...message, invocations: message.invocations.map((invocation) => ({ ...invocation, payload })) };
        const encoded = text(encodeActionsMessage(sent));
        expect(encoded).toMatch(queueTakes);
        expect(decodeActionsMessage(encoded)).toEqual(sent);
      }),
    );
  });

  test.each([
    ['plain text', 'Zoë Ǹ 名前 שלום', 1],
    // Six characters for each half of a pair, in place of four bytes.
    ['emoji', '🎉', 3],
  ])('%s costs what it must and no more', (_name, value, factor) => {
    const bytesWith = (data: string) => Buffer.byteLength(text(encodeActionsMessage({ ...message, data: { data } })));
    expect(bytesWith(value) - bytesWith('')).toBe(Buffer.byteLength(value) * factor);
  });

  test('are compressed when their escapes make them long', () => {
    const sent = { ...message, data: { text: '🎉'.repeat(4000) } };
    const encoded = text(encodeActionsMessage(sent));
    expect(encoded.length).toBeLessThan(5000);
    expect(decodeActionsMessage(encoded)).toEqual(sent);
  });

  test('of the version before, with emoji as they are, stay readable', () => {
    const sent = { ...message, data: { text: 'Zoë 🎉' } };
    const before = text(encodeActionsMessage(sent)).replaceAll('\\ud83c\\udf89', '🎉');
    expect(before).toContain('🎉');
    expect(decodeActionsMessage(before)).toEqual(sent);
  });

  test('are compressed when long, and come back the same', () => {
    const sent = { ...message, data: { text: 'abc '.repeat(50_000) } };
    const encoded = text(encodeActionsMessage(sent));
    expect(encoded.length).toBeLessThan(5000);
    expect(decodeActionsMessage(encoded)).toEqual(sent);
  });

  test('say how large they are when even compressed they are over the limit', () => {
    const noise = randomBytes(450 * 1024).toString('base64');
    const encoded = encodeActionsMessage({ ...message, data: { noise } });
    expect(encoded).toEqual({ tooLarge: expect.any(Number) });
    expect((encoded as { tooLarge: number }).tooLarge).toBeGreaterThan(actionsMessageBytesMax);
  });
});
