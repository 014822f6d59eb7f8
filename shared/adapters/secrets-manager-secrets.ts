import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { type Secrets, UnusableSecret } from '../ports/secrets.ts';
import { callLimits, endable } from './aws-calls.ts';
import { faultOf, isAbsent } from './secret-faults.ts';

/**
 * The store must answer within a request's time. Otherwise the caller has a last good value, or a
 * sender that retries.
 */
export function makeSecretsClient(
  config: ConstructorParameters<typeof SecretsManagerClient>[0] = {},
): SecretsManagerClient {
  return endable(new SecretsManagerClient({ ...callLimits({ attempts: 2, attemptMs: 1500 }), ...config }));
}

/** How long a process uses the values that it read. */
export const secretFreshMs = 5 * 60_000;
/** How long a failed store is not asked again. */
const retryAfterMs = 30_000;
/**
 * How long "there is no such secret" is cached: twice as long each time, at most as long as a value.
 * A secret that was just set is seen soon where the absence is new, and within five minutes
 * everywhere. Many sources never get one, and at 30 s a read each would cost them more than all
 * their other requests. docs/decisions/0048.
 */
const absentMs = { first: 30_000, most: secretFreshMs };
const refreshAtMostEveryMs = 30_000;
/** How long the last good values are used while the store cannot be read. */
export const staleMaxMs = 60 * 60_000;
/**
 * How long "there is no such secret" is used then. A secret may have been set since, and a source
 * that asks for proof once it has a secret must not go on without.
 */
const absentMaxMs = 30_000;

// `values` of a sender or a target, newest first; `current` and `previous` of the ingest key, which
// the stack generates.
const SecretText = z.union([
  z.object({ values: z.array(z.string().min(1)).min(1).max(2) }).transform(({ values }) => values),
  z
    .object({ current: z.string().min(1), previous: z.string().min(1).optional() })
    .transform(({ current, previous }) => (previous === undefined ? [current] : [current, previous])),
]);

/** An answer of the store: values, or none because there is no such secret. */
type Known = { values: string[] | undefined; readAtMs: number };

type Entry = {
  /** The last answer. */
  known?: Known;
  /** The store is not asked again before then, unless a refresh is requested. */
  nextReadMs: number;
  refreshedAtMs: number;
  /** How long the next absence is cached. */
  absentMs: number;
  loading?: Promise<void>;
  lastError?: UnusableSecret | undefined;
};

/**
 * Secrets of one environment, read from Secrets Manager under `<prefix>/<name>` and kept in memory:
 * 5 minutes, or 30 seconds rising to 5 minutes for one that does not exist. While the store is down,
 * or the secret cannot be used, the last good values serve for up to an hour; a cached absence does
 * not. Simultaneous callers share one request. Neither values nor details of a malformed value ever
 * reach an error or a log.
 */
export function makeSecrets({
  client,
  prefix,
  onFailure = () => undefined,
  nowMs = Date.now,
  random = Math.random,
}: {
  client: SecretsManagerClient;
  prefix: string;
  /** Called for every failed read, also when a known value is used instead. */
  onFailure?: (name: string, error: UnusableSecret) => void;
  nowMs?: () => number;
  /** 0 to 1: spreads the reads of processes that started together. */
  random?: () => number;
}): Secrets {
  const entries = new Map<string, Entry>();

  function entryOf(name: string): Entry {
    let entry = entries.get(name);
    if (entry === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      entry = { nextReadMs: never, refreshedAtMs: never, absentMs: absentMs.first };
      entries.set(name, entry);
    }
    return entry;
  }

  async function load(name: string, entry: Entry): Promise<void> {
    try {
      const values = await read(client, prefix, name);
      entry.known = { values, readAtMs: nowMs() };
      entry.nextReadMs = nowMs() + (values === undefined ? spread(entry.absentMs) : secretFreshMs);
      entry.absentMs = values === undefined ? Math.min(2 * entry.absentMs, absentMs.most) : absentMs.first;
      entry.lastError = undefined;
    } catch (error) {
      const unusable = error instanceof UnusableSecret ? error : new UnusableSecret(name, faultOf(error), error);
      entry.lastError = unusable;
      onFailure(name, unusable);
      entry.nextReadMs = nowMs() + retryAfterMs;
    } finally {
      delete entry.loading;
    }
  }

  /** Shorter by up to a fifth, never longer. */
  function spread(ms: number): number {
    return ms * (1 - 0.2 * random());
  }

  function loadShared(name: string, entry: Entry): Promise<void> {
    entry.loading ??= load(name, entry);
    return entry.loading;
  }

  function serves(entry: Entry): entry is Entry & { known: Known } {
    const { known, lastError } = entry;
    if (known === undefined) return false;
    const maxMs = known.values === undefined ? absentMaxMs : staleMaxMs;
    return lastError === undefined || nowMs() - known.readAtMs < maxMs;
  }

  function answer(name: string, entry: Entry): string[] | undefined {
    if (serves(entry)) return entry.known.values;
    // A new error each time, since callers add to its stack and causes.
    const { reason = 'store_unavailable', cause } = entry.lastError ?? {};
    throw new UnusableSecret(name, reason, cause);
  }

  return {
    async valuesOf(name) {
      const entry = entryOf(name);
      // A caller without any cached value asks the store, even if it failed a moment ago.
      if (nowMs() >= entry.nextReadMs || !serves(entry)) await loadShared(name, entry);
      return answer(name, entry);
    },
    async refresh(name) {
      const entry = entryOf(name);
      if (nowMs() - entry.refreshedAtMs >= refreshAtMostEveryMs) {
        entry.refreshedAtMs = nowMs();
        // A request that is under way may have started before the change that the caller looks for.
        await entry.loading;
        await loadShared(name, entry);
      } else {
        await entry.loading;
      }
      return answer(name, entry);
    },
  };
}

/** @returns undefined when there is no such secret */
async function read(client: SecretsManagerClient, prefix: string, name: string): Promise<string[] | undefined> {
  let held: GetSecretValueCommandOutput;
  try {
    held = await client.send(new GetSecretValueCommand({ SecretId: `${prefix}/${name}` }));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  if (held.SecretString === undefined) throw new UnusableSecret(name, 'binary');
  const text = parseQuietly(held.SecretString);
  const parsed = SecretText.safeParse(text);
  // Only the reason: a message about a malformed secret would quote its value.
  if (!parsed.success) throw new UnusableSecret(name, isEmpty(text) ? 'empty' : 'malformed');
  return parsed.data;
}

const Empty = z.union([z.undefined(), z.object({ values: z.tuple([]) })]);

function isEmpty(text: unknown): boolean {
  return Empty.safeParse(text).success;
}

/** @returns undefined for a blank text, null for one that is no JSON */
function parseQuietly(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
