import { workflowOf } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import type { SourceDirectory } from '../sources/known-sources.ts';
import { type Group, makeGroups } from '../tables/groups.ts';
import type { Looked, Search } from '../tables/search.ts';
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

export type GroupedEvents = { groups: Group[]; events: number; looked: Looked; range: SearchRange };

/** Counts the events of a search by a value, with the newest of each as an example. */
export async function groupEvents(
  environment: Environment,
  directory: SourceDirectory,
  search: EventSearch,
  by: EventGrouping,
  options: Omit<EventSearchOptions, 'limit'>,
): Promise<GroupedEvents> {
  const isByRow = by !== 'workflow' && by !== 'mapping';
  const counted = { ...options, limit: Number.POSITIVE_INFINITY, ...(!isByRow && { isByContent: true }) };
  const { rows, looked, range }: Search<FoundFacts> & { range: SearchRange } =
    (isByRow ? searchEventFacts(environment, directory, search, counted) : undefined) ??
    searchEvents(environment, directory, search, counted);
  const groups = makeGroups(range);
  let events = 0;
  for await (const found of rows) {
    events++;
    for (const value of valuesOf(found, by)) groups.add(value, found.entry.receivedAtMs, found.entry.id);
  }
  const { back_to } = looked();
  const backToMs = back_to === null ? range.sinceMs : Date.parse(back_to);
  return { groups: groups.list(backToMs), events, looked: looked(), range };
}

function valuesOf({ entry, log, decidedBy }: FoundFacts, by: EventGrouping): (string | null)[] {
  switch (by) {
    case 'reason':
      return [entry.reason ?? null];
    case 'type':
      return [entry.eventType ?? null];
    case 'source':
      return [entry.source];
    case 'status':
      return [entry.status];
    case 'workflow':
      return distinct((log?.actions ?? []).map((action) => workflowOf(action) ?? null));
    case 'mapping':
      return distinct(log?.actions.map(({ mapping }) => mapping) ?? decidedBy?.map(({ mapping }) => mapping) ?? []);
  }
}

function distinct(values: (string | null)[]): (string | null)[] {
  return values.length === 0 ? [null] : [...new Set(values)];
}
