import { asError, RetryableError } from '../../core/errors.ts';
import type { VerificationStatus } from '../../core/events/raw-event.ts';
import { type Refusal, refused } from '../../core/ingest/refusal.ts';
import { type PreparedSource, prepareSource } from '../../core/live/prepared.ts';
import type { Verdict } from '../../core/signatures/verifier.ts';
import { logFailure } from '../failure-log.ts';
import type { Located } from './locate-source.ts';
import type { SenderDeps, SenderRequest } from './sender.ts';

/** The result of a request's check, and whether it is enforced. */
export type Verified = { kind: 'checked'; enforced: boolean; verdict: Verdict };

/**
 * Verifies the sender. Before a refusal it reads settings and secret again: they may have changed a
 * second ago.
 */
export async function verifySender(
  request: SenderRequest,
  { source }: Pick<Located, 'source'>,
  deps: SenderDeps,
): Promise<Verified | Refusal> {
  const secrets = await secretsToEnforce(source, deps);
  if (secrets === undefined) {
    return { kind: 'checked', enforced: false, verdict: await checkUnenforced(request, source, deps) };
  }
  const verdict = await check(request, source, secrets, deps);
  if (verdict === 'verified' || verdict === 'verified_first') return { kind: 'checked', enforced: true, verdict };
  const reloaded = prepareSource(await deps.configuration.reload(), source.key);
  if (reloaded && (await secretsToEnforce(reloaded, deps)) === undefined) {
    return { kind: 'checked', enforced: false, verdict };
  }
  const { instruction } = source.verifier;
  return verdict === 'skipped'
    ? refused('signature_missing', `nothing in the request proves who sent it; ${instruction}`)
    : refused('signature_wrong', `what the request brings does not match any active secret; ${instruction}`);
}

const secretName = (source: PreparedSource) => `sources/${source.key}`;
const isEmpty = (values: string[] | undefined) => values === undefined || values.length === 0;

/**
 * The secrets that a request must match; undefined when it need not match any.
 * @throws RetryableError when they cannot be read, or a required secret is not set. A missing
 * secret is our fault. And a store that is unavailable must not turn an unchecked request into an
 * accepted one
 */
async function secretsToEnforce(source: PreparedSource, deps: SenderDeps): Promise<string[] | undefined> {
  const { enforcement } = source.settings;
  if (enforcement === 'off') return undefined;
  const name = secretName(source);
  let secrets = await deps.secrets.valuesOf(name);
  if (enforcement === 'once_set') return isEmpty(secrets) ? undefined : secrets;
  if (isEmpty(secrets)) secrets = await deps.secrets.refresh(name);
  if (secrets === undefined || secrets.length === 0) {
    throw new RetryableError(`source "${source.key}" enforces verification, but its secret is not set`, {
      reason: 'secret_missing',
    });
  }
  return secrets;
}

/** The result is only recorded, so an unavailable store of secrets must not cost an event. */
async function checkUnenforced(request: SenderRequest, source: PreparedSource, deps: SenderDeps): Promise<Verdict> {
  if (!source.verifier.isSigned(request.headers)) return 'skipped';
  try {
    const secrets = await deps.secrets.valuesOf(secretName(source));
    return secrets === undefined || secrets.length === 0 ? 'skipped' : await check(request, source, secrets, deps);
  } catch (error) {
    logFailure(deps.log, 'a signature that is not enforced could not be checked', asError(error), {
      source: source.key,
    });
    return 'skipped';
  }
}

async function check(
  request: SenderRequest,
  source: PreparedSource,
  secrets: string[],
  deps: SenderDeps,
): Promise<Verdict> {
  const verifyWith = (values: string[]) =>
    source.verifier.verify({
      rawBody: request.rawBody,
      headers: request.headers,
      secrets: values,
      nowMs: deps.nowMs(),
    });
  const verdict = verifyWith(secrets);
  if (verdict !== 'failed') return verdict;
  const refreshed = await deps.secrets.refresh(secretName(source));
  return refreshed === undefined || refreshed.length === 0 ? 'failed' : verifyWith(refreshed);
}

/** `verified_first` does not cover events after the first. */
export function verificationOf({ enforced, verdict }: Verified, batchIndex: number | undefined): VerificationStatus {
  const outcome = verdict !== 'verified_first' ? verdict : batchIndex === 0 ? 'verified' : 'unverified';
  return enforced
    ? outcome === 'unverified'
      ? 'enforced:unverified'
      : 'enforced:verified'
    : `not_enforced:${outcome}`;
}
