import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import type { Found, Reading } from '../tables/reading.ts';
import { claimsOfKey } from './claims.ts';
import { type EventFilter, type EventRange, eventLogOf, findEvents, matchesEvent, readEvent } from './events.ts';

/**
 * The events of a vendor's message id. The claim knows the event that holds a message id, however old: it comes first. Copies are not
 * indexed. They came within the claim's window, so that only this is
 * searched, unless a range is named.
 */
export async function* findByMessage(
  environment: Environment,
  messageId: string,
  wanted: EventFilter & EventRange,
  progress: Reading,
  isRangeOpen: boolean,
): AsyncGenerator<Found<EventLogEntry>> {
  const log = eventLogOf(environment);
  const claims = (await claimsOfKey(environment, messageId)).map(({ claim }) => claim);
  const ids = [...new Set(claims.flatMap(({ owner, execution }) => [owner, execution]))];
  const holders = await Promise.all(ids.map((id) => readEvent(log, id, wanted.sources)));
  const known = new Map(holders.flatMap((entry) => (entry === undefined ? [] : [[entry.id, entry]])));
  if (wanted.after === undefined)
    for (const [id, row] of [...known].sort(([a], [b]) => (a < b ? 1 : -1)))
      if (matchesEvent(row, wanted)) yield { id, row };
  const window =
    isRangeOpen && claims.length > 0
      ? {
          sinceMs: Math.min(...claims.map(({ execution }) => eventIdTimeMs(execution))),
          untilMs: Math.min(wanted.untilMs, Math.max(...claims.map(({ expiresAtMs }) => expiresAtMs))),
        }
      : {};
  for await (const found of findEvents(log, { ...wanted, ...window }, progress)) if (!known.has(found.id)) yield found;
}
