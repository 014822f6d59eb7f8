import { hasRun, isDone } from '../../shared/core/logs/event-log-entry.ts';
import { decideOnClaim, type TakeOver, takeOver } from '../../shared/core/plan/claim.ts';
import type { PlannedEvent } from '../../shared/core/plan/plan-event.ts';
import type { Claim, ClaimStore } from '../../shared/ports/claim-store.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';

export type ClaimedEvent =
  /** The event has its final row: an earlier delivery finished. */
  | { kind: 'acknowledge' }
  | { kind: 'hand_back'; atMs: number; why: string }
  /** Another event with this key has run. */
  | { kind: 'duplicate'; of: Claim }
  /** `again`: an earlier run of the execution may have done some of the work. */
  | { kind: 'run'; execution: string; again: boolean };

type ClaimDeps = { claims: ClaimStore; eventLog: EventLog; nowMs(): number };

/**
 * Takes the claim on an event's key, or says what to do instead. One write on the happy path; it
 * reads a row only if the claim alone does not decide. docs/protocols/claim.md, steps 1 to 1d.
 * @throws RetryableError when a table is throttled or unavailable: no message was emitted, so the
 * record can be redelivered
 */
export async function claimEvent(
  planned: PlannedEvent,
  key: string,
  deps: ClaimDeps,
  leaseMs: number,
): Promise<ClaimedEvent> {
  const { raw, event } = planned;
  const nowMs = deps.nowMs();
  const windowMs = planned.windowSeconds * 1000;
  const request = {
    key,
    source: raw.source,
    eventType: event?.eventType ?? '',
    eventId: raw.id,
    ...(raw.execution !== undefined && { execution: raw.execution }),
    leaseEndsAtMs: nowMs + leaseMs,
    expiresAtMs: nowMs + windowMs,
  };
  const circumstances = { eventId: raw.id, messageExecution: raw.execution, nowMs, windowMs };

  const decision = decideOnClaim(await deps.claims.claim(request, nowMs), circumstances);
  switch (decision.kind) {
    case 'run':
      return decision;
    case 'run_unless_done':
      return (await hasFinalRow(raw.id))
        ? { kind: 'acknowledge' }
        : { kind: 'run', execution: decision.execution, again: true };
    case 'wait_unless_done':
      return (await hasFinalRow(raw.id))
        ? { kind: 'acknowledge' }
        : { kind: 'hand_back', atMs: decision.untilMs, why: 'another delivery of this event is at work' };
    case 'duplicate_if_done': {
      const { held } = decision;
      const status = await deps.eventLog.statusOf(held.owner, raw.source);
      // An owner that finished without running its actions does not count: its mapping was removed
      // between two of its deliveries.
      if (status !== undefined && hasRun(status)) return { kind: 'duplicate', of: held };
      if (held.leaseEndsAtMs <= nowMs) return replace(takeOver(held, circumstances));
      return { kind: 'hand_back', atMs: held.leaseEndsAtMs, why: `event ${held.owner} with the same key is at work` };
    }
    case 'take_over':
      return replace(decision);
  }

  async function hasFinalRow(eventId: string): Promise<boolean> {
    const status = await deps.eventLog.statusOf(eventId, raw.source);
    return status !== undefined && isDone(status);
  }

  async function replace({ held, execution, expiresAtMs }: TakeOver): Promise<ClaimedEvent> {
    // An earlier delivery of this event may have finished before another event took the claim.
    if (await hasFinalRow(raw.id)) return { kind: 'acknowledge' };
    const taken = await deps.claims.takeOver({ ...request, execution, expiresAtMs }, held);
    return taken
      ? { kind: 'run', execution, again: true }
      : { kind: 'hand_back', atMs: nowMs + 1000, why: 'the claim changed hands' };
  }
}
