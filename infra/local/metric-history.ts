import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import * as z from 'zod';
import type { MetricValues } from './metrics.ts';

/** The sum of a metric in one minute. */
export type MinuteSum = { minuteMs: number; sum: number };

/**
 * Metrics by minute, as CloudWatch keeps them: sums only, which is what is asked of it here. Kept in a file to which each
 * addition is appended before anything else happens, so that a kill of the process loses none that was added. (A crash
 * of the machine may lose the last seconds: the disk is not asked to confirm.)
 */
export type MetricHistory = {
  /** Adds what one line says; it is in the file when this returns. */
  add(values: MetricValues[]): void;
  /** Minutes that have any, from `sinceMs` until before `untilMs`, oldest first. Dimensions must be exactly these. */
  sums(name: string, dimensions: Record<string, string>, range: { sinceMs: number; untilMs: number }): MinuteSum[];
  close(): void;
};

const minuteLengthMs = 60_000;
// As long as rows are kept at most; older counts have nothing left to be compared with.
const keptMs = 90 * 86_400_000;
// Additions are of about 100 bytes, the sums of a day of some 100 KB.
const appendedBytesMax = 16 * 1024 * 1024;

// [metric, minute, sum]; short, since there is one per request.
const Addition = z.tuple([z.string(), z.number(), z.number()]);

/** @param file absent: nothing outlives the process */
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
      // One write for the whole line: a kill leaves all of it or none.
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

/** The last line may be half written, when the machine stopped at it; nobody was told of what it would have said. */
function readLine(line: string): z.infer<typeof Addition>[] {
  if (line === '') return [];
  try {
    return z.array(Addition).parse(JSON.parse(line));
  } catch {
    return [];
  }
}

/** The sums in place of the additions that made them: written aside and renamed, so that a kill leaves either file whole. */
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
