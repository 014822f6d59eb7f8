import type { RawEvent } from '../../core/events/raw-event.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, listEvents, readEvent } from '../events/events.ts';
import { rawEventOf } from '../events/recompute.ts';
import { notFound, usageError } from '../refusal.ts';
import { type KnownSource, pickSources } from '../sources/known-sources.ts';
import { searchRange } from '../tables/search-range.ts';
import { formatTime } from '../words/times.ts';

/** `event`: one event by its id. Without it: the newest of `type` since `since`, or of any type. */
export type StoredEventWanted = { event?: string; type?: string; since?: number; nowMs: number };

/**
 * A stored event of a source, as it was received.
 * @throws Refusal when no such event is kept, or when it belongs to another source
 */
export async function storedEvent(
  environment: Environment,
  known: KnownSource[],
  source: string,
  { event, type, nowMs, ...asked }: StoredEventWanted,
): Promise<RawEvent> {
  const log = eventLogOf(environment);
  if (event !== undefined) {
    const entry = await readEvent(log, event, known);
    if (entry === undefined) throw notFound(`no event ${event} in ${environment.name}`, `npx signalbox why ${event}`);
    if (entry.source !== source)
      throw usageError(
        `event ${entry.id} is of source ${entry.source}`,
        `npx signalbox mapping test ${entry.source} --event ${entry.id}`,
      );
    return rawEventOf(entry);
  }
  const range = searchRange(asked, nowMs, { retentionDays: environment.outputs.LogRetentionDays });
  const [entry] = await listEvents(log, {
    ...range,
    sources: pickSources(known, source),
    ...(type !== undefined && { eventType: type }),
    limit: 1,
  });
  if (entry === undefined)
    throw notFound(
      `no event of type "${type}" since ${formatTime(range.sinceMs)}`,
      'further back: --since 30d',
      `types that were seen: npx signalbox event-types ${source}`,
    );
  return rawEventOf(entry);
}
