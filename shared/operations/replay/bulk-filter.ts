import * as z from 'zod';
import { type ActionOutcome, type ActionStatus, actionReasons } from '../../core/logs/action-log-entry.ts';
import { type EventLogEntry, EventReason, EventStatus } from '../../core/logs/event-log-entry.ts';
import { actionLogEntries, actionLogOf, mostShards } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, findEventFacts } from '../events/events.ts';
import { type KnownSource, pickSources } from '../sources/known-sources.ts';
import { reading, rowsOf } from '../tables/reading.ts';

/**
 * Statuses of events and of actions. `failed` means both: events that were given up, and events with
 * an action that failed for good.
 */
export const bulkStatuses = [...EventStatus.options, 'skipped', 'pending'] as const;
const eventStatuses: readonly string[] = EventStatus.options;
const actionStatuses: readonly string[] = ['failed', 'skipped', 'pending', 'discarded'] satisfies ActionStatus[];

/** Which events a command is about. An absent field excludes none. */
export const BulkFilter = z.strictObject({
  statuses: z.array(z.enum(bulkStatuses)).min(1),
  source: z.string().optional(),
  type: z.string().optional(),
  user: z.string().optional(),
  reason: z.union([EventReason, z.enum(actionReasons)]).optional(),
  /** Events with such an action: of this workflow, or by this mapping. */
  workflow: z.string().optional(),
  mapping: z.string().optional(),
  sinceMs: z.number(),
  untilMs: z.number(),
});
export type BulkFilter = z.infer<typeof BulkFilter>;

/**
 * The ids of all events that match, oldest first: what happened first runs again first. Read by key
 * and index, as the lists are. Events that come in later are not among them, since the filter has an
 * end; so a second look finds the same ones, less those that changed.
 * @throws Refusal (not found) for an unknown source
 */
export async function matchingEvents(
  environment: Environment,
  known: KnownSource[],
  filter: BulkFilter,
): Promise<string[]> {
  const ids = new Set<string>();
  const sources = pickSources(known, filter.source);
  const byAction = filter.workflow !== undefined || filter.mapping !== undefined;
  const ofEvents = byAction ? [] : filter.statuses.filter((status) => eventStatuses.includes(status));
  if (ofEvents.length > 0) {
    const wanted = {
      sources,
      sinceMs: filter.sinceMs,
      untilMs: filter.untilMs,
      statuses: ofEvents as EventStatus[],
      ...(filter.type !== undefined && { eventType: filter.type }),
      ...(filter.user !== undefined && { userId: filter.user }),
      limit: pageRows,
    };
    const rows = rowsOf(findEventFacts(eventLogOf(environment), wanted, reading()));
    for await (const { id, reason } of rows) if (filter.reason === undefined || reason === filter.reason) ids.add(id);
  }
  const ofActions = filter.statuses.filter((status) => actionStatuses.includes(status)) as ActionStatus[];
  if (ofActions.length > 0)
    for await (const id of eventsWithActions(environment, sources, filter, ofActions)) ids.add(id);
  return [...ids].sort();
}

const pageRows = 500;

async function* eventsWithActions(
  environment: Environment,
  sources: KnownSource[],
  filter: BulkFilter,
  statuses: ActionStatus[],
): AsyncGenerator<string> {
  const { sinceMs, untilMs, type } = filter;
  const keys = new Set(sources.map(({ key }) => key));
  const log = actionLogOf(environment);
  for await (const entry of actionLogEntries(log, { sinceMs, untilMs, shards: mostShards(sources), statuses })) {
    if (!keys.has(entry.source) || (type !== undefined && entry.eventType !== type)) continue;
    if (entry.actions.some((action) => takesAction(filter, action))) yield entry.eventId;
  }
}

/** Whether a filter is about an action of an event that it takes otherwise. */
export function takesAction(
  { statuses, workflow, mapping, reason, user }: Omit<BulkFilter, 'sinceMs' | 'untilMs'>,
  action: ActionOutcome,
): boolean {
  return (
    statuses.includes(action.status as BulkFilter['statuses'][number]) &&
    (workflow === undefined || action.payload.key === workflow) &&
    (mapping === undefined || action.mapping === mapping) &&
    (reason === undefined || action.reason === reason) &&
    (user === undefined || namesUser(action.payload, user))
  );
}

/** Whether a filter is about an event by its own end, not only by an action of it. */
export function takesEvent(
  { statuses, workflow, mapping, reason, user, source, type }: Omit<BulkFilter, 'sinceMs' | 'untilMs'>,
  event: EventLogEntry,
): boolean {
  return (
    workflow === undefined &&
    mapping === undefined &&
    statuses.includes(event.status) &&
    (reason === undefined || event.reason === reason) &&
    (user === undefined || event.userId === user) &&
    (source === undefined || event.source === source) &&
    (type === undefined || event.eventType === type)
  );
}

/** Whether an action is about a user: as its id, or as a recipient. */
function namesUser({ id, recipients }: Record<string, unknown>, user: string): boolean {
  const all = [id, ...(Array.isArray(recipients) ? recipients : [recipients])];
  return all.some((one) => one === user || (typeof one === 'object' && one !== null && 'id' in one && one.id === user));
}
