import type { DecidedBy } from './decided-by.ts';
import { type EventRow, eventRow } from './event-row.ts';
import type { FoundEvent } from './event-search.ts';

/** A row of a list of events; `decided_by` only in a search for events that did nothing. */
export type ListedEvent = EventRow & { decided_by?: DecidedBy[] };

export function listedEvent({ entry, log, decidedBy }: FoundEvent): ListedEvent {
  return { ...eventRow(entry, log), ...(decidedBy && { decided_by: decidedBy }) };
}
