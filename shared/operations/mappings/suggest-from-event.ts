import { listEventTypes } from '../../adapters/dynamodb-seen-registry.ts';
import { makePreprocessor } from '../../adapters/jsonata-preprocessor.ts';
import { actions } from '../../core/actions/index.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { readAndPlan } from '../../core/plan/plan-event.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, listEvents, readEvent } from '../events/events.ts';
import { rawEventOf } from '../events/recompute.ts';
import { failure, notFound, usageError } from '../refusal.ts';
import { type KnownSource, pickSources, readSources } from '../sources/known-sources.ts';
import { searchRange } from '../tables/search-range.ts';
import { idProblem } from '../why/what-is.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import { type Suggestion, suggestMapping } from './suggest-mapping.ts';

export type SuggestRequest = {
  source: string;
  type: string;
  /** Absent: the registry's sample, else the newest event of the type. */
  eventId?: string | undefined;
  /** Absent: the likely one. */
  action?: string | undefined;
  /** The mappings and workflows that are there. Absent: what is live. */
  snapshot?: Snapshot | undefined;
};

export type EventSuggestion = {
  suggestion: Suggestion;
  eventId: string;
  /** The event's own type, which is the mapping's. */
  type: string;
};

/**
 * A first mapping for an event type, made from a stored event of it.
 * @throws Refusal for an unknown source, action or event, and for an event that cannot be read as
 * configured now
 */
export async function suggestFromEvent(
  environment: Environment,
  { source, type, eventId, action, snapshot }: SuggestRequest,
): Promise<EventSuggestion> {
  const ids = actions.map(({ id }) => id);
  if (action !== undefined && !ids.includes(action))
    throw usageError(`"${action}" is not an action${didYouMean(action, ids)}`);
  const problem = eventId === undefined ? undefined : idProblem(eventId);
  if (problem !== undefined) throw usageError(problem, 'ids are shown by: npx signalbox events');
  const { live, known } = await readSources(environment);
  pickSources(known, source);
  const entry = await sampleOf(environment, known, { source, type, eventId });
  const { event, plan } = await readAndPlan(
    rawEventOf(entry),
    live,
    makePreprocessor(() => performance.now()),
  );
  if (event === undefined)
    throw failure(
      `event ${entry.id} cannot be read as configured now: ${plan.kind === 'rejected' ? (plan.detail ?? plan.reason) : plan.kind}`,
      `npx signalbox mapping test ${source} --event ${entry.id}`,
    );
  const suggestion = suggestMapping({ event, source, action, snapshot: snapshot ?? live.snapshot });
  return { suggestion, eventId: entry.id, type: event.eventType };
}

async function sampleOf(
  environment: Environment,
  known: KnownSource[],
  { source, type, eventId }: SuggestRequest,
): Promise<EventLogEntry> {
  const log = eventLogOf(environment);
  if (eventId !== undefined) {
    const entry = await readEvent(log, eventId, known);
    if (entry?.source === source) return entry;
    throw notFound(`source ${source} has no event ${eventId} in ${environment.name}`, `npx signalbox why ${eventId}`);
  }
  const types = await listEventTypes(environment.configuration, source);
  const sample = types.find(({ eventType }) => eventType === type)?.sampleEventId;
  const entry = sample === undefined ? undefined : await readEvent(log, sample, known);
  if (entry !== undefined) return entry;
  // It aged out, or its type is beyond the registry's limit.
  const sources = known.filter(({ key }) => key === source);
  const [newest] = await listEvents(log, {
    ...searchRange({}, Date.now(), { retentionDays: environment.outputs.LogRetentionDays }),
    sources,
    eventType: type,
    limit: 1,
  });
  if (newest !== undefined) return newest;
  const names = types.map(({ eventType }) => eventType);
  throw notFound(
    `no event of type "${type}" is stored${didYouMean(type, names.slice(0, 20))}`,
    `types that were seen: npx signalbox event-types ${source}`,
  );
}
