import type { TargetAnswer, WorkflowTarget } from '../../ports/workflow-target.ts';
import { type RunLimiter, tooManyCalls } from './run-limiter.ts';

/** A call that waited longer for its permit has too little time left. */
const patienceMs = 3000;

/**
 * A target that is called by so many at a time, over all processes. One request is one call, whatever
 * its number of runs. Cancellations are not limited: they are few, and stop work.
 */
export function limitCalls(
  workflow: string,
  target: WorkflowTarget,
  max: number,
  { limiter, nowMs }: { limiter: Pick<RunLimiter, 'enter' | 'leave'>; nowMs(): number },
): WorkflowTarget {
  if (target.recordsOnly) return target;
  const { start, startMany } = target;

  async function limited(count: number, call: () => Promise<TargetAnswer[]>): Promise<TargetAnswer[]> {
    const wait = () => Array<TargetAnswer>(count).fill(tooManyCalls(workflow, max));
    const askedAtMs = nowMs();
    const permit = await limiter.enter(workflow, max);
    if (permit === undefined) return wait();
    try {
      return nowMs() - askedAtMs > patienceMs ? wait() : await call();
    } finally {
      await limiter.leave(workflow, permit);
    }
  }

  return {
    ...target,
    async start(request) {
      const [answer] = await limited(1, async () => [await start.call(target, request)]);
      return answer as TargetAnswer;
    },
    ...(startMany && {
      startMany: (requests, batch) => limited(requests.length, () => startMany.call(target, requests, batch)),
    }),
  };
}
