import type { Environment } from '../environment.ts';
import { type CountByPeriod, type CountQuery, readCounts } from '../metrics/read-counts.ts';

/** The counts that the stages of the pipeline show. docs/alarms.md explains each. */
const names = [
  'EventsAccepted',
  'RequestsRefused',
  'UrlsRefused',
  'SignaturesRefused',
  'RequestsFailed',
  'EventsUnanswered',
  'KeysRefused',
  'EventsProcessed',
  'EventsUnmapped',
  'EventsDuplicate',
  'EventsRejected',
  'EventsFailed',
  'ActionsSucceeded',
  'ActionsSkipped',
  'ActionsFailed',
  'ActionsRetried',
  'TargetCalls',
  'TargetFailures',
  'DeadLetters',
  'ConfigurationUnreadable',
] as const;
export type CountName = (typeof names)[number];

/** A count within the range; `sinceMs` is the minute of the first one, absent when there is none. */
export type Counted = { total: number; sinceMs?: number; lastMs?: number };
export type Counts = Record<CountName, Counted>;

export type CountsOfRange = { environment: Counts; sources: Map<string, Counts> };

const minuteMs = 60_000;

/**
 * What the functions counted in the range, for the environment and for each source, in one call for
 * up to 24 sources.
 */
export async function readAllCounts(
  environment: Environment,
  sources: readonly string[],
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): Promise<CountsOfRange> {
  const of: Omit<CountQuery, 'name'>[] = [{}, ...sources.map((source) => ({ source }))];
  const queries = of.flatMap((narrower) => names.map((name) => ({ name, ...narrower })));
  const range = {
    sinceMs: Math.floor(sinceMs / minuteMs) * minuteMs,
    untilMs: Math.ceil((untilMs + 1) / minuteMs) * minuteMs,
    periodSeconds: 60,
  };
  const read = await readCounts(await environment.metrics(), environment.name, queries, range);
  const countsAt = (i: number) =>
    Object.fromEntries(names.map((name, n) => [name, sumOf(read[i * names.length + n] ?? new Map())])) as Counts;
  return {
    environment: countsAt(0),
    sources: new Map(sources.map((source, i) => [source, countsAt(i + 1)])),
  };
}

export function sumOf(periods: CountByPeriod): Counted {
  const counted = [...periods].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  const [first] = counted;
  const last = counted.at(-1);
  return { total, ...(first && last && { sinceMs: first[0], lastMs: last[0] }) };
}
