import { createHash } from 'node:crypto';
import { apiSource } from '../../core/ids/api-source.ts';
import { validKey } from '../../core/ids/claim-key.ts';
import { canonicalJson } from '../../core/json/canonical-json.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { ClaimRef } from '../../core/plan/actions-message.ts';
import { isExpired, type TakeOver, takeOver } from '../../core/plan/claim.ts';
import type { Claim } from '../../ports/claim-store.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

/** A key that a request may hold, and what the request asks, as a hash. */
export type RequestKey = ClaimRef & { fingerprint: string };

/**
 * The key of a request for one thing, such as a workflow; undefined when the request has none.
 * The same key for another thing is another key.
 */
export function requestKey(
  { idempotencyKey, call }: ApiRequest,
  thing: string,
  asked: JsonObject,
): RequestKey | { problem: string } | undefined {
  if (idempotencyKey === undefined) return undefined;
  const key = validKey(idempotencyKey);
  if (key === undefined) {
    const length = [...idempotencyKey].length;
    return { problem: length > 255 ? `has ${length} characters; at most 255 are taken` : 'is blank' };
  }
  const fingerprint = createHash('sha256').update(canonicalJson(asked)).digest('base64url');
  return { key, source: apiSource, eventType: `${call}#${thing}`, fingerprint };
}

export type ClaimedRequest =
  /**
   * Ours. `execution` is that of the request that first held the key; `again`: it may have been
   * begun. `release` lets a repetition go on at once; it never throws.
   */
  | { kind: 'run'; execution: string; again: boolean; release(): Promise<void> }
  | EarlierRequest
  /** Another request holds the key and is at work, or died a moment ago. */
  | { kind: 'in_progress' }
  /** Another request with this key asked something else. */
  | { kind: 'mismatch'; owner: string };

/** It was done: its answer is answered again. */
export type EarlierRequest = { kind: 'replay'; owner: string; execution: string };

const windowMs = 24 * 3_600_000;

/**
 * Far longer than a request needs from its claim to its row, and short for a client that waits. It
 * saves a second message. That there is one run does not depend on it: both have one execution.
 */
const leaseMs = 10_000;

/**
 * Takes a request's idempotency key, or says what became of the request that has it. The protocol is
 * that of events (docs/protocols/claim.md): the row of the owner is what says that it was done, so
 * nothing is stored but the claim. One write for a fresh key.
 * Decision: docs/decisions/0061-a-claim-and-a-row-make-a-request-idempotent.md
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function claimRequest(
  key: RequestKey,
  request: ApiRequest,
  ports: Pick<RequestPorts, 'claims' | 'eventLog' | 'nowMs'>,
): Promise<ClaimedRequest> {
  const nowMs = ports.nowMs();
  const wanted = { ...key, eventId: request.id, leaseEndsAtMs: nowMs + leaseMs, expiresAtMs: nowMs + windowMs };
  const circumstances = { eventId: request.id, nowMs, windowMs };
  const answer = await ports.claims.claim(wanted, nowMs);
  if (answer.kind === 'taken') return run(answer.claim);
  const { held } = answer;
  // Request ids are new each time: the table's answer was lost on its way, and the call repeated.
  if (held.owner === request.id) return run(held);
  if (isExpired(held, nowMs)) return replace(takeOver(held, circumstances));
  if (held.fingerprint !== key.fingerprint) return { kind: 'mismatch', owner: held.owner };
  if (await isDone(held, ports)) return { kind: 'replay', owner: held.owner, execution: held.execution };
  return held.leaseEndsAtMs <= nowMs ? replace(takeOver(held, circumstances)) : { kind: 'in_progress' };

  async function replace({ held: seen, execution, expiresAtMs }: TakeOver): Promise<ClaimedRequest> {
    const taken = { ...wanted, execution, expiresAtMs };
    if (!(await ports.claims.takeOver(taken, seen))) return { kind: 'in_progress' };
    return run({ ...taken, owner: request.id, released: false });
  }

  function run(claim: Claim): ClaimedRequest {
    const { execution } = claim;
    return {
      kind: 'run',
      execution,
      again: execution !== request.id,
      async release() {
        const over = { ...wanted, execution, expiresAtMs: claim.expiresAtMs, leaseEndsAtMs: nowMs };
        // Without it the lease ends by itself.
        await ports.claims.takeOver(over, claim).catch(() => false);
      },
    };
  }
}

/**
 * The request with this key that was done, if it asked the same: the answer to its repetition is
 * the same, even where the request would be refused by now.
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function earlierRequest(
  key: RequestKey,
  ports: Pick<RequestPorts, 'claims' | 'eventLog' | 'nowMs'>,
): Promise<EarlierRequest | undefined> {
  const held = await ports.claims.read(key);
  if (held === undefined || isExpired(held, ports.nowMs()) || held.fingerprint !== key.fingerprint) return undefined;
  return (await isDone(held, ports)) ? { kind: 'replay', owner: held.owner, execution: held.execution } : undefined;
}

async function isDone({ owner }: Claim, { eventLog }: Pick<RequestPorts, 'eventLog'>): Promise<boolean> {
  return (await eventLog.statusOf(owner, apiSource)) === 'processed';
}
