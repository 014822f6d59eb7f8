import { type EventTypeEntry, listEventTypes } from '../../adapters/dynamodb-seen-registry.ts';
import { mappingsOf } from '../../core/configuration/triggers.ts';
import { prepareSource } from '../../core/live/prepared.ts';
import type { Mapping } from '../../core/mappings/schema.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { didYouMean, nearestName } from '../words/did-you-mean.ts';
import { iso } from '../words/iso.ts';
import type { KnownSource } from './known-sources.ts';
import type { EventTypeRow } from './source-row.ts';

/**
 * The event types of a source: seen ones, newest first, then mapped ones that were never seen. A
 * never-seen mapped type and an unmapped type with nearly the same name point at each other.
 */
export function eventTypeRows(source: string, seen: EventTypeEntry[], live: LiveConfiguration): EventTypeRow[] {
  const prepared = prepareSource(live, source);
  const byType = Map.groupBy(mappingsOf(live.snapshot, source), ({ event }) => event);
  const isActive = ({ id, event }: Mapping) =>
    prepared?.settings.enabled === true &&
    (event !== 'identify' || prepared.settings.identify) &&
    !prepared.state.inactive_mappings.includes(id);
  const rowOf = (type: string, entry: EventTypeEntry | undefined): EventTypeRow => {
    const mappings = byType.get(type) ?? [];
    const active = mappings.filter(isActive).length;
    return {
      type,
      seen: entry !== undefined,
      last_seen_at: entry === undefined ? null : iso(entry.lastSeenAtMs),
      sample_event_id: entry?.sampleEventId ?? null,
      mapped: mappings.length > 0,
      mappings: mappings.map(({ id }) => id),
      active_mappings: active,
      inactive_mappings: mappings.length - active,
      near: null,
    };
  };
  const rows = seen.toSorted((a, b) => b.lastSeenAtMs - a.lastSeenAtMs).map((entry) => rowOf(entry.eventType, entry));
  const known = new Set(seen.map(({ eventType }) => eventType));
  const waiting = [...byType.keys()].filter((type) => !known.has(type)).map((type) => rowOf(type, undefined));
  return withNearMisses(rows, waiting);
}

/**
 * For a type that the sources never sent: `; did you mean "track/order_completed"?`, or the known
 * types.
 * @returns undefined for a type that was seen
 */
export async function unseenType(
  environment: Environment,
  sources: KnownSource[],
  type: string,
): Promise<string | undefined> {
  const seen = await Promise.all(sources.map(({ key }) => listEventTypes(environment.configuration, key)));
  const types = [...new Set(seen.flat().map(({ eventType }) => eventType))];
  if (types.includes(type)) return undefined;
  const near = nearType(type, types);
  return near === undefined ? didYouMean(type, types.slice(0, 20)) : `; did you mean "${near}"?`;
}

function withNearMisses(seen: EventTypeRow[], waiting: EventTypeRow[]): EventTypeRow[] {
  const unmapped = seen.filter(({ mapped }) => !mapped).map(({ type }) => type);
  const pairs = waiting.flatMap(({ type }): [string, string][] => {
    const near = nearType(type, unmapped);
    return near === undefined ? [] : [[type, near]];
  });
  const nearOf = new Map([...pairs.map(([mapped, came]): [string, string] => [came, mapped]), ...pairs]);
  return [...seen, ...waiting].map((row) => ({ ...row, near: nearOf.get(row.type) ?? null }));
}

/** `track/Order Completed` is near `track/order_completed`, and `order_completed` too. */
function nearType(type: string, candidates: string[]): string | undefined {
  const bare = (text: string) =>
    text
      .replace(/^track\//i, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]/gu, '');
  return candidates.find((one) => bare(one) === bare(type) && bare(one) !== '') ?? nearestName(type, candidates);
}
