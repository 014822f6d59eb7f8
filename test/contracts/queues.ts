import { expect, test } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { decodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { decodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ActionsQueue, EventsQueue, ReceivedMessages } from '../../shared/ports/queues.ts';
import { actionsMessage } from '../support/actions-message.ts';
import { rawEvent, trackEvent } from '../support/build.ts';

/** A queue of raw events with a dead-letter queue after three deliveries and a visibility of two seconds. */
export type TestQueue = {
  events: EventsQueue;
  actions: ActionsQueue;
  received: ReceivedMessages;
  /** Receives up to ten messages that are visible. */
  receive(): Promise<Pick<SQSRecord, 'body' | 'receiptHandle' | 'attributes' | 'messageId'>[]>;
  delete(receiptHandle: string): Promise<void>;
  /** Bodies in the dead-letter queue. */
  parked(): Promise<string[]>;
  /** Time goes on. */
  pass(seconds: number): Promise<void>;
  sendRaw(body: string, delaySeconds?: number): Promise<'sent' | 'refused'>;
};

// Plain, accented, combining, right to left, beyond U+FFFF, joined, no character at all, control, half a pair.
const everyKindOfCharacter =
  'a é e\u0301 שלום \u202e 🎉 👩‍👩‍👧 \ufffe\uffff \u0000\u001f\u007f\u0085\u2028 \ud83d \ude00';

/** What a standard queue does: run by the model of the fault harness and by the embedded emulator. */
export function queueContract(make: () => TestQueue): void {
  const countOf = (record: { attributes: { ApproximateReceiveCount: string } } | undefined) =>
    Number(record?.attributes.ApproximateReceiveCount);

  test('an event arrives as it was sent, on its first delivery, and once', async () => {
    const queue = make();
    const event = rawEvent(trackEvent({ userId: '\ufffe\uffff é 🍎' }));
    expect(await queue.events.sendEach([event])).toEqual([{ sent: true }]);
    const records = await queue.receive();
    expect(records.map(({ body }) => decodeRawEvent(body).id)).toEqual([event.id]);
    expect(countOf(records[0])).toBe(1);
    expect(await queue.receive()).toEqual([]);
  });

  test('actions arrive with every character that they were sent with', async () => {
    const queue = make();
    const data = { name: everyKindOfCharacter, [everyKindOfCharacter]: [everyKindOfCharacter] };
    const message = actionsMessage({ userId: everyKindOfCharacter, eventType: everyKindOfCharacter, data });
    expect(await queue.actions.sendEach([message])).toEqual([{ sent: true }]);
    const records = await queue.receive();
    expect(records.map(({ body }) => decodeActionsMessage(body))).toEqual([message]);
  });

  test('what is not deleted is visible again after its time, with a count and a receipt of its own; what is deleted is not', async () => {
    const queue = make();
    await queue.events.sendEach([rawEvent(), rawEvent()]);
    const [kept, gone] = await queue.receive();
    await queue.delete(gone?.receiptHandle ?? '');
    await queue.pass(2.2);
    const again = await queue.receive();
    expect(again.map(({ messageId }) => messageId)).toEqual([kept?.messageId]);
    expect(countOf(again[0])).toBe(2);
    expect(again[0]?.receiptHandle).not.toBe(kept?.receiptHandle);
  });

  test('what is handed back is visible when it was asked for', async () => {
    const queue = make();
    await queue.events.sendEach([rawEvent()]);
    const [record] = await queue.receive();
    await queue.received.handBack([{ receiptHandle: record?.receiptHandle ?? '', visibleInSeconds: 0.3 }]);
    await queue.pass(1.2);
    expect(await queue.receive()).toHaveLength(1);
  });

  test('after three deliveries a message is in the dead-letter queue instead', async () => {
    const queue = make();
    await queue.events.sendEach([rawEvent()]);
    let body = '';
    for (let i = 1; i <= 3; i++) {
      const [record] = await queue.receive();
      expect(countOf(record)).toBe(i);
      body = record?.body ?? '';
      await queue.received.handBack([{ receiptHandle: record?.receiptHandle ?? '', visibleInSeconds: 1 }]);
      await queue.pass(1.2);
    }
    expect(await queue.receive()).toEqual([]);
    expect(await queue.parked()).toEqual([body]);
  });

  test('a delayed message is not visible before its time', async () => {
    const queue = make();
    expect(await queue.sendRaw('later', 1)).toBe('sent');
    expect(await queue.receive()).toEqual([]);
    await queue.pass(1.2);
    expect(await queue.receive()).toHaveLength(1);
  });

  test.each([
    ['1 MiB', 'x'.repeat(1024 * 1024), 0, 'sent'],
    ['a byte more', 'x'.repeat(1024 * 1024 + 1), 0, 'refused'],
    ['a character that XML does not have', 'a\uffffb', 0, 'refused'],
    ['a delay of a quarter of an hour', 'x', 900, 'sent'],
  ] as const)('%s', async (_what, body, delaySeconds, expected) => {
    expect(await make().sendRaw(body, delaySeconds)).toBe(expected);
  });
}
