import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeRunLimits } from '../../shared/adapters/dynamodb-run-limits.ts';
import { makeRunLimiter } from '../../shared/core/targets/run-limiter.ts';
import type { RunLimits } from '../../shared/ports/run-limits.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeRunLimits } from '../support/fake-run-limits.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const startMs = Date.parse('2026-11-29T20:00:00Z');
let workflows = 0;

describe.each([
  ['the table', () => makeRunLimits(tables.client, tables.names.Directory)],
  ['the fake', () => makeFakeRunLimits() as RunLimits],
])('limits of workflows in %s', (_, make) => {
  const fresh = () => `workflow-${workflows++}`;

  test('give a second’s worth of tokens at once, and then as many as the time makes', async () => {
    const limits = make();
    const workflow = fresh();
    const take = (count: number, nowMs: number) =>
      limits.takeTokens(workflow, { count, perSecond: 5, isNew: false, nowMs });
    expect(await take(5, startMs)).toEqual({ taken: true });
    expect(await take(1, startMs)).toEqual({ taken: false, left: 0 });
    expect(await take(3, startMs + 400)).toEqual({ taken: false, left: 2 });
    expect(await take(2, startMs + 400)).toEqual({ taken: true });
    expect(await take(5, startMs + 60_000)).toEqual({ taken: true });
    expect(await take(1, startMs + 60_000)).toEqual({ taken: false, left: 0 });
  });

  test('give a slow workflow one token per interval', async () => {
    const limits = make();
    const workflow = fresh();
    const take = (nowMs: number) => limits.takeTokens(workflow, { count: 1, perSecond: 0.5, isNew: false, nowMs });
    const answers = await Promise.all([take(startMs), take(startMs + 1000)]);
    expect(answers.filter(({ taken }) => taken)).toHaveLength(1);
    expect(await take(startMs + 2001)).toEqual({ taken: true });
  });

  test('give places in line one after the other, and no token to new runs while there is a line', async () => {
    const limits = make();
    const workflow = fresh();
    const place = (count: number) => limits.takePlaces(workflow, { count, perSecond: 2, nowMs: startMs });
    expect([await place(1), await place(4), await place(1)]).toEqual([startMs, startMs + 500, startMs + 2500]);
    const wish = { count: 1, perSecond: 2, nowMs: startMs };
    expect(await limits.takeTokens(workflow, { ...wish, isNew: true })).toEqual({ taken: false, left: 0 });
    expect(await limits.takeTokens(workflow, { ...wish, isNew: false })).toEqual({ taken: true });
  });

  test('never give more permits than there are, and take back those of a process that died', async () => {
    const limits = make();
    const workflow = fresh();
    const wish = { max: 5, untilMs: startMs + 90_000, nowMs: startMs };
    const taken = await Promise.all(
      ['a', 'b', 'c'].map((lease) => limits.takePermits(workflow, { ...wish, lease, count: 3 })),
    );
    expect(taken.sort()).toEqual([0, 2, 3]);
    await limits.givePermitsBack(workflow, 'a');
    await limits.givePermitsBack(workflow, 'a');
    expect(await limits.takePermits(workflow, { ...wish, lease: 'd', count: 5 })).toBe(taken[2] === 3 ? 3 : 5);
    const later = { ...wish, nowMs: startMs + 90_001, untilMs: startMs + 180_000 };
    expect(await limits.takePermits(workflow, { ...later, lease: 'e', count: 9 })).toBe(5);
    expect(await limits.takePermits(workflow, { ...later, lease: 'f', count: 1 })).toBe(0);
  });
});

describe('a process', () => {
  test('pays a tenth of a write for a token while it uses many', async () => {
    const limits = makeFakeRunLimits();
    let nowMs = startMs;
    const limiter = makeRunLimiter(limits, () => nowMs, randomUUID);
    for (let run = 0; run < 1000; run++) {
      nowMs += 10;
      const { granted } = await limiter.begin('busy', { perSecond: 200, wanted: 1, isNew: true });
      expect(granted).toBe(1);
    }
    expect(limits.writes).toBeLessThanOrEqual(1000 / 10 + 5);
  });

  test('keeps the rate to a second’s worth, whatever the number of processes, and none waits under it', async () => {
    const limits = makeFakeRunLimits();
    let nowMs = startMs;
    const processes = Array.from({ length: 8 }, () => makeRunLimiter(limits, () => nowMs, randomUUID));
    const perSecond = 20;
    const begun: number[] = [];
    const waiting: number[] = [];
    // Twice the rate for a minute, at random processes.
    for (let i = 0; i < 60 * 40; i++) {
      nowMs = startMs + i * 25;
      for (let due = waiting.length - 1; due >= 0; due--) {
        if ((waiting[due] as number) > nowMs) continue;
        waiting.splice(due, 1);
        await run(false, i + due);
      }
      await run(true, i);
    }
    async function run(isNew: boolean, which: number) {
      const limiter = processes[(which * 7) % processes.length] as (typeof processes)[number];
      const { granted, retryAfterSeconds } = await limiter.begin('w', { perSecond, wanted: 1, isNew });
      if (granted === 1) begun.push(nowMs);
      else waiting.push(nowMs + retryAfterSeconds * 1000);
    }
    for (let second = 0; second < 55; second += 5) {
      const from = startMs + second * 1000;
      const within = begun.filter((at) => at >= from && at < from + 5000).length;
      // A second's worth more, and what processes have leased.
      expect(within).toBeLessThanOrEqual(5 * perSecond + perSecond + 10 * processes.length);
      expect(within).toBeGreaterThanOrEqual(0.8 * 5 * perSecond);
    }
    expect(begun.length).toBeLessThanOrEqual(61 * perSecond + 10 * processes.length);
  });

  test('gives its permits on from call to call, and back when it has none under way', async () => {
    const limits = makeFakeRunLimits();
    const limiter = makeRunLimiter(limits, () => startMs, randomUUID);
    let underWay = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const permit = await limiter.enter('w', 4);
        if (permit === undefined) throw new Error('no permit');
        most = Math.max(most, ++underWay);
        await new Promise((later) => setImmediate(later));
        underWay--;
        await limiter.leave('w', permit);
      }),
    );
    expect([most, limits.writes]).toEqual([4, expect.any(Number)]);
    expect(limits.writes).toBeLessThanOrEqual(4);
    const other = makeRunLimiter(limits, () => startMs, randomUUID);
    const all = await Promise.all([1, 2, 3, 4].map(() => other.enter('w', 4)));
    expect(all.every((permit) => permit !== undefined)).toBe(true);
    expect(await limiter.enter('w', 4)).toBeUndefined();
  });
});
