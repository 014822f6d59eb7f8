import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countHeld } from '../../shared/operations/holds/held-triggers.ts';
import { listJobs } from '../../shared/operations/jobs/jobs.ts';
import { exact, type PaidStack, startPaidStack } from '../support/paid-stack.ts';

/*
 * A target goes down and its workflow is paused: a thousand runs are held. One command releases them; its process is killed in the middle,
 * and another one goes on while more events arrive. The target counts what it gets, and in which order.
 */

const eventsCount = 1_000;
const lateCount = 50;
const usersCount = 20;

let stack: PaidStack;
/** The numbers of the orders that each user got a receipt for, in the order in which the target took them. */
const order = new Map<string, number[]>();

beforeAll(async () => {
  const onRun = (user: string, number: number) => void order.set(user, [...(order.get(user) ?? []), number]);
  stack = await startPaidStack({ usersCount, onRun });
});
afterAll(() => stack?.stop());

const held = () => countHeld(stack.environment, 'receipt');

describe(`${eventsCount} events of a paused workflow`, () => {
  beforeAll(async () => {
    await stack.send(stack.users());
    await stack.runtime.idle(60_000);
    await stack.signalbox(['workflow', 'pause', 'receipt', '-m', 'its target is down']);
    await stack.send(stack.paid(eventsCount), 1);
    await stack.runtime.idle(600_000);
  }, 700_000);

  test('are held and counted, while another workflow of the same events runs', async () => {
    expect([stack.unequal('note', eventsCount), stack.taken.receipt.size]).toEqual([exact, 0]);
    expect((await held()).runs).toBe(eventsCount);
    const { findings } = JSON.parse((await stack.start(['doctor', '--json']).ended).stdout);
    expect(findings).toContainEqual(
      expect.objectContaining({ id: 'runs_held', workflow: 'receipt', count: eventsCount, severity: 'note' }),
    );
    expect(await stack.verify()).toMatchObject({ balanced: true, actions: { lost: 0 } });
  });

  test('are released by one command whose process is killed in the middle: none is missing, none runs twice, and each user gets them in order', async () => {
    const first = stack.start(['workflow', 'resume', 'receipt', '-m', 'the target is up again']);
    const job = async () => (await listJobs(stack.environment.configuration))[0];
    while ((await held()).runs > eventsCount / 2) await sleep(20);
    first.child.kill('SIGKILL');
    expect((await first.ended).code).toBe(null);
    const killed = await job();
    expect(killed).toMatchObject({ kind: 'release', state: 'running', total: eventsCount });

    // It is paused still: what arrives is held behind the others.
    await stack.send(stack.paid(lateCount, eventsCount), 1);
    await stack.runtime.idle(120_000);
    expect((await held()).runs).toBeGreaterThanOrEqual(lateCount);
    const { code, stdout } = await stack.start(['jobs', 'resume', String(killed?.id), '--json']).ended;
    const row = JSON.parse(stdout);
    expect([code, row.state, row.counts.failed]).toEqual([0, 'done', 0]);
    await stack.runtime.idle(600_000);
    expect(stack.unequal('receipt', eventsCount + lateCount)).toEqual(exact);
    for (const numbers of order.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect((await held()).runs).toBe(0);
  }, 900_000);

  test('are accounted for, and the next event runs at once', async () => {
    await stack.send(stack.paid(1, eventsCount + lateCount));
    await stack.runtime.idle(60_000);
    expect(stack.unequal('receipt', eventsCount + lateCount + 1)).toEqual(exact);
    expect(await stack.verify()).toMatchObject({ balanced: true, actions: { pending: [], lost: 0 } });
  });
});
