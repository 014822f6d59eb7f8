import { describe, expect, test } from '@jest/globals';
import { failuresToOpen } from '../../../shared/core/targets/breaker.ts';
import { makeTargetGuard } from '../../../shared/core/targets/guard-target.ts';
import type { TargetAnswer, WorkflowTarget } from '../../../shared/ports/workflow-target.ts';
import { makeFakeTargetBreakers } from '../../support/fake-target-breakers.ts';
import { cancelRequest, runRequest } from '../../support/runs.ts';

const startMs = Date.parse('2026-11-21T03:00:00Z');
const down: TargetAnswer = { kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503' };
const up: TargetAnswer = { kind: 'accepted' };

/** Processes that share breakers, a clock and a target. */
function makeWorld(breakers = makeFakeTargetBreakers()) {
  const world = { nowMs: startMs, answer: down as TargetAnswer, calls: 0, breakers };
  const target: WorkflowTarget = {
    recordsOnly: false,
    timeoutMs: 2000,
    async start() {
      world.calls++;
      await Promise.resolve();
      return world.answer;
    },
    batchMax: 10,
    async startMany(requests) {
      world.calls++;
      return requests.map(() => world.answer);
    },
    cancel: async () => {
      world.calls++;
      return { kind: 'cancelled' };
    },
  };
  const process = (workflow = 'order-completed') => makeTargetGuard(breakers, () => world.nowMs)(workflow, target);
  return { world, target, process };
}

async function times(count: number, guarded: WorkflowTarget) {
  const answers: TargetAnswer[] = [];
  for (let i = 0; i < count; i++) answers.push(await guarded.start(runRequest()));
  return answers;
}

describe('a target that keeps failing', () => {
  test('is left alone after ten failures in a row, by every process', async () => {
    const { world, process } = makeWorld();
    const [one, other] = [process(), process()];
    await times(failuresToOpen + 5, one);
    expect(world.calls).toBe(failuresToOpen);
    world.nowMs += 1000;
    expect(await times(3, other)).toEqual(
      Array(3).fill({
        ...down,
        detail: expect.stringContaining('not called'),
        retryAfterSeconds: 14,
        isUntried: true,
      }),
    );
    expect(world.calls).toBe(failuresToOpen);
  });

  test('that answers in between is not', async () => {
    const { world, process } = makeWorld();
    const guarded = process();
    for (let i = 0; i < 5; i++) {
      world.answer = down;
      await times(failuresToOpen - 1, guarded);
      world.answer = i % 2 === 0 ? up : { kind: 'refused', detail: '404' };
      await times(1, guarded);
    }
    expect([world.calls, world.breakers.writes]).toEqual([50, 0]);
  });

  test('is probed by one call at a time, from any process', async () => {
    const { world, process } = makeWorld();
    const processes = [process(), process(), process()];
    await times(failuresToOpen, processes[0] as WorkflowTarget);
    for (const probes of [1, 2, 3]) {
      world.nowMs += 120_000;
      await Promise.all(processes.flatMap((guarded) => [times(4, guarded), times(4, guarded)]));
      expect(world.calls).toBe(failuresToOpen + probes);
    }
  });

  test('is called as before once a probe has come through', async () => {
    const { world, process } = makeWorld();
    const [one, other] = [process(), process()];
    await times(failuresToOpen, one);
    await times(1, other);
    world.answer = up;
    world.nowMs += 15_000;
    expect(await times(3, one)).toEqual([up, up, up]);
    // The other process learns of it when what it knows is no longer fresh.
    world.nowMs += 15_000;
    expect(await times(3, other)).toEqual([up, up, up]);
    expect(world.breakers.stored.get('order-completed')?.isOpen).toBe(false);
  });

  test('whose probe died with its process is probed again', async () => {
    const { world, process, target } = makeWorld();
    await times(failuresToOpen, process());
    world.nowMs += 15_000;
    const dying = makeTargetGuard(world.breakers, () => world.nowMs)('order-completed', {
      ...target,
      start: () => new Promise<TargetAnswer>(() => undefined),
    });
    void dying.start(runRequest());
    await new Promise((resolve) => setImmediate(resolve));
    world.answer = up;
    expect((await times(1, process()))[0]?.kind).toBe('unavailable');
    world.nowMs += 7001;
    expect(await times(1, process())).toEqual([up]);
  });

  test('does not keep other workflows from theirs', async () => {
    const { world, process } = makeWorld();
    await times(failuresToOpen, process());
    world.answer = up;
    expect(await times(1, process('another'))).toEqual([up]);
  });

  test('is not told to cancel either, until a probe is due', async () => {
    const { world, process } = makeWorld();
    const guarded = process();
    await times(failuresToOpen, guarded);
    expect(await guarded.cancel?.(cancelRequest())).toMatchObject({ kind: 'unavailable' });
    world.nowMs += 15_000;
    expect(await guarded.cancel?.(cancelRequest())).toMatchObject({ kind: 'cancelled' });
  });

  test('in batches too: one batch is one call, and each of its runs hears that it waits', async () => {
    const { world, process } = makeWorld();
    const guarded = process();
    const batch = { messageId: 'msg_b', timeoutMs: 2000 };
    const requests = [runRequest('a'), runRequest('b')];
    for (let i = 0; i < failuresToOpen; i++) await guarded.startMany?.(requests, batch);
    expect(world.calls).toBe(failuresToOpen);
    expect(await guarded.startMany?.(requests, batch)).toMatchObject([
      { kind: 'unavailable' },
      { kind: 'unavailable' },
    ]);
    expect(world.calls).toBe(failuresToOpen);
  });

  test('hears a probe only from a call that has the target’s full time', async () => {
    const { world, process } = makeWorld();
    const guarded = process();
    await times(failuresToOpen, guarded);
    world.nowMs += 15_000;
    await guarded.start({ ...runRequest(), timeoutMs: 1999 });
    expect(world.calls).toBe(failuresToOpen);
    await guarded.start(runRequest());
    expect(world.calls).toBe(failuresToOpen + 1);
  });
});

describe('costs', () => {
  test('while all is well: one read per process in 15 seconds, and no write', async () => {
    const { world, process } = makeWorld();
    world.answer = up;
    const guarded = process();
    await Promise.all(Array.from({ length: 16 }, () => guarded.start(runRequest())));
    world.nowMs += 14_999;
    await times(5, guarded);
    expect([world.breakers.reads, world.breakers.writes]).toEqual([1, 0]);
    world.nowMs += 1;
    await times(5, guarded);
    expect([world.breakers.reads, world.breakers.writes]).toEqual([2, 0]);
  });

  test('an outage: one write to open, two per probe', async () => {
    const { world, process } = makeWorld();
    const guarded = process();
    await times(30, guarded);
    expect(world.breakers.writes).toBe(1);
    world.nowMs += 15_000;
    await times(30, guarded);
    expect(world.breakers.writes).toBe(3);
  });

  test('calls that were under way when it opened: still one write', async () => {
    const { world, process } = makeWorld();
    const guarded = process();
    await Promise.all(Array.from({ length: 5 * failuresToOpen }, () => guarded.start(runRequest())));
    expect(world.breakers.writes).toBe(1);
  });

  test('a target that is only a record has no breaker', async () => {
    const { world, target } = makeWorld();
    const log = { ...target, recordsOnly: true };
    expect(makeTargetGuard(world.breakers, () => world.nowMs)('w', log)).toBe(log);
  });
});

describe('a table that is away', () => {
  const away = () => Promise.reject(new Error('away'));

  test('stops nothing: the target is called', async () => {
    const { world, process } = makeWorld({ ...makeFakeTargetBreakers(), read: away, writeIfUnchanged: away });
    world.answer = up;
    expect(await times(2, process())).toEqual([up, up]);
  });

  test('leaves each process its own breaker', async () => {
    const { world, process } = makeWorld({ ...makeFakeTargetBreakers(), read: away, writeIfUnchanged: away });
    const guarded = process();
    await times(30, guarded);
    expect(world.calls).toBe(failuresToOpen);
    world.answer = up;
    world.nowMs += 15_000;
    expect(await times(2, guarded)).toEqual([up, up]);
  });
});
