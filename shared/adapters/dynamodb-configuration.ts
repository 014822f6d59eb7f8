import { RetryableError } from '../core/errors.ts';
import type { ConfigurationSource, LiveConfiguration } from '../ports/configuration.ts';
import { tableError } from './dynamodb.ts';
import { emptySnapshot, readSnapshot } from './dynamodb-configuration-snapshots.ts';
import { type ConfigurationTable, readCurrent } from './dynamodb-configuration-table.ts';

/** The configuration now in force, read at once: for tools. Functions use `makeConfigurationSource`. */
export async function readLive(table: ConfigurationTable): Promise<LiveConfiguration> {
  const { version, snapshot, state } = await readCurrent(table);
  return { version, snapshot: snapshot ? await readSnapshot(table, snapshot) : emptySnapshot, state };
}

const refreshAfterMs = 15_000;
// A request for a URL that nobody knows costs at most this: one read a second and process, however many are sent.
const reloadAtMostEveryMs = 1_000;

/**
 * Configuration for a function: one read of a small item about every 15 s per process (jittered, so that a thousand
 * processes do not ask at once), answered from memory meanwhile; the snapshot is fetched only when its hash changed.
 * While the table is away the last good configuration stays in force.
 */
export function makeConfigurationSource(
  table: ConfigurationTable,
  nowMs: () => number = Date.now,
): ConfigurationSource {
  let live: LiveConfiguration | undefined;
  let liveHash: string | undefined;
  let refreshDueMs = 0;
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let loading: Promise<LiveConfiguration> | undefined;

  async function load(consistent: boolean): Promise<LiveConfiguration> {
    try {
      const current = await readCurrent(table, consistent);
      if (live === undefined || current.version !== live.version) {
        const snapshot =
          current.snapshot === undefined
            ? emptySnapshot
            : current.snapshot === liveHash && live
              ? live.snapshot
              : await readSnapshot(table, current.snapshot);
        live = { version: current.version, snapshot, state: current.state };
        liveHash = current.snapshot;
      }
      loadedAtMs = nowMs();
      return live;
    } catch (error) {
      throw tableError(error, 'reading the configuration');
    } finally {
      refreshDueMs = nowMs() + refreshAfterMs * (0.8 + Math.random() * 0.4);
      loading = undefined;
    }
  }

  function shared(consistent: boolean): Promise<LiveConfiguration> {
    loading ??= load(consistent);
    return loading;
  }

  return {
    async current() {
      if (live === undefined) return shared(false).catch(asUnavailable);
      // Stale while revalidating: the caller never waits for a refresh, and a failed one changes nothing.
      if (nowMs() >= refreshDueMs) shared(false).catch(() => undefined);
      return live;
    },
    async reload() {
      if (live !== undefined && nowMs() - loadedAtMs < reloadAtMostEveryMs) return live;
      return shared(true).catch(asUnavailable);
    },
  };
}

function asUnavailable(error: unknown): never {
  if (error instanceof RetryableError) throw error;
  throw new RetryableError('the configuration cannot be read', { cause: error });
}
