import * as z from 'zod';
import { warningsOf } from '../../core/executions/no-runs.ts';
import { isEventId } from '../../core/ids/event-id.ts';
import { actionReasons, actionStatuses } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { hasOwnActions } from '../events/event-row.ts';
import { type EventFilter, type EventRange, eventLogOf, findEvents, readEvent } from '../events/events.ts';
import { findByMessage } from '../events/message-id.ts';
import { notFound } from '../refusal.ts';
import { longestRetentionDays, pickSources, type SourceDirectory } from '../sources/known-sources.ts';
import { wrongCursor } from '../tables/cursors.ts';
import { holdsText } from '../tables/holds-text.ts';
import { type Found, foundInChunks, type Reading, reading } from '../tables/reading.ts';
import { rowsLookedAt, type Search, searchOf } from '../tables/search.ts';
import { type SearchRange, searchRange } from '../tables/search-range.ts';
import {
  type ActionFilter,
  type ActionPlace,
  type ActionRange,
  actionLogOf,
  actionsOfLog,
  type FoundAction,
  findActions,
  mostShards,
  readActionLogs,
  readLogsOfEvent,
} from './actions.ts';

const Name = z.string().min(1).max(2048);

/** Which actions are wanted, as data: an absent field means any. Times are epoch milliseconds. */
export const ActionSearch = z.strictObject({
  /** Of one event. Then times have no meaning. */
  event_id: Name.optional(),
  source: Name.optional(),
  /** The event's. */
  type: Name.optional(),
  status: z.array(z.enum(actionStatuses)).min(1).optional(),
  reason: z.array(z.enum(actionReasons)).min(1).optional(),
  action: Name.optional(),
  mapping: Name.optional(),
  workflow: Name.optional(),
  /** The event's user, and its message id. */
  user_id: Name.optional(),
  message_id: Name.optional(),
  config_version: z.int().positive().optional(),
  /** Anywhere in the parameters, the result or the detail, in any case of letters. */
  text: z.string().min(1).max(1000).optional(),
  /** Only actions with one of these warnings, or with any if the list is empty. */
  warnings: z.array(z.string()).optional(),
  /** When the event was received. */
  since_ms: z.int().nonnegative().optional(),
  until_ms: z.int().nonnegative().optional(),
  /** Goes on behind this action, as `cursorOf` names it. */
  after: z.string().optional(),
});
export type ActionSearch = z.infer<typeof ActionSearch>;

export type ActionSearchOptions = {
  nowMs: number;
  /** How many are wanted at first: the size of the pages that are read. */
  limit: number;
  /** Looks to the end of the range, however many rows that takes. */
  isComplete?: boolean;
};

/**
 * Searches actions, newest execution first.
 *
 * By key or index: time, failed and skipped actions, those of one event, of one user's events, and
 * of the event that holds a message id. The table filters sources, types and configuration versions
 * while it reads the range. Everything else is inside the rows. So the search stops after
 * `rowsLookedAt` rows, and says where it goes on. Never a scan.
 *
 * @throws Refusal for an unknown source or event, an empty range, or a wrong cursor
 */
export function searchActions(
  environment: Environment,
  directory: SourceDirectory,
  search: ActionSearch,
  { nowMs, limit, isComplete = false }: ActionSearchOptions,
): Search<FoundAction> & { range: SearchRange } {
  const after = search.after === undefined ? undefined : placeOf(search.after);
  const { since_ms, until_ms, user_id, message_id } = search;
  const range = searchRange(
    { ...(since_ms !== undefined && { since: since_ms }), ...(until_ms !== undefined && { until: until_ms }) },
    nowMs,
    { unbounded: user_id !== undefined, retentionDays: longestRetentionDays(environment, directory) },
  );
  const progress = reading(isComplete ? undefined : rowsLookedAt.byContent);
  const sources = pickSources(directory.known, search.source);
  const filter = { ...filterOf(search), ...(after && { after }) };
  const wanted = { ...range, limit, sources };
  const found =
    search.event_id !== undefined
      ? actionsOfEvent(environment, directory, search.event_id, filter)
      : user_id !== undefined || message_id !== undefined
        ? actionsOfEvents(
            environment,
            eventsOf(environment, search, { ...wanted, ...(after && { after }) }, progress),
            filter,
          )
        : findActions(actionLogOf(environment), { ...filter, ...range, shards: mostShards(sources), limit }, progress);
  const cursorOf = ({ log, action }: FoundAction) => `${log.execution}-${action.id}`;
  return { ...searchOf(keep(found, search), progress, cursorOf), range };
}

