import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { type MetricHistory, openMetricHistory } from '../../../infra/local/metric-history.ts';
import { makeMetricCounters } from '../../../infra/local/metrics.ts';
import { makeStageMetrics } from '../../../shared/lambda/metrics.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-metrics-'));
const minute = Date.parse('2026-05-04T10:00:00Z');
const always = { sinceMs: 0, untilMs: 2 ** 45 };
let files = 0;
const freshFile = () => join(directory, `${files++}.ndjson`);
const opened: MetricHistory[] = [];
afterEach(() => {
  for (const history of opened.splice(0)) history.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const open = (file: string | undefined, options: Parameters<typeof openMetricHistory>[1] = {}) => {
  const history = openMetricHistory(file, { nowMs: () => minute + 3_600_000, ...options });
  opened.push(history);
  return history;
};

/** Counts through the very module that functions use. */
function accept(history: MetricHistory, atMs: number, events: number, source = 'stripe') {
  const counters = makeMetricCounters(history);
  const stage = makeStageMetrics('test', (line) => expect(counters.take(line)).toBe(true));
  stage.countAt(atMs, source, 'EventsAccepted', events);
  stage.flush();
}
const acceptedBy = (history: MetricHistory, dimensions: Record<string, string>, range = always) =>
  history
    .minutes({ namespace: 'Signalbox', name: 'EventsAccepted', dimensions }, range)
    .map(({ minuteMs, sum }) => ({ minuteMs, sum }));

describe('a history of metrics', () => {
  test('adds up minutes of the moment that a count is of, per source and for the environment', () => {
    const history = open(undefined);
    accept(history, minute + 59_999, 2);
    accept(history, minute, 1);
    accept(history, minute + 60_000, 4, 'segment');
    expect(acceptedBy(history, { environment: 'test', source: 'stripe' })).toEqual([{ minuteMs: minute, sum: 3 }]);
    expect(acceptedBy(history, { source: 'segment', environment: 'test' })).toEqual([
      { minuteMs: minute + 60_000, sum: 4 },
    ]);
    expect(acceptedBy(history, { environment: 'test' }).map(({ sum }) => sum)).toEqual([3, 4]);
    expect(acceptedBy(history, { environment: 'other' })).toEqual([]);
  });

  test('a range has its first minute and not its last', () => {
    const history = open(undefined);
    for (const i of [0, 1, 2]) accept(history, minute + i * 60_000, 1 + i);
    const range = { sinceMs: minute + 60_000, untilMs: minute + 120_000 };
    expect(acceptedBy(history, { environment: 'test' }, range)).toEqual([{ minuteMs: minute + 60_000, sum: 2 }]);
  });

  test('has additions in its file before any answer: a killed process closes nothing', () => {
    const file = freshFile();
    accept(open(file), minute, 2);
    accept(open(file), minute, 3);
    expect(acceptedBy(open(file), { environment: 'test', source: 'stripe' })).toEqual([{ minuteMs: minute, sum: 5 }]);
  });

  test('keeps the highest value of a minute, also when the file is opened again', () => {
    const file = freshFile();
    const metric = { name: 'EventsReturnedMs', unit: 'Milliseconds', dimensions: { environment: 'test' } };
    open(file).add([{ ...metric, timeMs: minute, values: [4, 9, 1] }]);
    open(file).add([{ ...metric, timeMs: minute, values: [7] }]);
    open(file);
    expect(open(file).minutes({ ...metric, namespace: 'Signalbox' }, always)).toEqual([
      { minuteMs: minute, sum: 21, max: 9 },
    ]);
  });

  test('a line that a crash cut off costs that line alone', () => {
    const file = freshFile();
    accept(open(file), minute, 2);
    appendFileSync(file, '[["[\\"EventsAcc');
    accept(open(file), minute, 3);
    expect(acceptedBy(open(file), { environment: 'test' })).toEqual([{ minuteMs: minute, sum: 5 }]);
  });

  test('the file stays small: additions are folded into sums, which loses none', () => {
    const file = freshFile();
    const history = open(file, { bytesMax: 2_000 });
    for (let i = 0; i < 500; i++) accept(history, minute, 1);
    expect(statSync(file).size).toBeLessThan(3_000);
    expect(acceptedBy(open(file), { environment: 'test' })).toEqual([{ minuteMs: minute, sum: 500 }]);
  });

  test('forgets what is older than any row', () => {
    const file = freshFile();
    accept(open(file), minute - 91 * 86_400_000, 1);
    accept(open(file), minute - 89 * 86_400_000, 1);
    expect(acceptedBy(open(file), { environment: 'test' })).toHaveLength(1);
    expect(readFileSync(file, 'utf8')).not.toContain(String((minute - 91 * 86_400_000) / 60_000));
  });
});
