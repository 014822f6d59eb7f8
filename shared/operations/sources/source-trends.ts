import type { Environment } from '../environment.ts';
import { readCounts } from '../metrics/read-counts.ts';
import { iso } from '../words/iso.ts';

/** Accepted events of each source over time, oldest part first. */
export type SourceTrends = { since: string; step_seconds: number; sources: Record<string, number[]> };

const stepSeconds = 3_600;
const steps = 24;

/** The last day by the hour: one query per source, in one call. On AWS a count can be three minutes late. */
export async function sourceTrends(
  environment: Environment,
  sources: readonly string[],
  nowMs: number,
): Promise<SourceTrends> {
  const untilMs = Math.ceil((nowMs + 1) / (1_000 * stepSeconds)) * 1_000 * stepSeconds;
  const sinceMs = untilMs - 1_000 * stepSeconds * steps;
  const queries = sources.map((source) => ({ name: 'EventsAccepted', source }));
  const range = { sinceMs, untilMs, periodSeconds: stepSeconds };
  const counts =
    queries.length === 0 ? [] : await readCounts(await environment.metrics(), environment.name, queries, range);
  const partsOf = (i: number) =>
    Array.from({ length: steps }, (_, step) => counts[i]?.get(sinceMs + step * 1_000 * stepSeconds) ?? 0);
  return {
    since: iso(sinceMs),
    step_seconds: stepSeconds,
    sources: Object.fromEntries(sources.map((source, i) => [source, partsOf(i)])),
  };
}
