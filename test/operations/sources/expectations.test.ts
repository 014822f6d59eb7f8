import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { SourceFile } from '../../../shared/core/configuration/schema.ts';
import { checkExpectations } from '../../../shared/operations/sources/expectations.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';

const minute = 60_000;
const hour = 60 * minute;
const week = 7 * 24 * hour;

let environment: TestEnvironment;
// Twenty minutes past a full hour.
let nowMs = Math.floor(Date.now() / hour) * hour - 60 * 24 * hour + 20 * minute;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment.stop());
beforeEach(() => {
  nowMs += 2 * week;
});

function accept(source: string, agoMs: number, times = 1): void {
  const dimensions = { environment: environment.name, source };
  environment.history.add([
    { name: 'EventsAccepted', unit: 'Count', timeMs: nowMs - agoMs, values: [times], dimensions },
  ]);
}

const sourcesWith = (expected: Record<string, object | undefined>) => ({
  sources: Object.fromEntries(
    Object.entries(expected).map(([key, expect]) => [key, SourceFile.parse({ kind: 'http', name: key, expect })]),
  ),
});
const check = (expected: Record<string, object | undefined>) =>
  checkExpectations(environment, sourcesWith(expected), nowMs);

test.each([
  ['30m', 29 * minute, false],
  ['30m', 32 * minute, true],
  ['1d', 23 * hour, false],
  ['1d', 24 * hour + 2 * minute, true],
  ['2d', 46 * hour, false],
  ['2d', 50 * hour, true],
  ['7d', 6 * 24 * hour, false],
])('a source that is to send every %s, %d ms after its last event: silent %p', async (every, agoMs, silent) => {
  accept('shop', agoMs);
  const { silence } = await check({ shop: { every } });
  expect(silence).toMatchObject([{ source: 'shop', expectedEvery: every, silent }]);
});

test('a source that never sent is silent, and its last event is none', async () => {
  expect((await check({ never: { every: '1h' } })).silence).toEqual([
    { source: 'never', lastEventAt: null, expectedEvery: '1h', silent: true },
  ]);
});

test('the last event is told to the minute', async () => {
  accept('shop', 5 * minute + 10);
  const { silence } = await check({ shop: { every: '1h' } });
  expect(silence[0]?.lastEventAt).toBe(new Date(nowMs - 6 * minute).toISOString());
});

test.each([
  [100, 100, 1, false],
  [20, 100, 0.2, false],
  [19, 100, 0.19, true],
  [500, 100, 5, false],
  [501, 100, 5.01, true],
  [0, 100, 0, true],
  // Too few to say anything.
  [0, 9, 0, false],
  [9, 1, 9, false],
  // Nothing to compare with.
  [1000, 0, null, false],
])('%d events after %d a week before: ratio %p, unusual %p', async (now, before, ratio, unusual) => {
  // The last full hour ended twenty minutes ago.
  if (now > 0) accept('shop', 30 * minute, now);
  if (before > 0) accept('shop', 30 * minute + week, before);
  accept('shop', 10 * minute, 77);
  const { volume } = await check({ shop: { volume: '0.2..5' } });
  expect(volume).toEqual([
    { source: 'shop', thisHour: now, sameHourLastWeek: before, ratio, expected: '0.2..5', unusual },
  ]);
});

test('what is expected in other environments, or not at all, is not asked of CloudWatch', async () => {
  const refusing = { metrics: async (): Promise<CloudWatchClient> => Promise.reject(new Error('asked')) };
  const { sources } = sourcesWith({
    a: undefined,
    b: { every: '1h', volume: '0.5..2', in: ['production'] },
  });
  const nothing = { silence: [], volume: [] };
  expect(await checkExpectations({ ...environment, ...refusing }, { sources }, nowMs)).toEqual(nothing);
  await expect(
    checkExpectations({ ...environment, ...refusing, name: 'production' }, { sources }, nowMs),
  ).rejects.toThrow('asked');
});

test.each([
  [{}, 'must have every, volume or both'],
  [{ every: 60 }, 'expected string'],
  [{ every: '90' }, 'must be a number and m, h or d'],
  [{ every: '1m' }, 'must be 5m to 7d'],
  [{ every: '8d' }, 'must be 5m to 7d'],
  [{ every: '36h' }, 'must be whole days beyond one day'],
  [{ volume: '5' }, 'must be two numbers with two dots between'],
  [{ volume: '2..5' }, 'must have 1 between its ends'],
  [{ volume: '1..1' }, 'must have 1 between its ends'],
  [{ every: '1h', in: [] }, 'must name an environment; leave it out for all'],
  [{ every: '1h', often: true }, 'Unrecognized key'],
])('a file with %j is refused: %s', (expected, problem) => {
  const read = SourceFile.safeParse({ kind: 'http', name: 'x', expect: expected });
  expect(read.error?.issues.map(({ message }) => message).join()).toContain(problem);
});
