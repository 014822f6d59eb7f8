import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exact, type PaidStack, startPaidStack } from '../support/paid-stack.ts';

/*
 * A target that takes ten runs a second, and two at a time. Its workflow says so, and the target looks whether it is kept, on the whole
 * stack with the roles of its functions.
 */

const eventsCount = 150;
const perSecond = 10;
const concurrent = 2;
const usersCount = 20;

let stack: PaidStack;
/** When each receipt came, and how many requests for receipts were open at most. */
const receivedMs: number[] = [];
let open = 0;
let mostOpen = 0;

beforeAll(async () => {
  const onReceipt = async (response: ServerResponse) => {
    receivedMs.push(Date.now());
    mostOpen = Math.max(mostOpen, ++open);
    response.on('close', () => open--);
    await sleep(50);
    return false;
  };
  const receipt = { max_per_second: perSecond, max_concurrent: concurrent };
  stack = await startPaidStack({ usersCount, receipt, onReceipt });
});
afterAll(() => stack?.stop());

describe(`${eventsCount} events at once, for a workflow with limits`, () => {
  beforeAll(async () => {
    await stack.send(stack.users());
    await stack.runtime.idle(60_000);
    await stack.send(stack.paid(eventsCount));
    await stack.runtime.idle(300_000);
  }, 400_000);

  test('begin no more runs than a second’s worth beyond the rate, no more calls at a time, and each run once', () => {
    expect(stack.unequal('receipt', eventsCount)).toEqual(exact);
    for (const from of receivedMs) {
      const within = receivedMs.filter((at) => at >= from && at < from + 5000).length;
      // A second's worth at once, and the ten tokens that the process leases.
      expect(within).toBeLessThanOrEqual(5 * perSecond + perSecond + 10);
    }
    expect(mostOpen).toBeLessThanOrEqual(concurrent);
  });

  test('use up no attempt, and are accounted for', async () => {
    const rows = JSON.parse(await stack.signalbox(['actions', '--workflow', 'receipt', '--all', '--json']));
    expect(rows.length).toBe(eventsCount);
    for (const { status, attempts } of rows) expect([status, attempts]).toEqual(['succeeded', 1]);
    expect(await stack.verify()).toMatchObject({ balanced: true, actions: { pending: [], lost: 0 } });
  });
});
