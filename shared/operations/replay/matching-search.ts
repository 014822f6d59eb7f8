import * as z from 'zod';
import { ActionSearch, searchActions } from '../actions/action-search.ts';
import type { FoundAction } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { EventSearch, type FoundEvent, searchEvents } from '../events/event-search.ts';
import { readSources } from '../sources/known-sources.ts';

/** All events or all actions of a search, as the lists have it. */
export const MatchingSearch = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('events'), search: EventSearch }),
  z.strictObject({ of: z.literal('actions'), search: ActionSearch }),
]);
export type MatchingSearch = z.infer<typeof MatchingSearch>;

/** An event that was found, or only an action of it. */
export type Matched = { event: string; action?: string | undefined };

/** What a search found, oldest event first, and the times that it looked at. */
export type Matches = { found: Matched[]; sinceMs: number; untilMs: number };

/** Which of the rows are meant; absent: all. */
export type Meant = { event?(row: FoundEvent): boolean; action?(row: FoundAction): boolean };

/**
 * All that a search finds, however many rows that takes. It finds nothing that came later than
 * `nowMs`, so a second look at the same times finds the same rows, less those that changed.
 * @throws Refusal as `searchEvents` and `searchActions`
 */
export async function findMatching(
  environment: Environment,
  request: MatchingSearch,
  { nowMs, meant = {} }: { nowMs: number; meant?: Meant },
): Promise<Matches> {
  const directory = await readSources(environment);
  const options = { nowMs, limit: Number.POSITIVE_INFINITY, isComplete: true };
  const untilMs = Math.min(request.search.until_ms ?? nowMs, nowMs);
  const found: Matched[] = [];
  const matches = (sinceMs: number): Matches => ({
    found: found.sort((a, b) => (a.event < b.event ? -1 : a.event > b.event ? 1 : 0)),
    sinceMs,
    untilMs,
  });
  if (request.of === 'events') {
    const { rows, range } = searchEvents(environment, directory, { ...request.search, until_ms: untilMs }, options);
    for await (const row of rows) if (meant.event?.(row) !== false) found.push({ event: row.entry.id });
    return matches(range.sinceMs);
  }
  const { rows, range } = searchActions(environment, directory, { ...request.search, until_ms: untilMs }, options);
  for await (const row of rows)
    if (meant.action?.(row) !== false) found.push({ event: row.log.eventId, action: row.action.id });
  return matches(range.sinceMs);
}

/** The events of what was found, each once. */
export const eventsOf = (found: readonly Matched[]) => [...new Set(found.map(({ event }) => event))];
