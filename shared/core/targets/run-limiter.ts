import type { RunLimits } from '../../ports/run-limits.ts';
import type { Unavailable } from '../../ports/workflow-target.ts';

/** What a process takes at once, at most: a token then costs a tenth of a write. */
const leaseMax = 10;
/** Tokens that a process has not used within this time are lost; so are its places in line. */
const keepMs = 1000;
/** Longer than a function runs: permits of a process that died come back then. */
const permitMs = 90_000;
/** The least time that a permit must have left for one more call. */
const permitLeftMs = 30_000;

/** How many a process takes: twice as many as last time while it uses them up within a second. */
class Appetite {
  #size = 1;
  #takenAtMs = Number.NEGATIVE_INFINITY;

  next(nowMs: number): number {
    this.#size = nowMs - this.#takenAtMs < keepMs ? Math.min(leaseMax, 2 * this.#size) : 1;
    this.#takenAtMs = nowMs;
    return this.#size;
  }
}

type Waiting = { resolve(permit: Permit | undefined): void };
type Lease = { id: string; untilMs: number; out: number };
export type Permit = { lease: Lease };

type Known = {
  tokens: { left: number; untilMs: number; appetite: Appetite };
  places: { left: number; nextMs: number; untilMs: number; appetite: Appetite };
  /** One question to the table at a time, so that runs that come together share an answer. */
  turn: Promise<unknown>;
  calls: { free: Permit[]; inUse: number; waiting: Waiting[]; leases: Set<Lease>; asking: boolean };
};

export type RunLimiter = {
  /**
   * Tokens for as many of `wanted` runs as may begin now, and when the next one may.
   * @param isNew false for runs that waited for their turn
   */
  begin(
    workflow: string,
    wish: { perSecond: number; wanted: number; isNew: boolean },
  ): Promise<{ granted: number; retryAfterSeconds: number }>;
  /** Tokens of runs that were not begun after all. */
  giveBack(workflow: string, count: number): void;
  /** A permit for one call; undefined when all are in use elsewhere. Give it back with `leave`. */
  enter(workflow: string, max: number): Promise<Permit | undefined>;
  leave(workflow: string, permit: Permit): Promise<void>;
};

/**
 * One process's share of the limits of workflows. It leases tokens and permits in blocks, and asks
 * the table for nothing where a workflow sets no limit. docs/targets.md, "Limits".
 * @param newId names a lease: no other process may use the same name
 */
