import { expect, test } from '@jest/globals';
import { endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { answerBatchInTime, inTime } from '../../shared/lambda/in-time.ts';
import { eventRecord, rawEvent } from '../support/build.ts';
import { makeKeptLog } from '../support/function-log.ts';

const contextWith = (milliseconds: number) => ({ getRemainingTimeInMillis: () => milliseconds });

test('a loop without I/O sees its deadline, though no timer can run', async () => {
  const rounds = await inTime(contextWith(1_030), 1_000, async ({ isOver }) => {
    let count = 0;
    while (!isOver()) count++;
    return count;
  });
  expect(rounds).toBeGreaterThan(0);
});

test('work that ends in time is not touched, also when its time passes later', async () => {
  const { signal } = await inTime(contextWith(1_010), 1_000, async (deadline) => deadline);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(signal.aborted).toBe(false);
});

test('a batch whose work never ends comes back whole, with a line and its counts', async () => {
  const log = makeKeptLog();
  let flushes = 0;
  const Records = [eventRecord(rawEvent()), eventRecord(rawEvent())];
  const batch = { Records, log, metrics: { flush: () => void flushes++ }, endCallsWith };
  const answer = await answerBatchInTime(contextWith(0), batch, () => new Promise(() => {}));
  expect(answer.batchItemFailures).toEqual(Records.map(({ messageId }) => ({ itemIdentifier: messageId })));
  expect(log.lines).toMatchObject([{ level: 'warn', message: 'a batch ran out of time', records: 2 }]);
  expect(flushes).toBe(1);
});
