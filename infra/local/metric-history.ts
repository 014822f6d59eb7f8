import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import * as z from 'zod';
import type { MetricValues } from './metrics.ts';

/** The values of a metric in one minute. */
export type MinuteValues = { minuteMs: number; sum: number; max: number };

export type MetricName = { namespace: string; name: string; dimensions: Record<string, string> };

/**
 * Metrics by minute, like CloudWatch, but only sums and the highest. Each addition is appended to a file before
 * anything else happens, so a kill of the process loses none. (A crash of the machine may lose the
 * last seconds: it does not wait for the disk to confirm.)
 */
export type MetricHistory = {
  /** Adds one line's metrics; they are in the file when this returns. */
  add(values: MetricValues[]): void;
  /**
   * Minutes with a value, from `sinceMs` until before `untilMs`, oldest first. The dimensions must be
   * exactly these.
   */
  minutes(metric: MetricName, range: { sinceMs: number; untilMs: number }): MinuteValues[];
  close(): void;
};

/** Where the functions' counts are. */
const ours = 'Signalbox';

const minuteLengthMs = 60_000;
// The longest retention of rows; older counts have no rows to be compared with.
const keptMs = 90 * 86_400_000;
// An addition has about 100 bytes, a day's sums about 100 KB.
const appendedBytesMax = 16 * 1024 * 1024;

// [metric, minute, sum, highest]; short, since there is one per request. Without the highest it is the sum.
const Addition = z.tuple([z.string(), z.number(), z.number(), z.number().optional()]);
type Addition = z.infer<typeof Addition>;
type Values = { sum: number; max: number };

/** @param file absent: metrics end with the process */
export function openMetricHistory(file: string | undefined, { nowMs = Date.now, bytesMax = appendedBytesMax } = {}) {
  const metrics = new Map<string, Map<number, Values>>();
  const addOne = (key: string, minute: number, sum: number, max = sum) => {
    let minutes = metrics.get(key);
    if (minutes === undefined) {
      minutes = new Map();
      metrics.set(key, minutes);
    }
    const before = minutes.get(minute);
    minutes.set(
      minute,
      before === undefined ? { sum, max } : { sum: before.sum + sum, max: Math.max(before.max, max) },
    );
  };
  if (file !== undefined && existsSync(file)) {
    for (const line of readFileSync(file, 'utf8').split('\n'))
      for (const addition of readLine(line)) addOne(...addition);
  }
  let appender = file === undefined ? undefined : rewrite(file, metrics, nowMs());

  const history: MetricHistory = {
    add(values) {
      const additions = values.map(({ namespace = ours, name, dimensions, timeMs, values: numbers }): Addition => {
        const values = { sum: numbers.reduce((sum, value) => sum + value, 0), max: Math.max(...numbers) };
        return additionOf(metricKey({ namespace, name, dimensions }), Math.floor(timeMs / minuteLengthMs), values);
      });
      for (const addition of additions) addOne(...addition);
      if (file === undefined || appender === undefined) return;
      // One write for the whole line: a kill keeps all of it or none.
      appender.bytes += writeSync(appender.descriptor, `${JSON.stringify(additions)}\n`);
      if (appender.bytes < bytesMax) return;
      closeSync(appender.descriptor);
      appender = rewrite(file, metrics, nowMs());
    },
    minutes(metric, { sinceMs, untilMs }) {
      return [...(metrics.get(metricKey(metric)) ?? [])]
        .map(([minute, values]) => ({ minuteMs: minute * minuteLengthMs, ...values }))
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

function metricKey({ namespace, name, dimensions }: MetricName): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace === ours ? name : `${namespace} ${name}`, ...sorted]);
}

function additionOf(key: string, minute: number, { sum, max }: Values): Addition {
  return max === sum ? [key, minute, sum] : [key, minute, sum, max];
}

/**
 * If the machine stopped, the last line may be half written. No caller was told that it was
 * written.
 */
function readLine(line: string): Addition[] {
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
function rewrite(file: string, metrics: Map<string, Map<number, Values>>, nowMs: number) {
  const oldest = Math.floor((nowMs - keptMs) / minuteLengthMs);
  const lines: string[] = [];
  for (const [key, minutes] of metrics) {
    for (const minute of minutes.keys()) if (minute < oldest) minutes.delete(minute);
    lines.push(`${JSON.stringify([...minutes].map(([minute, values]) => additionOf(key, minute, values)))}\n`);
  }
  writeFileSync(`${file}.new`, lines.join(''));
  renameSync(`${file}.new`, file);
  return { descriptor: openSync(file, 'a'), bytes: 0 };
}
