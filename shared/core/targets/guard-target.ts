import type { TargetBreakers } from '../../ports/target-breakers.ts';
import type { CancelAnswer, TargetAnswer, Unavailable, WorkflowTarget } from '../../ports/workflow-target.ts';
import {
  type Breaker,
  bestSign,
  closed,
  failuresToOpen,
  heldBack,
  opened,
  permissionFor,
  type Sign,
  signOf,
  stillOpen,
  type Timing,
} from './breaker.ts';

/** How long a process caches a breaker. */
const freshMs = 15_000;

/** One process's knowledge of one workflow's target. */
type Known = { breaker?: Breaker; readAtMs: number; failures: number; reading?: Promise<void> };

/**
 * Puts each workflow's target behind its breaker. If the table cannot be read or written, calls go
 * on: a breaker spares a target and our concurrency, but correctness never depends on it.
 */
export function makeTargetGuard(breakers: TargetBreakers, nowMs: () => number) {
  const byWorkflow = new Map<string, Known>();

  return (workflow: string, target: WorkflowTarget): WorkflowTarget => {
    if (target.recordsOnly) return target;
    const known = knownOf(workflow);
    const { start, startMany, cancel } = target;

    async function guarded(count: number, timeoutMs: number, call: () => Promise<TargetAnswer[]>) {
      const timing = { timeoutMs, fullTimeoutMs: target.timeoutMs };
      const permission = await mayCall(workflow, known, timing);
      if (permission.kind === 'hold') return Array<TargetAnswer>(count).fill(permission.answer);
      const answers = await call();
      const sign = bestSign(answers.map((answer) => signOf(answer, timing)));
      const trouble = answers.find((answer) => answer.kind === 'unavailable');
      await learn(workflow, known, sign, trouble, permission.probing);
      return answers;
    }

    return {
      ...target,
      async start(request) {
        const [answer] = await guarded(1, request.timeoutMs, async () => [await start.call(target, request)]);
        return answer as TargetAnswer;
      },
      ...(startMany && {
        startMany: (requests, batch) =>
          guarded(requests.length, batch.timeoutMs, () => startMany.call(target, requests, batch)),
      }),
      ...(cancel && {
        // Cancellations count neither as evidence nor as a probe: they are few, and a target may
        // take them at another address.
        async cancel(request): Promise<CancelAnswer> {
          await refresh(workflow, known);
          const { breaker } = known;
          const isHeld = breaker?.isOpen && nowMs() < breaker.probeAtMs;
          return isHeld ? heldBack(breaker, nowMs()) : cancel.call(target, request);
        },
      }),
    };
  };

  function knownOf(workflow: string): Known {
    let known = byWorkflow.get(workflow);
    if (known === undefined) {
      known = { readAtMs: Number.NEGATIVE_INFINITY, failures: 0 };
      byWorkflow.set(workflow, known);
    }
    return known;
  }

  type Allowed = { kind: 'call'; probing?: Breaker } | { kind: 'hold'; answer: Unavailable };

  async function mayCall(workflow: string, known: Known, timing: Timing): Promise<Allowed> {
    await refresh(workflow, known);
    const permission = permissionFor(known.breaker, nowMs(), timing);
    if (permission.kind === 'call') return { kind: 'call' };
    const hold = (breaker: Breaker): Allowed => ({ kind: 'hold', answer: heldBack(breaker, nowMs()) });
    if (permission.kind === 'hold') return hold(known.breaker as Breaker);
    const { next } = permission;
    const written = await write(workflow, known, next);
    if (written === 'changed') return hold(known.breaker ?? next);
    return { kind: 'call', probing: next };
  }

  async function learn(
    workflow: string,
    known: Known,
    sign: Sign,
    trouble: Unavailable | undefined,
    probing: Breaker | undefined,
  ): Promise<void> {
    if (sign === 'alive') known.failures = 0;
    else if (sign === 'failing') known.failures++;
    if (probing !== undefined) {
      const next = trouble && sign !== 'alive' ? stillOpen(probing, trouble, sign, nowMs()) : closed(probing);
      known.failures = 0;
      await write(workflow, known, next);
    } else if (trouble && known.failures >= failuresToOpen && !known.breaker?.isOpen) {
      known.failures = 0;
      await write(workflow, known, opened(known.breaker, trouble, nowMs()));
    }
  }

  async function refresh(workflow: string, known: Known): Promise<void> {
    if (nowMs() - known.readAtMs < freshMs) return;
    known.reading ??= read(workflow, known).finally(() => {
      delete known.reading;
    });
    await known.reading;
  }

  async function read(workflow: string, known: Known): Promise<void> {
    try {
      const breaker = await breakers.read(workflow);
      if (breaker === undefined) delete known.breaker;
      else known.breaker = breaker;
    } catch {
      // The cached breaker stays in force, and the table is not read for a while.
    }
    known.readAtMs = nowMs();
  }

  /**
   * `changed`: another process wrote first, and its breaker is cached now. An unavailable table
   * counts as written.
   */
  async function write(workflow: string, known: Known, next: Breaker): Promise<'written' | 'changed'> {
    // Before the first wait, so that other runs of this process use it meanwhile.
    known.breaker = next;
    try {
      if (await breakers.writeIfUnchanged(workflow, next)) return 'written';
    } catch {
      return 'written';
    }
    await read(workflow, known);
    return 'changed';
  }
}
