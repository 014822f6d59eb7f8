import * as z from 'zod';
import { defined } from '../defined.ts';
import { asError } from '../errors.ts';
import { decodeRawEvent, packEventText, type RawEvent } from '../events/raw-event.ts';
import { eventIdTimeMs, isEventId } from '../ids/event-id.ts';
import { type EventRowHead, rowHeadOf } from '../logs/event-log-entry.ts';
import { clip } from '../text.ts';
import { type ActionsMessage, decodeActionsMessage } from './actions-message.ts';

export type ParkedEvent = {
  kind: 'event';
  source: string;
  head: EventRowHead;
  outcome: { reason: 'retries_exhausted' | 'message_unreadable'; detail: string; execution?: string };
  /** Absent when this code does not know the message's version. */
  raw?: RawEvent;
};

/** A message of a dead-letter queue, as far as it can be read. */
export type Parked = ParkedEvent | { kind: 'actions'; source: string; message: ActionsMessage };

/** @throws Error when the message names no event and no source: no row can hold it */
export function readParked(text: string): Parked {
  const event = attempt(() => decodeRawEvent(text));
  if (event.kind === 'value') {
    const { source, execution } = event.value;
    const detail =
      'every delivery to the processor failed; its error, where it lived to say one, is in the function log';
    const outcome = { reason: 'retries_exhausted', detail, ...defined({ execution }) } as const;
    return { kind: 'event', source, head: rowHeadOf(event.value), outcome, raw: event.value };
  }
  const actions = attempt(() => decodeActionsMessage(text));
  if (actions.kind === 'value') return { kind: 'actions', source: actions.value.source, message: actions.value };
  return unreadable(text, event.error);
}

const Attributable = z.object({ id: z.string().refine(isEventId), source: z.string().min(1) });

/**
 * This code does not know the message's version. The row keeps the whole message, so that a person
 * can read it and replay it by hand.
 */
function unreadable(text: string, error: Error): Parked {
  const { id, source } = Attributable.parse(JSON.parse(text));
  const payload = packEventText({ headers: {}, body: text });
  return {
    kind: 'event',
    source,
    head: { id, source, verification: 'unknown', payload, receivedAtMs: eventIdTimeMs(id) },
    outcome: {
      reason: 'message_unreadable',
      detail: clip(`the message is of no version that is known here: ${error.message}`),
    },
  };
}

function attempt<Value>(read: () => Value): { kind: 'value'; value: Value } | { kind: 'error'; error: Error } {
  try {
    return { kind: 'value', value: read() };
  } catch (error) {
    return { kind: 'error', error: asError(error) };
  }
}
