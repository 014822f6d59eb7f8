import type { Environment } from '../environment.ts';
import { type CountByPeriod, readCounts } from '../metrics/read-counts.ts';

const hourMs = 3_600_000;
const weekHours = 7 * 24;
/** With fewer hours of events in the week there is no habit to compare with. */
const activeHoursMin = 24;

export type Habit = {
  /** Whole hours since the hour of the newest event; undefined when none came in the week. */
  silentHours: number | undefined;
  /** The longest pause of the week before, in whole hours. */
  longestPauseHours: number;
  isSilent: boolean;
};

/** How long each source has sent nothing, and how long its pauses were in the last seven days. */
export async function habitsOf(
  environment: Environment,
  sources: readonly string[],
  nowMs: number,
): Promise<Map<string, Habit>> {
  const untilMs = Math.floor(nowMs / hourMs) * hourMs + hourMs;
  const range = { sinceMs: untilMs - (weekHours + 1) * hourMs, untilMs, periodSeconds: 3600 };
  const queries = sources.map((source) => ({ name: 'EventsAccepted', source }));
  const counts = await readCounts(await environment.metrics(), environment.name, queries, range);
  return new Map(sources.map((source, i) => [source, habitOf(counts[i] ?? new Map(), untilMs)]));
}

/**
 * A source is unusually silent when its present pause is longer than twice the longest one of the
 * week. Sources that send in few hours of a week have no habit; `expect` in their file says what is
 * normal for them.
 */
export function habitOf(accepted: CountByPeriod, untilMs: number): Habit {
  const hours = [...accepted]
    .filter(([, count]) => count > 0)
    .map(([startMs]) => startMs / hourMs)
    .sort((a, b) => a - b);
  const newest = hours.at(-1);
  if (newest === undefined) return { silentHours: undefined, longestPauseHours: 0, isSilent: false };
  const longestPauseHours = Math.max(0, ...hours.slice(1).map((hour, i) => hour - (hours[i] ?? hour) - 1));
  const silentHours = untilMs / hourMs - newest - 1;
  const isSilent = hours.length >= activeHoursMin && silentHours > Math.max(1, 2 * longestPauseHours);
  return { silentHours, longestPauseHours, isSilent };
}
