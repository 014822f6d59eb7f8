import type { SourceFile } from '../../../core/configuration/schema.ts';
import type { RawEvent } from '../../../core/events/raw-event.ts';
import type { Environment } from '../../environment.ts';
import type { KnownSource } from '../../sources/known-sources.ts';
import { storedEvent } from '../stored-event.ts';
import { sampleEvent } from './sample-event.ts';

/** A stored event by its id, or without one the sample that a kind of source has of a type. */
export type EventChoice = { source: string; type: string; event?: string | undefined };

/** What is asked about again and again while someone types. Stored events never change. */
const kept = new WeakMap<Environment, Map<string, RawEvent>>();
const keptMax = 16;

/**
 * The event that a text is tried with; undefined when there is no sample of its type.
 * @param file the source, for its sample
 * @throws Refusal for an id that is not an event of the source
 */
export async function chosenEvent(
  environment: Environment,
  known: KnownSource[],
  { source, type, event }: EventChoice,
  { file, nowMs }: { file: SourceFile | undefined; nowMs: number },
): Promise<{ raw: RawEvent; isStored: boolean } | undefined> {
  if (event === undefined) {
    const raw = file && (await sampleEvent({ key: source, file }, type, nowMs));
    return raw && { raw, isStored: false };
  }
  const events = kept.get(environment) ?? new Map<string, RawEvent>();
  kept.set(environment, events);
  const found = events.get(event);
  const raw = found?.source === source ? found : await storedEvent(environment, known, source, { event, nowMs });
  events.delete(event);
  events.set(event, raw);
  const [oldest] = events.keys();
  if (events.size > keptMax && oldest !== undefined) events.delete(oldest);
  return { raw, isStored: true };
}
