import type { Snapshot } from '../core/configuration/schema.ts';
import { checkState, UnreadableConfiguration, type UnreadableReason } from '../core/configuration/unreadable.ts';
import { RetryableError } from '../core/errors.ts';
import type { ConfigurationSource, LiveConfiguration } from '../ports/configuration.ts';
import { tableError } from './dynamodb.ts';
import { emptySnapshot, readSnapshot } from './dynamodb-configuration-snapshots.ts';
import { type ConfigurationTable, type CurrentConfiguration, readCurrent } from './dynamodb-configuration-table.ts';
import { readErasedPersons } from './dynamodb-erased-persons.ts';

/**
 * Reads the configuration now in force at once, for tools. Functions use `makeConfigurationSource`.
 */
export async function readLive(table: ConfigurationTable): Promise<LiveConfiguration> {
  const current = await readCurrent(table);
  return liveOf(current, current.snapshot ? await readSnapshot(table, current.snapshot) : emptySnapshot);
}

function liveOf(current: CurrentConfiguration, snapshot: Snapshot): LiveConfiguration {
  const { version, state } = current;
  return { version, snapshot, state, ...(current.snapshot === undefined && { uncommitted: true }) };
}

const refreshAfterMs = 15_000;
// A process that was idle, or frozen by Lambda, would otherwise process its first batch with an old
// configuration. With the jitter of the refresh and the time that a batch waits for the read, a
// change is in force within 30 seconds.
const staleMaxMs = 25_000;
// A hanging table must not delay events that can be accepted without it.
const waitForRefreshMs = 1_000;
// Requests with unknown URLs cost at most one read per second and process, however many arrive.
const reloadAtMostEveryMs = 1_000;
// By then the SDK has tried four times, and the next refresh tries again. A failure that lasts this
// long is reported.
const unavailableAfterMs = 5 * 60_000;

/**
 * The live configuration could not be used. `inForce` is the version that the function still uses,
 * if it has one.
 */
export type Unreadable = { reason: UnreadableReason; error: Error; inForce: number | undefined };

export type ConfigurationSourceOptions = {
  nowMs?: () => number;
  /** Called after every failed try, so about every 15 s per process while the problem lasts. */
  onUnreadable?: (unreadable: Unreadable) => void;
  /** Whether persons who were erased must be known. One Query after each erasure, none without. */
  withErased?: boolean;
};

/**
 * Configuration for a function: one read of a small item about every 15 s per process (jittered, so
 * that a thousand processes do not ask at once), answered from memory in between. The snapshot is
 * fetched only when its hash changed. While the table is unavailable, or the live configuration
 * cannot be read, the last good configuration stays in force as a whole.
 */
export function makeConfigurationSource(
  table: ConfigurationTable,
  { nowMs = Date.now, onUnreadable, withErased = false }: ConfigurationSourceOptions = {},
): ConfigurationSource {
  let live: LiveConfiguration | undefined;
  let liveHash: string | undefined;
  let liveErasures = 0;
  let refreshDueMs = 0;
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let failingSinceMs: number | undefined;
  let loading: Promise<LiveConfiguration> | undefined;

  async function load(consistent: boolean): Promise<LiveConfiguration> {
    try {
      const found = await readCurrent(table, consistent);
      // A late read may know less than an earlier one; only a consistent one may go back.
      const isOlder =
        !consistent && live !== undefined && (found.version < live.version || (found.erasures ?? 0) < liveErasures);
      const current = isOlder ? await readCurrent(table) : found;
      const erasures = withErased ? (current.erasures ?? 0) : 0;
      const erased = erasures === liveErasures ? live?.erased : await readErasedPersons(table);
      if (live === undefined || current.version !== live.version || erasures !== liveErasures) {
        checkState(current.state, current.version);
        const snapshot =
          current.snapshot === undefined
            ? emptySnapshot
            : current.snapshot === liveHash && live
              ? live.snapshot
              : await readSnapshot(table, current.snapshot);
        live = { ...liveOf(current, snapshot), ...(erased && { erased }) };
        liveErasures = erasures;
        liveHash = current.snapshot;
      }
      loadedAtMs = nowMs();
      failingSinceMs = undefined;
      return live;
    } catch (error) {
      reportUnreadable(error);
      throw tableError(error, 'reading the configuration');
    } finally {
      refreshDueMs = nowMs() + refreshAfterMs * (0.8 + Math.random() * 0.4);
      loading = undefined;
    }
  }

  function reportUnreadable(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    failingSinceMs ??= nowMs();
    const isLong = nowMs() - failingSinceMs >= unavailableAfterMs;
    const reason = error instanceof UnreadableConfiguration ? error.reason : isLong ? 'table_unavailable' : undefined;
    if (reason !== undefined) onUnreadable?.({ reason, error, inForce: live?.version });
  }

  function shared(consistent: boolean): Promise<LiveConfiguration> {
    loading ??= load(consistent);
    return loading;
  }

  return {
    async current() {
      const known = live;
      if (known === undefined) return shared(false).catch(asUnavailable);
      if (nowMs() < refreshDueMs) return known;
      // Stale while revalidating: a failed refresh changes nothing, and a call soon after the last
      // one does not wait for the refresh.
      const refreshed = shared(false).catch(() => known);
      if (nowMs() - loadedAtMs < staleMaxMs) return known;
      // Once per refresh, however long the table takes.
      refreshDueMs = nowMs() + refreshAfterMs;
      return within(waitForRefreshMs, refreshed, known);
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

/** The value of `promise` if it arrives in time, else `instead`. */
async function within<Value>(milliseconds: number, promise: Promise<Value>, instead: Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(() => resolve(instead), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
