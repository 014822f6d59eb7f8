import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import * as z from 'zod';
import type { MetricValues } from './metrics.ts';

/** The sum of a metric in one minute. */
export type MinuteSum = { minuteMs: number; sum: number };

/**
 * Metrics by minute, like CloudWatch, but only sums. Each addition is appended to a file before
 * anything else happens, so a kill of the process loses none. (A crash of the machine may lose the
 * last seconds: it does not wait for the disk to confirm.)
 */
export type MetricHistory = {
  /** Adds one line's metrics; they are in the file when this returns. */
  add(values: MetricValues[]): void;
  /**
   * Minutes with a sum, from `sinceMs` until before `untilMs`, oldest first. The dimensions must be
   * exactly these.
   */
  sums(name: string, dimensions: Record<string, string>, range: { sinceMs: number; untilMs: number }): MinuteSum[];
  close(): void;
};

const minuteLengthMs = 60_000;
// The longest retention of rows; older counts have no rows to be compared with.
const keptMs = 90 * 86_400_000;
// An addition has about 100 bytes, a day's sums about 100 KB.
const appendedBytesMax = 16 * 1024 * 1024;

// [metric, minute, sum]; short, since there is one per request.
const Addition = z.tuple([z.string(), z.number(), z.number()]);

/** @param file absent: metrics end with the process */
export function openMetricHistory(file: string | undefined, { nowMs = Date.now, bytesMax = appendedBytesMax } = {}) {
  const metrics = new Map<string, Map<number, number>>();
  const addOne = (key: string, minute: number, sum: number) => {
    let minutes = metrics.get(key);
    if (minutes === undefined) {
      minutes = new Map();
      metrics.set(key, minutes);
    }
    minutes.set(minute, (minutes.get(minute) ?? 0) + sum);
  };
  if (file !== undefined && existsSync(file)) {
    for (const line of readFileSync(file, 'utf8').split('\n'))
      for (const addition of readLine(line)) addOne(...addition);
  }
  let appender = file === undefined ? undefined : rewrite(file, metrics, nowMs());

  const history: MetricHistory = {
    add(values) {
      const additions = values.map(
        ({ name, dimensions, timeMs, values: numbers }): z.infer<typeof Addition> => [
          metricKey(name, dimensions),
          Math.floor(timeMs / minuteLengthMs),
          numbers.reduce((sum, value) => sum + value, 0),
        ],
      );
      for (const addition of additions) addOne(...addition);
      if (file === undefined || appender === undefined) return;
      // One write for the whole line: a kill keeps all of it or none.
      appender.bytes += writeSync(appender.descriptor, `${JSON.stringify(additions)}\n`);
      if (appender.bytes < bytesMax) return;
      closeSync(appender.descriptor);
      appender = rewrite(file, metrics, nowMs());
    },
    sums(name, dimensions, { sinceMs, untilMs }) {
      return [...(metrics.get(metricKey(name, dimensions)) ?? [])]
        .map(([minute, sum]) => ({ minuteMs: minute * minuteLengthMs, sum }))
        .filter(({ minuteMs }) => minuteMs >= sinceMs && minuteMs < untilMs)
        .sort((a, b) => a.minuteMs - b.minuteMs);
    },
    close() {
      if (appender !== undefined) closeSync(appender.descriptor);
      appender = undefined;
    },
  };
  return history;
}

function metricKey(name: string, dimensions: Record<string, string>): string {
  return JSON.stringify([name, ...Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/**
 * If the machine stopped, the last line may be half written. No caller was told that it was
 * written.
 */
function readLine(line: string): z.infer<typeof Addition>[] {
  if (line === '') return [];
  try {
    return z.array(Addition).parse(JSON.parse(line));
  } catch {
    return [];
  }
}

/**
 * Replaces additions by their sums. The new file is written beside the old one and renamed, so a
 * kill leaves one of them complete.
 */
function rewrite(file: string, metrics: Map<string, Map<number, number>>, nowMs: number) {
  const oldest = Math.floor((nowMs - keptMs) / minuteLengthMs);
  const lines: string[] = [];
  for (const [key, minutes] of metrics) {
    for (const minute of minutes.keys()) if (minute < oldest) minutes.delete(minute);
    lines.push(`${JSON.stringify([...minutes].map(([minute, sum]) => [key, minute, sum]))}\n`);
  }
  writeFileSync(`${file}.new`, lines.join(''));
  renameSync(`${file}.new`, file);
  return { descriptor: openSync(file, 'a'), bytes: 0 };
}