/** A cursor is an execution, and the id of an action unless all of its actions were looked at. */
function placeOf(cursor: string): ActionPlace {
  const [, execution = '', actionId] = /^(\w{26})(?:-([0-9a-f-]{36}))?$/.exec(cursor) ?? [];
  if (!isEventId(execution)) throw wrongCursor(cursor);
  return { execution, ...(actionId !== undefined && { actionId }) };
}

function filterOf({
  source,
  type,
  status,
  reason,
  action,
  mapping,
  workflow,
  config_version,
}: ActionSearch): ActionFilter {
  return {
    ...(source !== undefined && { source }),
    ...(type !== undefined && { eventType: type }),
    ...(status !== undefined && { statuses: status }),
    ...(reason !== undefined && { reasons: reason }),
    ...(action !== undefined && { action }),
    ...(mapping !== undefined && { mapping }),
    ...(workflow !== undefined && { workflow }),
    ...(config_version !== undefined && { configVersion: config_version }),
  };
}

async function* keep(
  found: AsyncIterable<Found<FoundAction>>,
  { text, warnings }: ActionSearch,
): AsyncGenerator<Found<FoundAction>> {
  for await (const one of found) {
    const action = one.row?.action;
    if (action !== undefined && text !== undefined) {
      const { payload, result = null, detail = '' } = action;
      if (!holdsText(JSON.stringify([payload, result, detail]), text)) continue;
    }
    if (action !== undefined && warnings !== undefined) {
      const codes = warningsOf(action).map(({ code }) => code);
      if (!codes.some((code) => warnings.length === 0 || warnings.includes(code))) continue;
    }
    yield one;
  }
}

async function* actionsOfEvent(
  environment: Environment,
  { known }: SourceDirectory,
  id: string,
  filter: ActionFilter & Pick<ActionRange, 'after'>,
): AsyncGenerator<Found<FoundAction>> {
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry === undefined)
    throw notFound(`no event ${id} in ${environment.name}`, `npx signalbox why ${id} says what is known of it`);
  // A duplicate has none: they belong to the earlier event, whose execution it names.
  const logs = await readLogsOfEvent(actionLogOf(environment), entry);
  const begin =
    filter.after === undefined ? 0 : logs.findIndex(({ execution }) => execution === filter.after?.execution);
  if (begin < 0) return;
  for (const log of logs.slice(begin)) for (const row of actionsOfLog(log, filter)) yield { id, row };
}

/** The events of a user or a message; that of `after` is among them, since it may have more actions. */
function eventsOf(
  environment: Environment,
  { type, user_id, message_id }: ActionSearch,
  { after, ...range }: Omit<EventRange, 'after'> & { after?: ActionPlace; byDefault: boolean },
  progress: Reading,
): AsyncGenerator<Found<EventLogEntry>> {
  const wanted: EventFilter & EventRange = {
    ...range,
    ...(type !== undefined && { eventType: type }),
    ...(user_id !== undefined && { userId: user_id }),
    // Behind every id that it begins.
    ...(after && { after: `${after.execution}~` }),
  };
  return message_id === undefined
    ? findEvents(eventLogOf(environment), wanted, progress)
    : findByMessage(environment, message_id, { ...wanted, key: message_id }, progress, range.byDefault);
}

/** A duplicate names the execution of the earlier event, to which the actions belong. */
async function* actionsOfEvents(
  environment: Environment,
  events: AsyncIterable<Found<EventLogEntry>>,
  filter: ActionFilter & Pick<ActionRange, 'after'>,
): AsyncGenerator<Found<FoundAction>> {
  const shown = new Set<string>();
  for await (const chunk of foundInChunks(events, 50)) {
    if ('end' in chunk) {
      yield { id: chunk.end };
      continue;
    }
    const logs = await readActionLogs(actionLogOf(environment), chunk.rows);
    for (const { id, status, execution = '' } of chunk.rows) {
      const log = hasOwnActions(status) ? logs.get(execution) : undefined;
      if (log === undefined || shown.has(execution)) continue;
      shown.add(execution);
      for (const row of actionsOfLog(log, filter)) yield { id, row };
    }
  }
}
