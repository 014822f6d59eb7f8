import * as z from 'zod';
import type { MatchingSearch } from '../../../shared/operations/replay/matching-search.ts';
import { ActionQuery, actionSearchOf } from './actions.ts';
import { EventQuery, eventSearchOf } from './events.ts';

/** All events or actions of a search, as a page has it in its URL. */
export const MatchingQuery = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('events'), search: EventQuery }),
  z.strictObject({ of: z.literal('actions'), search: ActionQuery }),
]);

/** The same for operations. @throws Refusal (invalid) */
export function matchingSearchOf(matching: z.output<typeof MatchingQuery>): MatchingSearch {
  return matching.of === 'events'
    ? { of: 'events', search: eventSearchOf(matching.search) }
    : { of: 'actions', search: actionSearchOf(matching.search) };
}
