import * as z from 'zod';
import type { EventFacts } from '../../adapters/dynamodb-event-log.ts';
import { warningsOf } from '../../core/executions/no-runs.ts';
import { isEventId } from '../../core/ids/event-id.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import { type EventLogEntry, EventReason, EventStatus } from '../../core/logs/event-log-entry.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { actionLogOf, readActionLogs, workflowOf } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { longestRetentionDays, pickSources, type SourceDirectory } from '../sources/known-sources.ts';
import { wrongCursor } from '../tables/cursors.ts';
import { holdsText } from '../tables/holds-text.ts';
import { mapped } from '../tables/newest-first.ts';
import { type Found, foundInChunks, reading } from '../tables/reading.ts';
import { rowsLookedAt, type Search, searchOf } from '../tables/search.ts';
import { type SearchRange, searchRange } from '../tables/search-range.ts';
import { type DecidedBy, decidedBy, didNothing } from './decided-by.ts';
import { eventOfRow } from './event-text.ts';
import { type EventFilter, type EventRange, eventLogOf, findEventFacts, findEvents } from './events.ts';
import { findByJob } from './job-events.ts';
import { findByMessage } from './message-id.ts';
import { configurationOf, consideredRows, recompute } from './recompute.ts';

const Name = z.string().min(1).max(2048);

/** Which events are wanted, as data: an absent field means any. Times are epoch milliseconds. */
export const EventSearch = z.strictObject({
  source: Name.optional(),
  type: Name.optional(),
  status: z.array(EventStatus).min(1).optional(),
  reason: z.array(EventReason).min(1).optional(),
  user_id: Name.optional(),
  /** The vendor's message id: the idempotency key. */
  message_id: Name.optional(),
  sync_run_id: Name.optional(),
  /** The job of an operator, such as a replay, that the event was in. */
  job: Name.optional(),
  /** A mapping that ran, or was considered, for the event. */
  mapping: Name.optional(),
  /** A workflow that such a mapping names. */
  workflow: Name.optional(),
  config_version: z.int().positive().optional(),
  /** Anywhere in the event's text, in any case of letters. */
  text: z.string().min(1).max(1000).optional(),
  /** Only events without any effect: `didNothing`. */
  did_nothing: z.boolean().optional(),
  /** Only events of which an action has one of these warnings, or any if the list is empty. */
  warnings: z.array(z.string()).optional(),
  since_ms: z.int().nonnegative().optional(),
  until_ms: z.int().nonnegative().optional(),
  /** Goes on behind this event. */
  after: z.string().optional(),
});
export type EventSearch = z.infer<typeof EventSearch>;

/** An event that a search found. */
export type FoundEvent = {
  entry: EventLogEntry;
  /** Of its own actions; absent when it has none, or they are not logged yet. */
  log?: ActionLogEntry;
  /** With `did_nothing`. */
  decidedBy?: DecidedBy[];
};

/** What a search counts, if neither texts nor actions are looked at. */
export type FoundFacts = Pick<FoundEvent, 'log' | 'decidedBy'> & { entry: EventFacts };

export type EventSearchOptions = {
  nowMs: number;
  /** How many are wanted at first: the size of the pages that are read. */
  limit: number;
  /** Looks to the end of the range, however many rows that takes. */
  isComplete?: boolean;
  /** All found events are read with their actions, so that it stops earlier. */
  isByContent?: boolean;
};

/**
 * Searches events, newest first.
 *
 * By key or index: source, time, `failed` and `rejected` events with their reasons, one user's
 * events, the event that holds a message id, the events of a job. Other facts of a row are filtered by the table while it
 * reads the range. Texts, mappings, workflows, warnings and `did_nothing` need each row's text or
 * actions. So the search stops after `rowsLookedAt` rows, and says where it goes on. Never a scan.
 *
 * @throws Refusal for an unknown source, an empty range, or a cursor that is not an event's id
 */
export function searchEvents(
  environment: Environment,
  directory: SourceDirectory,
  search: EventSearch,
  options: EventSearchOptions,
): Search<FoundEvent> & { range: SearchRange } {
  const { range, progress, wanted, isByContent } = planOf(environment, directory, search, options);
  const rows =
    search.job !== undefined
      ? findByJob(environment, search.job, wanted, progress)
      : search.message_id === undefined
        ? findEvents(eventLogOf(environment), wanted, progress)
        : findByMessage(environment, search.message_id, wanted, progress, range.byDefault);
  const found = keepWanted(environment, rows, search, isByContent ? 100 : Math.min(options.limit, 100));
  return { ...searchOf(found, progress, ({ entry }) => entry.id), range };
}

/** The same without actions and payloads, for counting. Undefined: the search needs these. */
export function searchEventFacts(
  environment: Environment,
  directory: SourceDirectory,
  search: EventSearch,
  options: EventSearchOptions,
): (Search<FoundFacts> & { range: SearchRange }) | undefined {
  if (needsContent(search) || search.message_id !== undefined || search.job !== undefined) return undefined;
  const { range, progress, wanted } = planOf(environment, directory, search, options);
  const found = mapped(findEventFacts(eventLogOf(environment), wanted, progress), ({ id, row }) => ({
    id,
    ...(row && { row: { entry: row } }),
  }));
  return { ...searchOf(found, progress, ({ entry }) => entry.id), range };
}

