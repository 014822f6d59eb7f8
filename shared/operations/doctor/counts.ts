import type { Environment } from '../environment.ts';
import { type CountByPeriod, type Counted, type CountQuery, readCounts, sumOf } from '../metrics/read-counts.ts';
import { type RefusalRow, unknownSource } from '../refusals/refusals.ts';

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

/** `EventsOfErased`: those of `EventsRejected` whose person was erased, so they were refused on purpose. */
export type Counts = Record<CountName | 'EventsOfErased', Counted>;

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
  const erased = sources.map((source): CountQuery => ({ name: 'EventsRejected', source, reason: 'person_erased' }));
  const queries = [...of.flatMap((narrower) => names.map((name) => ({ name, ...narrower }))), ...erased];
  const range = {
    sinceMs: Math.floor(sinceMs / minuteMs) * minuteMs,
    untilMs: Math.ceil((untilMs + 1) / minuteMs) * minuteMs,
    periodSeconds: 60,
  };
  const read = await readCounts(await environment.metrics(), environment.name, queries, range);
  const countsAt = (i: number) =>
    Object.fromEntries(names.map((name, n) => [name, sumOf(read[i * names.length + n] ?? new Map())])) as Record<
      CountName,
      Counted
    >;
  const ofErased = read.slice(of.length * names.length);
  return {
    // Counts by reason are those of a source; no metric sums them over all.
    environment: { ...countsAt(0), EventsOfErased: sumOf(merged(ofErased)) },
    sources: new Map(
      sources.map((source, i) => [source, { ...countsAt(i + 1), EventsOfErased: sumOf(ofErased[i] ?? new Map()) }]),
    ),
  };
}

function merged(counts: readonly CountByPeriod[]): CountByPeriod {
  const sums: CountByPeriod = new Map();
  for (const [period, count] of counts.flatMap((one) => [...one])) sums.set(period, (sums.get(period) ?? 0) + count);
  return sums;
}

/** What was refused or answered 503, of which sources. A request whose URL names no source is of none of them. */
export function refusedBy({ environment, sources }: CountsOfRange): Pick<RefusalRow, 'source' | 'outcome'>[] {
  const all = [
    ['refused', 'RequestsRefused'],
    ['unanswered', 'RequestsFailed'],
  ] as const;
  return all.flatMap(([outcome, name]) => {
    const of = [...sources].filter(([, counts]) => counts[name].total > 0);
    const known = of.reduce((sum, [, counts]) => sum + counts[name].total, 0);
    const found = of.map(([source]) => ({ source, outcome }));
    return environment[name].total > known ? [...found, { source: unknownSource, outcome }] : found;
  });
}
