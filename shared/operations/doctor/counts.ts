import type { Environment } from '../environment.ts';
import { type Counted, type CountQuery, countQuery, sumOf } from '../metrics/read-counts.ts';
import { added, readMetrics } from '../metrics/read-metrics.ts';
import { type RefusalRow, unknownSource } from '../refusals/refusals.ts';
import { type Pressure, pressureOf } from './pressure.ts';

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

export type CountsOfRange = { environment: Counts; sources: Map<string, Counts>; pressure: Pressure };

const minuteMs = 60_000;

/**
 * What the functions counted in the range, for the environment and for each source, and what AWS
 * counted of the stack, in one call for up to 21 sources.
 */
export async function readAllCounts(
  environment: Environment,
  sources: readonly string[],
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): Promise<CountsOfRange> {
  const of: Omit<CountQuery, 'name'>[] = [{}, ...sources.map((source) => ({ source }))];
  const erased = sources.map((source): CountQuery => ({ name: 'EventsRejected', source, reason: 'person_erased' }));
  const counts = [...of.flatMap((narrower) => names.map((name) => ({ name, ...narrower }))), ...erased].map((query) =>
    countQuery(environment.name, query),
  );
  const pressure = pressureOf(environment, untilMs);
  const read = await readMetrics(await environment.metrics(), [...counts, ...pressure.queries], {
    sinceMs: Math.floor(sinceMs / minuteMs) * minuteMs,
    untilMs: Math.ceil((untilMs + 1) / minuteMs) * minuteMs,
    periodSeconds: 60,
  });
  const countsAt = (i: number) =>
    Object.fromEntries(names.map((name, n) => [name, sumOf(read[i * names.length + n] ?? new Map())])) as Record<
      CountName,
      Counted
    >;
  const ofErased = read.slice(of.length * names.length, counts.length);
  return {
    // Counts by reason are those of a source; no metric sums them over all.
    environment: { ...countsAt(0), EventsOfErased: sumOf(added(ofErased)) },
    sources: new Map(
      sources.map((source, i) => [source, { ...countsAt(i + 1), EventsOfErased: sumOf(ofErased[i] ?? new Map()) }]),
    ),
    pressure: pressure.read(read.slice(counts.length)),
  };
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
