import type { Environment } from '../environment.ts';
import { iso } from '../words/iso.ts';
import { readCounts } from './read-counts.ts';

/** What came in, was processed, and failed, over time; one number per part. */
export type Flow = {
  step_seconds: number;
  /** When each part begins, oldest first. */
  times: string[];
  accepted: number[];
  /** Events that came to an end without a fault: with actions, without a mapping, or as a copy. */
  processed: number[];
  /** Events that were rejected or given up, and actions that failed for good. */
  failed: number[];
};

const metrics = {
  accepted: ['EventsAccepted'],
  processed: ['EventsProcessed', 'EventsUnmapped', 'EventsDuplicate'],
  failed: ['EventsRejected', 'EventsFailed', 'ActionsFailed'],
} as const;

// CloudWatch keeps minutes for 15 days, and five minutes for 63.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const steps: { longestMs: number; seconds: number }[] = [
  { longestMs: 2 * 3_600_000, seconds: 60 },
  { longestMs: 12 * 3_600_000, seconds: 300 },
  { longestMs: 2 * 86_400_000, seconds: 900 },
  { longestMs: 8 * 86_400_000, seconds: 3_600 },
  { longestMs: Number.POSITIVE_INFINITY, seconds: 6 * 3_600 },
];

/** Reads the counts of the functions over time: seven queries of one call. On AWS they can be three minutes late. */
export async function readFlow(
  environment: Environment,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): Promise<Flow> {
  const seconds = steps.find(({ longestMs }) => untilMs - sinceMs <= longestMs)?.seconds ?? 3_600;
  const stepMs = seconds * 1_000;
  const fromMs = Math.floor(sinceMs / stepMs) * stepMs;
  const toMs = Math.ceil((untilMs + 1) / stepMs) * stepMs;
  const names = Object.values(metrics).flat();
  const queries = names.map((name) => ({ name }));
  const range = { sinceMs: fromMs, untilMs: toMs, periodSeconds: seconds };
  const read = await readCounts(await environment.metrics(), environment.name, queries, range);
  const starts = Array.from({ length: (toMs - fromMs) / stepMs }, (_, i) => fromMs + i * stepMs);
  const series = (of: readonly string[]) =>
    starts.map((start) => of.reduce((sum, name) => sum + (read[names.indexOf(name as never)]?.get(start) ?? 0), 0));
  return {
    step_seconds: seconds,
    times: starts.map(iso),
    accepted: series(metrics.accepted),
    processed: series(metrics.processed),
    failed: series(metrics.failed),
  };
}
