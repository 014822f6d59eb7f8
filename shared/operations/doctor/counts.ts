import type { Environment } from '../environment.ts';
import { type Counted, type CountQuery, readCounts, sumOf } from '../metrics/read-counts.ts';

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
