import { packEventText } from '../events/raw-event.ts';
import { withoutWords } from './discard.ts';
import type { EventLogEntry } from './event-log-entry.ts';

/**
 * The row of an event whose person was erased. What is counted stays: ids, times, status, number of
 * actions, the sync. What the sender wrote goes: the event, its headers, the user, the key, and
 * sentences that may quote them.
 */
export function eventWithoutPerson<Entry extends EventLogEntry>(entry: Entry, nowMs: number): Entry {
  const { userId: _user, key: _key, detail: _detail, preprocessError: _error, ...rest } = entry;
  return {
    ...(rest as Entry),
    ...(entry.discarded && { discarded: withoutWords(entry.discarded) }),
    payload: packEventText({ headers: {}, body: '{}' }),
    erasedAtMs: entry.erasedAtMs ?? nowMs,
  };
}
