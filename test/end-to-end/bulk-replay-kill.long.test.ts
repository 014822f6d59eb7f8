import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listJobs } from '../../shared/operations/jobs/jobs.ts';
import { exact, type PaidStack, startPaidStack } from '../support/paid-stack.ts';

/*
 * The night of a broken target: thousands of events fail, their target is mended, and one command replays them. Its process is killed in the
 * middle, and another one goes on. The target counts what it gets.
 */

// Ten thousand, as `.ci/nightly` has them, take five minutes: SIGNALBOX_EVENTS=10000 npm run test:long -- test/end-to-end/bulk-replay-kill.
const eventsCount = Number(process.env.SIGNALBOX_EVENTS ?? 600);

let stack: PaidStack;
let isBroken = true;

beforeAll(async () => {
  const onReceipt = (response: ServerResponse) => {
    if (isBroken) response.writeHead(410).end('gone');
    return isBroken;
  };
  stack = await startPaidStack({ usersCount: 200, onReceipt });
});
afterAll(() => stack?.stop());

/** The most memory that a process has had, as Linux tells it; 0 elsewhere. */
function peakMegabytes({ pid }: ChildProcess): number {
  const file = `/proc/${pid}/status`;
  const line = existsSync(file) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8')) : undefined;
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}

describe(`${eventsCount} events that failed`, () => {
  beforeAll(async () => {
    await stack.send(stack.users());
    await stack.runtime.idle(60_000);
    await stack.send(stack.paid(eventsCount));
    await stack.runtime.idle(900_000);
    expect([stack.unequal('note', eventsCount), stack.taken.receipt.size]).toEqual([exact, 0]);
    isBroken = false;
  }, 1_000_000);

  test('are replayed by one command whose process is killed in the middle: none is missing, and none runs twice', async () => {
    const beganMs = performance.now();
    const filter = ['--status', 'failed', '--workflow', 'receipt', '--since', '2h'];
    const first = stack.start(['replay', ...filter, '--yes', '-m', 'the target is mended']);
    const job = async () => (await listJobs(stack.environment.configuration))[0];
    const done = async () => Object.values((await job())?.counts ?? {}).reduce((sum, count) => sum + count, 0);
    while ((await done()) < eventsCount / 2) await sleep(20);
    const peaks = [peakMegabytes(first.child)];
    first.child.kill('SIGKILL');
    expect((await first.ended).code).toBe(null);
    const killed = await job();
    expect(killed).toMatchObject({ state: 'running', total: eventsCount });

    const resumedMs = performance.now();
    const second = stack.start(['jobs', 'resume', String(killed?.id), '--json']);
    const watching = setInterval(() => peaks.push(peakMegabytes(second.child)), 200);
    const { code, stdout } = await second.ended;
    clearInterval(watching);
    expect(code).toBe(0);
    // Not one is counted as skipped that the dead process had sent.
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'done',
      counts: { replayed: eventsCount, skipped: 0, failed: 0 },
    });
    const seconds = (performance.now() - resumedMs) / 1000;
    await stack.runtime.idle(900_000);
    expect(stack.unequal('receipt', eventsCount)).toEqual(exact);
    expect(stack.unequal('note', eventsCount)).toEqual(exact);
    console.log(
      `${eventsCount} events: half in ${((resumedMs - beganMs) / 1000).toFixed(1)} s, the rest in ${seconds.toFixed(1)} s with the wait for the dead process, all runs after ${((performance.now() - beganMs) / 1000).toFixed(1)} s; at most ${Math.max(...peaks)} MB`,
    );
  }, 1_800_000);

  test('are accounted for: verify balances, and nothing is left to replay', async () => {
    expect(await stack.verify()).toMatchObject({ balanced: true, actions: { lost: 0 } });
    const preview = await stack.signalbox(['replay', '--status', 'failed', '--since', '2h', '--dry-run', '--json']);
    expect(JSON.parse(preview)).toMatchObject({ matching: 0, would_replay: 0 });
  });
});
