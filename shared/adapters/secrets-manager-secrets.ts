import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { RetryableError } from '../core/errors.ts';
import type { Secrets } from '../ports/secrets.ts';
import { callLimits, endable } from './aws-calls.ts';

/**
 * The store must answer within a request's time. Otherwise the caller has a last good value, or a
 * sender that retries.
 */
export function makeSecretsClient(
  config: ConstructorParameters<typeof SecretsManagerClient>[0] = {},
): SecretsManagerClient {
  return endable(new SecretsManagerClient({ ...callLimits({ attempts: 2, attemptMs: 1500 }), ...config }));
}

const freshMs = 5 * 60_000;
/** How long "there is no such secret" is cached, and how long a failed store is not asked again. */
const retryAfterMs = 30_000;
const refreshAtMostEveryMs = 30_000;
/** How long the last good values are used while the store cannot be read. */
export const staleMaxMs = 60 * 60_000;
/**
 * How long "there is no such secret" is used then: no longer than it is cached anyway. A secret may
 * have been set since, and a source that asks for proof once it has a secret must not go on
 * without.
 */
const absentMaxMs = retryAfterMs;

// `values` of a sender or a target, newest first; `current` and `previous` of the ingest key, which
// the stack generates.
const SecretText = z.union([
  z.object({ values: z.array(z.string().min(1)).max(2) }).transform(({ values }) => values),
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
  loading?: Promise<void>;
  lastError?: unknown;
};

/**
 * Secrets of one environment, read from Secrets Manager under `<prefix>/<name>` and kept in memory:
 * 5 minutes, or 30 seconds for one that does not exist. While the store is down the last good
 * values are used for up to an hour; a cached absence is not. Simultaneous callers share one
 * request. Neither values nor details of a malformed value ever reach an error or a log.
 */
export function makeSecrets({
  client,
  prefix,
  onFailure = () => undefined,
  nowMs = Date.now,
}: {
  client: SecretsManagerClient;
  prefix: string;
  /** Called for every failed read, also when a known value is used instead. */
  onFailure?: (name: string, error: Error) => void;
  nowMs?: () => number;
}): Secrets {
  const entries = new Map<string, Entry>();

  function entryOf(name: string): Entry {
    let entry = entries.get(name);
    if (entry === undefined) {
      entry = { nextReadMs: Number.NEGATIVE_INFINITY, refreshedAtMs: Number.NEGATIVE_INFINITY };
      entries.set(name, entry);
    }
    return entry;
  }

  async function load(name: string, entry: Entry): Promise<void> {
    try {
      const values = await read(client, `${prefix}/${name}`);
      entry.known = { values, readAtMs: nowMs() };
      entry.nextReadMs = nowMs() + (values === undefined ? retryAfterMs : freshMs);
      entry.lastError = undefined;
    } catch (error) {
      entry.lastError = error;
      onFailure(name, unreadable(name, error));
      entry.nextReadMs = nowMs() + retryAfterMs;
    } finally {
      delete entry.loading;
    }
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
    throw unreadable(name, entry.lastError);
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

function unreadable(name: string, cause: unknown): RetryableError {
  return new RetryableError(`the secret "${name}" cannot be read`, { cause });
}

/** @returns undefined when there is no such secret */
async function read(client: SecretsManagerClient, id: string): Promise<string[] | undefined> {
  let text: string | undefined;
  try {
    text = (await client.send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
  const parsed = SecretText.safeParse(parseQuietly(text));
  // Only the name: a message about a malformed secret would quote its value.
  if (!parsed.success) throw new Error(`the secret "${id}" does not hold {"values": ["…"]} or {"current": "…"}`);
  return parsed.data;
}

function parseQuietly(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
