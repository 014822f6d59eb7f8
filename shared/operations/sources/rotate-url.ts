import { readLive } from '../../adapters/dynamodb-configuration.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { listSourceRegistry, type SourceRegistryEntry } from '../../adapters/dynamodb-seen-registry.ts';
import type { SourceState } from '../../core/configuration/schema.ts';
import {
  type Asked,
  type Changed,
  change,
  stateOf,
  type Unknown,
  unknownSource,
  withSource,
} from '../settings/change.ts';

/** A source's previous URL, while it is valid. */
export type PreviousUrl = {
  /** Absent for URLs that were rotated before this was recorded. */
  rotatedAtMs?: number;
  /** Its last use since the rotation, to five minutes; absent: none since then. */
  lastUsedAtMs?: number;
};

/** The previous URL is still valid, and rotating again would end it unnoticed. */
export type StillValid = { kind: 'previous_still_valid'; previous: PreviousUrl };

/** It was used recently, or it is too early to tell. */
export type UsedLately = { kind: 'used_lately'; previous: PreviousUrl };

/**
 * A day: many senders deliver daily. A sender that is quiet for longer gets 404 after its URL was
 * retired; `sources` cannot foresee that.
 */
export const quietForMs = 24 * 3_600_000;

/** Begins a new URL. The previous URL stays valid until it is retired; an older one ends. */
export async function rotateUrl(
  table: ConfigurationTable,
  { source, evenIfValid, ...asked }: Asked & { source: string; evenIfValid: boolean },
): Promise<Changed | Unknown | StillValid> {
  const unknown = unknownSource(await readLive(table), source);
  if (unknown) return unknown;
  let held: SourceState['url'] | undefined;
  const done = await change(
    table,
    asked,
    () => `rotate the URL of ${source}; the one before stays valid`,
    (before) => {
      const state = stateOf(before, source);
      held = state.url.previous_valid && !evenIfValid ? state.url : undefined;
      if (held) return before;
      const url = {
        generation: state.url.generation + 1,
        previous_valid: true,
        rotated_at: new Date(asked.nowMs).toISOString(),
      };
      return withSource(before, source, { ...state, url });
    },
  );
  return held ? { kind: 'previous_still_valid', previous: await previousUrlOf(table, source, held) } : done;
}

/** Ends the previous URL. `unchanged`: none was valid. */
export async function retireUrl(
  table: ConfigurationTable,
  { source, evenIfUsed, ...asked }: Asked & { source: string; evenIfUsed: boolean },
): Promise<Changed | Unknown | UsedLately> {
  const live = await readLive(table);
  const unknown = unknownSource(live, source);
  if (unknown) return unknown;
  const { url } = stateOf(live.state, source);
  const previous = await previousUrlOf(table, source, url);
  if (url.previous_valid && !evenIfUsed && !isQuiet(previous, asked.nowMs)) return { kind: 'used_lately', previous };
  return change(
    table,
    asked,
    () => `retire the old URL of ${source}`,
    (before) => {
      const state = stateOf(before, source);
      // Another operator retired it and rotated again meanwhile; the use of that newer URL was not
      // checked.
      if (state.url.generation !== url.generation) return before;
      return withSource(before, source, { ...state, url: { ...state.url, previous_valid: false } });
    },
  );
}

function isQuiet({ rotatedAtMs, lastUsedAtMs }: PreviousUrl, nowMs: number): boolean {
  return nowMs - Math.max(rotatedAtMs ?? 0, lastUsedAtMs ?? 0) >= quietForMs;
}

async function previousUrlOf(table: ConfigurationTable, source: string, url: SourceState['url']): Promise<PreviousUrl> {
  const entry = (await listSourceRegistry(table)).find((one) => one.source === source);
  return previousUrl(url, entry);
}

/** The registry's last use of this URL, without uses of URLs that were rotated earlier. */
export function previousUrl(
  { rotated_at }: Pick<SourceState['url'], 'rotated_at'>,
  entry: Pick<SourceRegistryEntry, 'previousUrlUsedAtMs'> | undefined,
): PreviousUrl {
  const rotatedAtMs = rotated_at === undefined ? undefined : Date.parse(rotated_at);
  const usedAtMs = entry?.previousUrlUsedAtMs;
  return {
    ...(rotatedAtMs !== undefined && { rotatedAtMs }),
    ...(usedAtMs !== undefined && usedAtMs >= (rotatedAtMs ?? 0) && { lastUsedAtMs: usedAtMs }),
  };
}
