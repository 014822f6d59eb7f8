import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { listSourceRegistry, type SourceRegistryEntry } from '../../adapters/dynamodb-seen-registry.ts';
import { sourceState } from '../../core/live/source-state.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment, StackOutputs } from '../environment.ts';
import { notFound } from '../refusal.ts';

/** A source whose rows may be in the log, and the number of shards of a day's rows. */
export type KnownSource = {
  key: string;
  shards: number;
  /** To the hour; undefined when no event ever came. */
  lastEventAtMs?: number;
  /** When an old URL or key last brought an event: see the registry. */
  previousUrlUsedAtMs?: number;
  previousKeyUsedAtMs?: number;
};

export type SourceDirectory = { live: LiveConfiguration; known: KnownSource[] };

/** Live sources and former ones: rows outlive their source. */
export async function readSources(
  environment: Pick<Environment, 'configuration'> & { outputs: Pick<StackOutputs, 'LogShards'> },
): Promise<SourceDirectory> {
  const [live, registry] = await Promise.all([
    readLive(environment.configuration),
    listSourceRegistry(environment.configuration),
  ]);
  return { live, known: knownSources(live, registry, environment.outputs.LogShards) };
}

/** The longest retention of any source, in days: older rows do not exist. */
export function longestRetentionDays({ outputs }: Environment, { live }: SourceDirectory): number {
  return longestRetention(live, outputs.LogRetentionDays);
}

/** @param ofOthers the retention of sources that set none themselves */
export function longestRetention({ state }: LiveConfiguration, ofOthers: number): number {
  const own = Object.values(state.sources).map(({ retention_days }) => retention_days ?? 0);
  return Math.max(ofOthers, ...own);
}

export function knownSources(
  live: LiveConfiguration,
  registry: SourceRegistryEntry[],
  defaultShards: number,
): KnownSource[] {
  const seen = new Map(registry.map((entry) => [entry.source, entry]));
  const keys = new Set([...Object.keys(live.snapshot.sources), ...seen.keys()]);
  return [...keys].sort().map((key) => {
    const entry = seen.get(key);
    // The registry is written some time after the first event of a larger number of shards, so all
    // three count.
    const shards = Math.max(sourceState(live, key).log_shards ?? defaultShards, entry?.logShardsEver ?? 1);
    if (entry === undefined) return { key, shards };
    const { source: _key, logShardsEver: _shards, ...times } = entry;
    return { key, shards, ...times };
  });
}

/**
 * One source by key, or all. A source that was removed from the configuration still counts, since
 * its rows exist.
 */
export function pickSources(known: KnownSource[], key: string | undefined): KnownSource[] {
  if (key === undefined) return known;
  const picked = known.filter((source) => source.key === key);
  if (picked.length > 0) return picked;
  const keys = known.map((source) => source.key);
  throw notFound(
    `there is no source "${key}" here`,
    keys.length > 0
      ? `there are: ${keys.join(', ')}`
      : 'no source is configured yet: npx signalbox config push --commit',
  );
}
