import { workflowOf } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import type { SourceDirectory } from '../sources/known-sources.ts';
import { type Grouped, groupSearch } from '../tables/groups.ts';
import type { Search } from '../tables/search.ts';
import type { SearchRange } from '../tables/search-range.ts';
import {
  type EventSearch,
  type EventSearchOptions,
  type FoundFacts,
  searchEventFacts,
  searchEvents,
} from './event-search.ts';

/** What events are grouped by. An event with several mappings or workflows counts once for each. */
export const eventGroupings = ['reason', 'type', 'source', 'status', 'workflow', 'mapping'] as const;
export type EventGrouping = (typeof eventGroupings)[number];

/**
 * Counts the events of a search by a value, with the newest of each as an example. With
 * `did_nothing`, by the reasons and mappings that decided.
 */
export function groupEvents(
  environment: Environment,
  directory: SourceDirectory,
  search: EventSearch,
  by: EventGrouping,
  options: Omit<EventSearchOptions, 'limit'>,
): Promise<Grouped> {
  const isByRow = by !== 'workflow' && by !== 'mapping';
  const counted = { ...options, limit: Number.POSITIVE_INFINITY, ...(!isByRow && { isByContent: true }) };
  const found: Search<FoundFacts> & { range: SearchRange } =
    (isByRow ? searchEventFacts(environment, directory, search, counted) : undefined) ??
    searchEvents(environment, directory, search, counted);
  return groupSearch(found, (row) => ({
    values: valuesOf(row, by),
    receivedAtMs: row.entry.receivedAtMs,
    eventId: row.entry.id,
  }));
}

function valuesOf({ entry, log, decidedBy }: FoundFacts, by: EventGrouping): (string | null)[] {
  switch (by) {
    case 'reason':
      // A processed event has none of its own: its actions say why they did nothing.
      return entry.reason === undefined ? distinct((decidedBy ?? []).map(({ reason }) => reason)) : [entry.reason];
    case 'type':
      return [entry.eventType ?? null];
    case 'source':
      return [entry.source];
    case 'status':
      return [entry.status];
    case 'workflow':
      return distinct((log?.actions ?? []).map((action) => workflowOf(action) ?? null));
    case 'mapping':
      return distinct((decidedBy ?? log?.actions ?? []).map(({ mapping }) => mapping));
  }
}

function distinct(values: (string | null)[]): (string | null)[] {
  return values.length === 0 ? [null] : [...new Set(values)];
}
