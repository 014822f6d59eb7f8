import type { StageMetrics } from './metrics.ts';

export type Refusals = {
  /** Counts a refused request under `names`, at once or together with others like it. */
  add(refused: RefusedRequest): void;
  /** Prints what is still to be counted of minutes that are over. To be called with every request. */
  settle(): void;
};

export type RefusedRequest = {
  source: string;
  /** From a closed list. */
  reason: string;
  names: readonly string[];
  /** Counted as well, but not by reason. */
  namesOfAllReasons?: readonly string[];
  /** What one line says about it: status, ids, sizes. */
  facts: Record<string, unknown>;
};

/** Refusals of one source for one reason within one minute. */
type Alike = Omit<RefusedRequest, 'facts'> & { minute: number; seen: number; leftOut: number };

/** So many of a minute have a line of their own, and of the others every `oneIn`th. */
export const inFullPerMinute = 10;
export const oneIn = 100;

const minuteMs = 60_000;

/**
 * One line for a refused request, which is its count and its log line in one. A stranger can send as
 * many as the gateway lets through, so per minute, source and reason only the first ones have a
 * line. Later ones are added up, and every hundredth line says how many it stands for. Counts
 * therefore stay exact, each within its minute. A process that Lambda ends before its next request
 * takes fewer than a hundred uncounted refusals with it.
 */
export function makeRefusals({
  metrics,
  service,
  nowMs,
}: {
  metrics: Pick<StageMetrics, 'print'>;
  service: string;
  nowMs(): number;
}): Refusals {
  // At most one entry per source that exists (and one for all others) and reason.
  const minutes = new Map<string, Alike>();

  function print(alike: Alike, count: number, atMs: number, facts: Record<string, unknown>): void {
    const { source, reason, names, namesOfAllReasons = [] } = alike;
    const each = (of: readonly string[]) => Object.fromEntries(of.map((name) => [name, count]));
    metrics.print({
      source,
      reason,
      atMs,
      counts: each(names),
      countsOfAllReasons: each(namesOfAllReasons),
      fields: {
        level: 'WARN',
        message: 'request refused',
        service,
        timestamp: new Date(atMs).toISOString(),
        ...facts,
        ...(count > 1 && { stands_for: count }),
      },
    });
  }

  function settle(): void {
    const minute = Math.floor(nowMs() / minuteMs);
    for (const [key, alike] of minutes) {
      if (alike.minute === minute) continue;
      minutes.delete(key);
      if (alike.leftOut > 0) print(alike, alike.leftOut, (alike.minute + 1) * minuteMs - 1, {});
    }
  }

  return {
    add({ facts, ...refused }) {
      settle();
      const { source, reason } = refused;
      const key = `${source}\n${reason}`;
      let alike = minutes.get(key);
      if (alike === undefined) {
        alike = { ...refused, minute: Math.floor(nowMs() / minuteMs), seen: 0, leftOut: 0 };
        minutes.set(key, alike);
      }
      alike.seen++;
      if (alike.seen > inFullPerMinute) {
        alike.leftOut++;
        if (alike.leftOut < oneIn) return;
      }
      print(alike, Math.max(1, alike.leftOut), nowMs(), facts);
      alike.leftOut = 0;
    },
    settle,
  };
}
