import type { TargetAnswer, Unavailable } from '../../ports/workflow-target.ts';
import { clip } from '../text.ts';

/**
 * The breaker of one workflow's target: a target that keeps failing gets only one probe at a time.
 *
 * ```
 * closed ──10 failures in a row──▶ open ──probe is due──▶ half open ──alive──▶ closed
 *                                   ▲                        │
 *                                   └───────── failed ───────┘  wait doubles: 15 s … 2 min
 * ```
 *
 * Each process counts failures in a row itself; only transitions are written, since all processes
 * must know them. Half open is not a separate state: the process that moves `probeAtMs` makes the
 * probe. If it dies, the next probe is due all the same. docs/targets.md, "Targets that keep
 * failing".
 */
export type Breaker = {
  isOpen: boolean;
  openedAtMs: number;
  /** No calls before then. */
  probeAtMs: number;
  /** Probes that failed since it opened. */
  failedProbes: number;
  /** Why it opened, for the runs that it holds back. */
  reason: Unavailable['reason'];
  detail: string;
  /** Each write raises it by one; the condition of the next write. */
  revision: number;
};

export const failuresToOpen = 10;
const waitSecondsFirst = 15;
const waitSecondsMax = 120;
/** In addition to the call's own time, for writing the probe's result. */
const probeGraceMs = 5000;

/**
 * The call's time, and the target's full timeout (first attempts get less, and so do calls near a
 * deadline).
 */
export type Timing = { timeoutMs: number; fullTimeoutMs: number };

/**
 * What an answer says about the target. A refusal is a sign of life. A missing secret and the
 * workflow's own limit are our own, and a timeout with less than the target's time only shows that it is not fast; neither
 * counts.
 */
export type Sign = 'alive' | 'failing' | 'none';

export function signOf(answer: TargetAnswer, timing: Timing): Sign {
  if (answer.kind !== 'unavailable') return 'alive';
  if (answer.reason === 'secret_missing' || answer.reason === 'rate_limited') return 'none';
  if (answer.reason === 'target_timeout' && timing.timeoutMs < timing.fullTimeoutMs) return 'none';
  return 'failing';
}

/** The best sign of several answers: a target that takes some runs of a batch is alive. */
export function bestSign(signs: Sign[]): Sign {
  if (signs.includes('alive')) return 'alive';
  return signs.includes('failing') ? 'failing' : 'none';
}

export type Permission =
  | { kind: 'call' }
  /** Write `next` if no other process has; the process that succeeds may call. */
  | { kind: 'probe'; next: Breaker }
  | { kind: 'hold' };

export function permissionFor(
  breaker: Breaker | undefined,
  nowMs: number,
  { timeoutMs, fullTimeoutMs }: Timing,
): Permission {
  if (!breaker?.isOpen) return { kind: 'call' };
  // A probe with less than the target's time cannot tell a slow target from a dead one; retries
  // have the full time.
  if (nowMs < breaker.probeAtMs || timeoutMs < fullTimeoutMs) return { kind: 'hold' };
  const probeAtMs = nowMs + timeoutMs + probeGraceMs;
  return { kind: 'probe', next: { ...breaker, probeAtMs, revision: breaker.revision + 1 } };
}

/** @param breaker as last read; a closed one keeps its revision */
export function opened(breaker: Breaker | undefined, trouble: Unavailable, nowMs: number): Breaker {
  return {
    isOpen: true,
    openedAtMs: nowMs,
    failedProbes: 0,
    probeAtMs: nextProbeAtMs(0, trouble, nowMs),
    reason: trouble.reason,
    detail: clip(trouble.detail),
    revision: (breaker?.revision ?? 0) + 1,
  };
}

/** After a failed probe the wait doubles; an inconclusive probe is repeated. */
export function stillOpen(breaker: Breaker, trouble: Unavailable, sign: Sign, nowMs: number): Breaker {
  const failedProbes = breaker.failedProbes + (sign === 'failing' ? 1 : 0);
  return {
    ...breaker,
    failedProbes,
    probeAtMs: nextProbeAtMs(failedProbes, trouble, nowMs),
    ...(sign === 'failing' && { reason: trouble.reason, detail: clip(trouble.detail) }),
    revision: breaker.revision + 1,
  };
}

export function closed(breaker: Breaker): Breaker {
  return { ...breaker, isOpen: false, revision: breaker.revision + 1 };
}

/** Our own interval, or the target's requested time if that is later. */
function nextProbeAtMs(failedProbes: number, { retryAfterSeconds = 0 }: Unavailable, nowMs: number): number {
  const ownSeconds = Math.min(waitSecondsFirst * 2 ** failedProbes, waitSecondsMax);
  return nowMs + Math.max(ownSeconds, retryAfterSeconds) * 1000;
}

/**
 * The answer for a run that is held back: no call was made, and it should return at the next probe.
 * Returning costs no attempt, so a breaker that is open for hours uses none up.
 */
export function heldBack({ openedAtMs, probeAtMs, reason, detail }: Breaker, nowMs: number): Unavailable {
  const since = new Date(openedAtMs).toISOString();
  return {
    kind: 'unavailable',
    reason,
    detail: `not called: the target keeps failing since ${since} (${detail})`,
    // A probe may be due for which this call had too little time.
    retryAfterSeconds: Math.max(1, Math.ceil((probeAtMs - nowMs) / 1000)),
    isUntried: true,
  };
}
