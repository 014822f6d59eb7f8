import { describe, expect, test } from '@jest/globals';
import { decodeRawEvent, encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { decodeActionsMessage, encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { readRecording, recordings } from './kept.ts';

/*
 * Messages as released versions wrote them. `npm run test:rollback` lets functions work on them; these tests are the quick look.
 */
describe.each(recordings())('messages that %s left in its queues', (commit) => {
  const { queues } = readRecording(commit);
  const events = [...queues.events, ...queues['events-dlq']];
  const actions = [...queues.actions, ...queues['actions-dlq']];

  test('are read, whatever newer members they have beside their own', () => {
    for (const text of events) {
      expect(decodeRawEvent(JSON.stringify({ ...JSON.parse(text), newer: { x: 1 } }))).toEqual(decodeRawEvent(text));
    }
    for (const text of actions) {
      const { body, ...message } = JSON.parse(text);
      const newer = JSON.stringify({ ...message, ...(body && { body: { ...body, newer: 1 } }), newer: 1 });
      expect(decodeActionsMessage(newer)).toEqual(decodeActionsMessage(text));
    }
  });

  test('are written as they were: a form that changes takes two releases (docs/formats.md)', () => {
    expect(events.length).toBeGreaterThan(20);
    for (const text of events) expect(JSON.parse(encodeRawEvent(decodeRawEvent(text)))).toEqual(JSON.parse(text));
    for (const text of actions) {
      const again = encodeActionsMessage(decodeActionsMessage(text));
      expect('text' in again && Object.keys(JSON.parse(again.text))).toEqual(Object.keys(JSON.parse(text)));
      expect('text' in again && decodeActionsMessage(again.text)).toEqual(decodeActionsMessage(text));
      const { body } = JSON.parse(text);
      if (body !== undefined) expect('text' in again && JSON.parse(again.text).body).toEqual(body);
    }
  });

  test('are refused, and never taken for something else, when their version is unknown', () => {
    for (const text of events) {
      const raised = JSON.stringify({ ...JSON.parse(text), v: 2 });
      expect(() => decodeRawEvent(raised)).toThrow();
      expect(() => decodeActionsMessage(raised)).toThrow();
    }
    for (const text of actions)
      expect(() => decodeActionsMessage(JSON.stringify({ ...JSON.parse(text), v: 2 }))).toThrow();
  });
});