export function makeRunLimiter(limits: RunLimits, nowMs: () => number, newId: () => string): RunLimiter {
  const byWorkflow = new Map<string, Known>();

  return {
    async begin(workflow, wish) {
      const known = knownOf(workflow);
      const mine = known.turn.then(() => take(workflow, known, wish));
      known.turn = mine.catch(() => undefined);
      return mine;
    },

    giveBack(workflow, count) {
      const { tokens } = knownOf(workflow);
      if (tokens.untilMs > nowMs()) tokens.left += count;
    },

    async enter(workflow, max) {
      const { calls } = knownOf(workflow);
      const free = calls.free.pop();
      if (free !== undefined) {
        calls.inUse++;
        return free;
      }
      const permit = new Promise<Permit | undefined>((resolve) => calls.waiting.push({ resolve }));
      void ask(workflow, calls, max);
      return permit;
    },

    async leave(workflow, permit) {
      const { calls } = knownOf(workflow);
      calls.inUse--;
      const isOld = permit.lease.untilMs - nowMs() < permitLeftMs;
      const next = isOld ? undefined : calls.waiting.shift();
      if (next !== undefined) {
        calls.inUse++;
        next.resolve(permit);
        return;
      }
      if (isOld) await putBack(workflow, calls, permit);
      else calls.free.push(permit);
      if (calls.inUse === 0 && !calls.asking)
        await Promise.all(calls.free.splice(0).map((one) => putBack(workflow, calls, one)));
    },
  };

  function knownOf(workflow: string): Known {
    let known = byWorkflow.get(workflow);
    if (known === undefined) {
      known = {
        tokens: { left: 0, untilMs: 0, appetite: new Appetite() },
        places: { left: 0, nextMs: 0, untilMs: 0, appetite: new Appetite() },
        turn: Promise.resolve(),
        calls: { free: [], inUse: 0, waiting: [], leases: new Set(), asking: false },
      };
      byWorkflow.set(workflow, known);
    }
    return known;
  }

  async function take(
    workflow: string,
    { tokens, places }: Known,
    { perSecond, wanted, isNew }: { perSecond: number; wanted: number; isNew: boolean },
  ): Promise<{ granted: number; retryAfterSeconds: number }> {
    // A second's worth may begin at once.
    const most = Math.max(1, Math.floor(perSecond));
    let granted = 0;
    if (tokens.untilMs > nowMs()) {
      granted = Math.min(tokens.left, wanted);
      tokens.left -= granted;
    } else tokens.left = 0;
    let count = granted === wanted ? 0 : Math.min(most, Math.max(wanted - granted, tokens.appetite.next(nowMs())));
    while (count > 0) {
      const at = nowMs();
      const answer = await limits.takeTokens(workflow, { count, perSecond, isNew, nowMs: at });
      if (answer.taken) {
        const used = Math.min(count, wanted - granted);
        granted += used;
        tokens.left += count - used;
        tokens.untilMs = at + keepMs;
        break;
      }
      count = Math.min(count - 1, answer.left);
    }
    if (granted === wanted) return { granted, retryAfterSeconds: 0 };
    const place = await takePlace(workflow, places, { perSecond, wanted: Math.min(most, wanted - granted) });
    return { granted, retryAfterSeconds: Math.max(0, place - nowMs()) / 1000 };
  }

  async function takePlace(
    workflow: string,
    places: Known['places'],
    { perSecond, wanted }: { perSecond: number; wanted: number },
  ): Promise<number> {
    const at = nowMs();
    if (places.untilMs <= at || places.left < wanted) {
      const count = Math.max(wanted, places.appetite.next(at));
      places.nextMs = await limits.takePlaces(workflow, { count, perSecond, nowMs: at });
      places.left = count;
      places.untilMs = at + keepMs;
    }
    const place = places.nextMs;
    places.left -= wanted;
    places.nextMs += (wanted * 1000) / perSecond;
    return place;
  }

  /** Asks for permits for all calls that wait for one; without any, those that hold none are told so. */
  async function ask(workflow: string, calls: Known['calls'], max: number): Promise<void> {
    if (calls.asking) return;
    calls.asking = true;
    try {
      // Calls that begin together ask together.
      await Promise.resolve();
      while (calls.waiting.length > 0) {
        const lease: Lease = { id: newId(), untilMs: nowMs() + permitMs, out: 0 };
        const wish = { lease: lease.id, count: Math.min(calls.waiting.length, max), max };
        lease.out = await limits.takePermits(workflow, { ...wish, untilMs: lease.untilMs, nowMs: nowMs() });
        if (lease.out === 0) break;
        calls.leases.add(lease);
        for (let i = 0; i < lease.out; i++) {
          const next = calls.waiting.shift();
          if (next === undefined) calls.free.push({ lease });
          else {
            calls.inUse++;
            next.resolve({ lease });
          }
        }
      }
    } catch {
      // A limit spares a target; while the table is away, its runs wait.
    } finally {
      calls.asking = false;
    }
    // A call of this process gives its permit on when it ends.
    if (calls.inUse === 0) for (const { resolve } of calls.waiting.splice(0)) resolve(undefined);
  }

  async function putBack(workflow: string, calls: Known['calls'], { lease }: Permit): Promise<void> {
    lease.out--;
    if (lease.out > 0) return;
    calls.leases.delete(lease);
    // If it fails, the lease ends by itself.
    await limits.givePermitsBack(workflow, lease.id).catch(() => undefined);
  }
}

/** The answer for a run that waits for its turn: no call was made. */
export function overRate(workflow: string, perSecond: number, retryAfterSeconds: number): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'rate_limited',
    detail: `workflow ${workflow} begins at most ${perSecond} ${perSecond === 1 ? 'run' : 'runs'} a second`,
    retryAfterSeconds,
    isUntried: true,
  };
}

export function tooManyCalls(workflow: string, max: number): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'rate_limited',
    detail: `workflow ${workflow} has at most ${max} ${max === 1 ? 'call' : 'calls'} under way`,
    retryAfterSeconds: 1,
    isUntried: true,
    isCrowded: true,
  };
}