function planOf(
  environment: Environment,
  directory: SourceDirectory,
  search: EventSearch,
  { nowMs, limit, isComplete = false, ...options }: EventSearchOptions,
) {
  const { after } = search;
  if (after !== undefined && !isEventId(after)) throw wrongCursor(after);
  const isUnbounded = [search.user_id, search.message_id, search.job].some((one) => one !== undefined);
  const range = searchRange(timesOf(search), nowMs, {
    unbounded: isUnbounded && search.message_id === undefined,
    retentionDays: longestRetentionDays(environment, directory),
  });
  const isByContent = options.isByContent ?? needsContent(search);
  const { byContent, byTable } = rowsLookedAt;
  const progress = reading(isComplete ? undefined : isByContent ? byContent : byTable);
  const wanted: EventFilter & EventRange = {
    ...filterOf(search),
    ...range,
    sources: pickSources(directory.known, search.source),
    limit: isByContent ? Number.POSITIVE_INFINITY : limit,
    ...(after !== undefined && { after }),
  };
  return { range, progress, wanted, isByContent };
}

/** What the row of an event says alone. */
export function filterOf(search: EventSearch): EventFilter {
  const { type, status, reason, user_id, message_id, sync_run_id, config_version } = search;
  return {
    ...(type !== undefined && { eventType: type }),
    ...(status !== undefined && { statuses: status }),
    ...(reason !== undefined && { reasons: reason }),
    ...(user_id !== undefined && { userId: user_id }),
    ...(message_id !== undefined && { key: message_id }),
    ...(sync_run_id !== undefined && { syncRunId: sync_run_id }),
    ...(config_version !== undefined && { configVersion: config_version }),
    // Copies, and events that were given up, are none of these.
    ...(search.did_nothing && status === undefined && { statuses: ['no_mapping', 'rejected', 'processed'] as const }),
  };
}

function timesOf({ since_ms, until_ms }: EventSearch) {
  return { ...(since_ms !== undefined && { since: since_ms }), ...(until_ms !== undefined && { until: until_ms }) };
}

export const needsActions = ({ mapping, workflow, warnings, did_nothing }: EventSearch) =>
  [mapping, workflow, warnings].some((one) => one !== undefined) || did_nothing === true;

const needsContent = (search: EventSearch) => search.text !== undefined || needsActions(search);

async function* keepTexts(
  rows: AsyncIterable<Found<EventLogEntry>>,
  { text }: EventSearch,
): AsyncGenerator<Found<EventLogEntry>> {
  for await (const found of rows) {
    const { row } = found;
    if (text === undefined || row === undefined || holdsText(eventOfRow(row)?.body ?? '', text)) yield found;
  }
}

/**
 * Adds the actions of each event, read for `atOnce` events together, and keeps those events whose
 * text and actions are wanted. What their rows say must have been looked at before.
 */
export async function* keepWanted(
  environment: Environment,
  rows: AsyncIterable<Found<EventLogEntry>>,
  search: EventSearch,
  atOnce: number,
): AsyncGenerator<Found<FoundEvent>> {
  const explain = makeExplainer(environment);
  for await (const chunk of foundInChunks(keepTexts(rows, search), atOnce)) {
    if ('end' in chunk) {
      yield { id: chunk.end };
      continue;
    }
    const logs = await readActionLogs(actionLogOf(environment), chunk.rows);
    for (const entry of chunk.rows) {
      const log = logs.get(entry.execution ?? '');
      const found: FoundEvent = { entry, ...(log && { log }) };
      if (search.warnings !== undefined && !hasWarning(log, search.warnings)) continue;
      if (search.did_nothing && !didNothing(entry, log)) continue;
      if (!(await isOfMapping(found, search, explain))) continue;
      const reasons = search.did_nothing ? await explain(found) : undefined;
      yield { id: entry.id, row: { ...found, ...(reasons && { decidedBy: reasons.decidedBy }) } };
    }
  }
}

function hasWarning(log: ActionLogEntry | undefined, codes: readonly string[]): boolean {
  return (log?.actions ?? []).some((action) =>
    warningsOf(action).some(({ code }) => codes.length === 0 || codes.includes(code)),
  );
}

type Explained = { decidedBy: DecidedBy[]; mappings: string[]; workflows: string[] };

/** Plans an event again. Each configuration is read once. */
function makeExplainer(environment: Environment): (found: FoundEvent) => Promise<Explained> {
  const versions = new Map<number | undefined, Promise<{ configuration: LiveConfiguration; exact: boolean }>>();
  return async ({ entry, log }) => {
    const read = versions.get(entry.configVersion) ?? configurationOf(environment, entry);
    versions.set(entry.configVersion, read);
    const { configuration, exact } = await read;
    const recomputed = await recompute(entry, configuration, exact);
    const considered = consideredRows(recomputed, entry.status);
    return {
      decidedBy: decidedBy(entry, log, recomputed),
      mappings: considered.map(({ mapping }) => mapping),
      workflows: considered.flatMap(({ action, parameters }) => {
        const payload = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
        return workflowOf({ action, payload }) ?? [];
      }),
    };
  };
}

/** By the actions of the event, or, where it has none, by the mappings that were considered. */
async function isOfMapping(
  { entry, log }: FoundEvent,
  { mapping, workflow }: EventSearch,
  explain: (found: FoundEvent) => Promise<Explained>,
): Promise<boolean> {
  if (mapping === undefined && workflow === undefined) return true;
  if (log !== undefined)
    return log.actions.some(
      (action) =>
        (mapping === undefined || action.mapping === mapping) &&
        (workflow === undefined || workflowOf(action) === workflow),
    );
  if (entry.status !== 'no_mapping' || entry.reason === 'no_mapping_for_type') return false;
  const { mappings, workflows } = await explain({ entry });
  return (
    (mapping === undefined || mappings.includes(mapping)) && (workflow === undefined || workflows.includes(workflow))
  );
}
