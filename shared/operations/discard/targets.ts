import * as z from 'zod';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { BulkFilter, matchingEvents, takesAction, takesEvent } from '../replay/bulk-filter.ts';
import { eventsOf, findMatching, type Matched, MatchingSearch } from '../replay/matching-search.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { isClosable, isOpen, type Wanted } from './plan-discard.ts';

/** Statuses of what can be discarded, of events and of actions. */
export const discardableStatuses = ['failed', 'rejected', 'held', 'skipped'] as const;

/** One event, or only one action of it. */
const Named = z.strictObject({ event: z.string(), action: z.string().optional() });

/** What a job closes at most when it names each event; a filter or a search takes any number. */
export const namedMax = 1_000;

/** Events per second at most; absent: as fast as it goes. */
const perSecond = z.number().positive().optional();

/** What is closed: what a filter takes, what a search of the lists finds, or what was named. */
export const DiscardRequest = z.union([
  z.strictObject({ filter: BulkFilter.extend({ statuses: z.array(z.enum(discardableStatuses)).min(1) }), perSecond }),
  z.strictObject({ matching: MatchingSearch, perSecond }),
  z.strictObject({ named: z.array(Named).min(1).max(namedMax) }),
]);
export type DiscardRequest = z.infer<typeof DiscardRequest>;
export type DiscardFilter = Extract<DiscardRequest, { filter: unknown }>;
export type DiscardMatching = Extract<DiscardRequest, { matching: unknown }>;

/** The events of a request, oldest first, and what of each is meant. */
export type Targets = {
  ids: string[];
  wantedOf(entry: EventLogEntry): Wanted;
  /** The times that were looked at; absent for what was named. */
  range?: { sinceMs: number; untilMs: number };
};

/** @param nowMs a search finds nothing that came later */
export async function targetsOf(
  environment: Environment,
  known: KnownSource[],
  request: DiscardRequest,
  nowMs: number,
): Promise<Targets> {
  if ('named' in request) return targetsNamed(request.named);
  if ('matching' in request) {
    const { matching } = request;
    const { found, sinceMs, untilMs } = await findMatching(environment, matching, { nowMs, meant: openOf(matching) });
    return { ...targetsNamed(found), range: { sinceMs, untilMs } };
  }
  const { filter } = request;
  return {
    ids: await matchingEvents(environment, known, filter),
    wantedOf: (entry) => ({ event: takesEvent(filter, entry), action: (action) => takesAction(filter, action) }),
    range: filter,
  };
}

export function targetsNamed(named: readonly Matched[]): Targets {
  const actionsOf = new Map<string, { isWhole: boolean; actions: Set<string> }>();
  for (const { event, action } of named) {
    const one = actionsOf.get(event) ?? { isWhole: false, actions: new Set() };
    if (action === undefined) one.isWhole = true;
    else one.actions.add(action);
    actionsOf.set(event, one);
  }
  return {
    ids: eventsOf(named).sort(),
    wantedOf({ id }) {
      const { isWhole = false, actions = new Set() } = actionsOf.get(id) ?? {};
      return { event: isWhole, action: (action) => isWhole || actions.has(action.id) };
    },
  };
}

/**
 * Of a search's rows those with a failure that is open. Events of a paused source wait for its
 * release, so they are meant only where the search asks for them.
 */
function openOf({ search }: MatchingSearch) {
  const isHeldMeant = search.status?.some((status) => status === 'held') === true;
  return {
    event: ({ entry, log }: { entry: EventLogEntry; log?: { actions: readonly { status: string }[] } }) =>
      (isOpen(entry.status) && (entry.status !== 'held' || isHeldMeant)) || (log?.actions ?? []).some(isClosable),
    action: ({ action }: { action: { status: string } }) => isClosable(action),
  };
}
