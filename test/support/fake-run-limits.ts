import { randomUUID } from 'node:crypto';
import { makeRunLimiter } from '../../shared/core/targets/run-limiter.ts';
import type { RunLimits } from '../../shared/ports/run-limits.ts';

type Tokens = { granted: number; queued: number };

/** Limits in memory; test/contracts/run-limits.test.ts holds them to what the table does. */
export function makeFakeRunLimits() {
  const tokens = new Map<string, Tokens>();
  const leases = new Map<string, Map<string, { count: number; untilMs: number }>>();
  const of = <Value>(map: Map<string, Value>, workflow: string, none: Value) => {
    const found = map.get(workflow) ?? none;
    map.set(workflow, found);
    return found;
  };
  return {
    writes: 0,
    async takeTokens(workflow, { count, perSecond, isNew, nowMs }) {
      this.writes++;
      const item = of(tokens, workflow, { granted: 0, queued: 0 });
      const intervalMs = 1000 / perSecond;
      if (isNew && item.queued > nowMs + 1000) return { taken: false, left: 0 };
      if (item.granted > nowMs + Math.max(0, 1000 - count * intervalMs) && item.granted >= nowMs)
        return { taken: false, left: Math.max(0, Math.floor((nowMs + 1000 - item.granted) / intervalMs)) };
      item.granted = Math.max(nowMs, item.granted) + count * intervalMs;
      return { taken: true };
    },
    async takePlaces(workflow, { count, perSecond, nowMs }) {
      this.writes++;
      const item = of(tokens, workflow, { granted: 0, queued: 0 });
      const first = item.queued >= nowMs ? item.queued : Math.max(nowMs, item.granted);
      item.queued = first + (count * 1000) / perSecond;
      return first;
    },
    async takePermits(workflow, { lease, count, max, untilMs, nowMs }) {
      this.writes++;
      const all = of(leases, workflow, new Map());
      for (const [id, one] of all) if (one.untilMs < nowMs) all.delete(id);
      const used = [...all.values()].reduce((sum, one) => sum + one.count, 0);
      const taken = Math.max(0, Math.min(count, max - used));
      if (taken > 0) all.set(lease, { count: taken, untilMs });
      return taken;
    },
    async givePermitsBack(workflow, lease) {
      this.writes++;
      leases.get(workflow)?.delete(lease);
    },
  } satisfies RunLimits & { writes: number };
}

export function makeFakeLimiter(nowMs: () => number = Date.now) {
  return makeRunLimiter(makeFakeRunLimits(), nowMs, randomUUID);
}
