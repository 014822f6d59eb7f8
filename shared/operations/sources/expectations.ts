import { expectationIn } from '../../core/configuration/expectation.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import type { Environment } from '../environment.ts';
import { type CountByPeriod, readCounts } from '../metrics/read-counts.ts';
import { isoOrNull } from '../words/iso.ts';

/** Whether a source sends as often as its file says. */
export type SilenceCheck = {
  source: string;
  /** To the minute, or to the hour if it is more than a day ago; null when none came in the time that is expected. */
  lastEventAt: string | null;
  /** `1h` */
  expectedEvery: string;
  silent: boolean;
};

/** Whether a source sends as many events as its file says. */
export type VolumeCheck = {
  source: string;
  /** In the last full hour. */
  thisHour: number;
  sameHourLastWeek: number;
  /** Null when none came a week before. */
  ratio: number | null;
  /** `0.2..5` */
  expected: string;
  unusual: boolean;
};

export type Expectations = { silence: SilenceCheck[]; volume: VolumeCheck[] };

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** With fewer events in both hours a ratio says nothing. */
const eventsMin = 10;

type Metrics = Pick<Environment, 'name' | 'metrics'>;

/**
 * Every source whose file expects something of it in this environment: is it silent, is its volume
 * unusual? At most four calls of CloudWatch for up to 500 sources, and none where nothing is expected.
 * On AWS counts are up to three minutes late.
 * @throws the client's error; trying again may help
 */
export async function checkExpectations(
  environment: Metrics,
  { sources }: Pick<Snapshot, 'sources'>,
  nowMs: number,
): Promise<Expectations> {
  const often = expectedIn(environment, sources).flatMap(({ source, every }) => (every ? [{ source, every }] : []));
  const [silence, volume] = await Promise.all([
    checkSilence(environment, often, nowMs),
    checkVolume(environment, { sources }, nowMs),
  ]);
  return { silence, volume };
}

function expectedIn({ name }: Pick<Environment, 'name'>, sources: Snapshot['sources']) {
  return Object.entries(sources).map(([source, { expect }]) => ({ source, ...expectationIn(expect, name) }));
}

type Often = { source: string; every: { text: string; seconds: number } };

/** CloudWatch answers at most some thousand periods at once, so long times are counted by the hour. */
const grains = [
  { periodMs: minuteMs, rangeMs: dayMs },
  { periodMs: hourMs, rangeMs: weekMs },
] as const;

async function checkSilence(environment: Metrics, expected: Often[], nowMs: number): Promise<SilenceCheck[]> {
  const [shortest, longest] = grains;
  const grainOf = ({ every }: Often) => (every.seconds * 1000 <= shortest.rangeMs ? shortest : longest);
  const checks = await Promise.all(
    grains.map(async (grain) => {
      const these = expected.filter((one) => grainOf(one) === grain);
      const { periodMs, rangeMs } = grain;
      const range = { sinceMs: floor(nowMs - rangeMs, periodMs), untilMs: floor(nowMs, periodMs) + periodMs };
      const counts = await acceptedOf(environment, these, range, periodMs);
      return these.map(({ source, every }, i): SilenceCheck => {
        const times = [...(counts[i] ?? [])].flatMap(([startMs, count]) => (count > 0 ? [startMs] : []));
        const newestMs = times.length === 0 ? undefined : Math.max(...times);
        // It may have come at the end of its period.
        const silent = newestMs === undefined || newestMs + periodMs <= nowMs - every.seconds * 1000;
        return { source, lastEventAt: isoOrNull(newestMs), expectedEvery: every.text, silent };
      });
    }),
  );
  return checks.flat().sort((a, b) => (a.source < b.source ? -1 : 1));
}

/**
 * The last full hour of each source whose file expects a volume, beside the same hour a week before.
 * Two calls of CloudWatch for up to 500 sources, and none where no volume is expected.
 * @throws the client's error; trying again may help
 */
export async function checkVolume(
  environment: Metrics,
  { sources }: Pick<Snapshot, 'sources'>,
  nowMs: number,
): Promise<VolumeCheck[]> {
  const expected = expectedIn(environment, sources).flatMap(({ source, volume }) =>
    volume ? [{ source, volume }] : [],
  );
  const hourStartMs = floor(nowMs, hourMs) - hourMs;
  const [now = [], before = []] = await Promise.all(
    [hourStartMs, hourStartMs - weekMs].map((sinceMs) =>
      acceptedOf(environment, expected, { sinceMs, untilMs: sinceMs + hourMs }, hourMs),
    ),
  );
  return expected.map(({ source, volume }, i): VolumeCheck => {
    const thisHour = totalOf(now[i]);
    const sameHourLastWeek = totalOf(before[i]);
    const ratio = sameHourLastWeek === 0 ? null : thisHour / sameHourLastWeek;
    const isMeasured = ratio !== null && Math.max(thisHour, sameHourLastWeek) >= eventsMin;
    const unusual = isMeasured && (ratio < volume.low || ratio > volume.high);
    return { source, thisHour, sameHourLastWeek, ratio, expected: volume.text, unusual };
  });
}

async function acceptedOf(
  environment: Metrics,
  sources: readonly { source: string }[],
  range: { sinceMs: number; untilMs: number },
  periodMs: number,
): Promise<CountByPeriod[]> {
  if (sources.length === 0) return [];
  const queries = sources.map(({ source }) => ({ name: 'EventsAccepted', source }));
  return readCounts(await environment.metrics(), environment.name, queries, {
    ...range,
    periodSeconds: periodMs / 1000,
  });
}

const floor = (ms: number, periodMs: number) => Math.floor(ms / periodMs) * periodMs;
const totalOf = (counts: CountByPeriod = new Map()) => [...counts.values()].reduce((sum, count) => sum + count, 0);
