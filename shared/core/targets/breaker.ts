import type { TargetAnswer, Unavailable } from '../../ports/workflow-target.ts';
import { clip } from '../text.ts';

/**
 * The breaker of one workflow's target: a target that keeps failing is left alone, but for one probe at a time.
 *
 * ```
 * closed ──10 failures in a row──▶ open ──probe is due──▶ half open ──alive──▶ closed
 *                                   ▲                        │
 *                                   └───────── failed ───────┘  wait doubles: 15 s … 2 min
 * ```
 *
 * Failures in a row are counted by each process for itself; only the transitions are written, since everybody must know
 * of them. Half open is no state of its own: whoever moves `probeAtMs` on has the probe, and if that process dies the next
 * probe is due all the same. docs/targets.md, "Targets that keep failing".
 */
export type Breaker = {
  isOpen: boolean;
  openedAtMs: number;
  /** Until then nobody calls. */
  probeAtMs: number;
  /** Probes that failed since it opened. */
  failedProbes: number;
  /** Why it opened, for the runs that are held back. */
  reason: Unavailable['reason'];
  detail: string;
  /** Raised by one with every write; the condition of the next. */
  revision: number;
};

export const failuresToOpen = 10;
const waitSecondsFirst = 15;
const waitSecondsMax = 120;
/** Beyond the call's own time, for writing down how a probe went. */
const probeGraceMs = 5000;

/** The time that a call has, and the time that the target may have (first attempts get less, as do calls near a deadline). */
export type Timing = { timeoutMs: number; fullTimeoutMs: number };

/**
 * What an answer says of the target. A refusal is a sign of life. A missing secret is our own trouble, and a call that got
 * less than the target's time says only that it is not fast, so neither counts.
 */
export type Sign = 'alive' | 'failing' | 'none';

export function signOf(answer: TargetAnswer, timing: Timing): Sign {
  if (answer.kind !== 'unavailable') return 'alive';
  if (answer.reason === 'secret_missing') return 'none';
  if (answer.reason === 'target_timeout' && timing.timeoutMs < timing.fullTimeoutMs) return 'none';
  return 'failing';
}

/** Of several answers the best sign: a target that takes some runs of a batch is alive. */
export function bestSign(signs: Sign[]): Sign {
  if (signs.includes('alive')) return 'alive';
  return signs.includes('failing') ? 'failing' : 'none';
}

export type Permission =
  | { kind: 'call' }
  /** Write `next` on the condition that nobody else has; whoever succeeds may call. */
  | { kind: 'probe'; next: Breaker }
  | { kind: 'hold' };

export function permissionFor(
  breaker: Breaker | undefined,
  nowMs: number,
  { timeoutMs, fullTimeoutMs }: Timing,
): Permission {
  if (!breaker?.isOpen) return { kind: 'call' };
  // A probe with less than the target's time could not tell a slow target from a dead one; retries have all of it.
  if (nowMs < breaker.probeAtMs || timeoutMs < fullTimeoutMs) return { kind: 'hold' };
  const probeAtMs = nowMs + timeoutMs + probeGraceMs;
  return { kind: 'probe', next: { ...breaker, probeAtMs, revision: breaker.revision + 1 } };
}

/** @param breaker as it was last read: a closed one keeps its revision */
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

/** After a probe that failed the wait doubles; one that said nothing is simply repeated. */
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

/** Our own rhythm, or what the target asked for where that is later. */
function nextProbeAtMs(failedProbes: number, { retryAfterSeconds = 0 }: Unavailable, nowMs: number): number {
  const ownSeconds = Math.min(waitSecondsFirst * 2 ** failedProbes, waitSecondsMax);
  return nowMs + Math.max(ownSeconds, retryAfterSeconds) * 1000;
}

/**
 * What a run hears that is held back: nothing was tried, and the next probe is when it is worth coming back. Coming back
 * costs no attempt, so a breaker that is open for hours uses none of them up.
 */
export function heldBack({ openedAtMs, probeAtMs, reason, detail }: Breaker, nowMs: number): Unavailable {
  const since = new Date(openedAtMs).toISOString();
  return {
    kind: 'unavailable',
    reason,
    detail: `not called: the target keeps failing since ${since} (${detail})`,
    // A probe may be due, and this call have had too little time for it.
    retryAfterSeconds: Math.max(1, Math.ceil((probeAtMs - nowMs) / 1000)),
    isUntried: true,
  };
}
