import type { Breaker } from '../../shared/core/targets/breaker.ts';
import type { TargetBreakers } from '../../shared/ports/target-breakers.ts';

/** Breakers in memory; test/contracts/target-breakers.ts holds them to what the table does. */
export function makeFakeTargetBreakers() {
  const stored = new Map<string, Breaker>();
  return {
    stored,
    reads: 0,
    writes: 0,
    async read(workflow) {
      this.reads++;
      return structuredClone(stored.get(workflow));
    },
    async writeIfUnchanged(workflow, next) {
      const before = stored.get(workflow);
      if (before !== undefined && before.revision !== next.revision - 1) return false;
      this.writes++;
      stored.set(workflow, structuredClone(next));
      return true;
    },
  } satisfies TargetBreakers & { stored: Map<string, Breaker>; reads: number; writes: number };
}
