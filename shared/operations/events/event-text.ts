import { type EventText, unpackEventText } from '../../core/events/raw-event.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';

/** Headers and text of a stored event; undefined when the stored bytes cannot be unpacked. */
export function eventOfRow({ payload }: Pick<EventLogEntry, 'payload'>): EventText | undefined {
  try {
    return unpackEventText(payload);
  } catch {
    return undefined;
  }
}
