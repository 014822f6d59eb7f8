import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { countHeld, type HeldEvents, noneHeld } from '../holds/held-events.ts';
import { listJobs } from '../jobs/jobs.ts';
import { iso } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import { type Finding, finding, on } from './finding.ts';

const dayMs = 86_400_000;
const warnBeforeMs = 3 * dayMs;

/**
 * Paused sources: how many events they hold, since when, and when the first is lost; and held events
 * of sources that are not paused. Read from index `problems`, from a day before the first pause on,
 * or else in the range.
 */
export async function heldSourceFindings(
  environment: Environment,
  { state }: LiveConfiguration,
  range: { sinceMs: number; untilMs: number },
): Promise<Finding[]> {
  const holds = state.held_sources ?? {};
  const firstMs = Math.min(range.sinceMs, ...Object.values(holds).map(({ since }) => Date.parse(since) - dayMs));
  const [jobs, held] = await Promise.all([
    listJobs(environment.configuration),
    countHeld(environment, state, { sinceMs: firstMs, nowMs: range.untilMs }),
  ]);
  const sources = [...new Set([...Object.keys(holds), ...held.keys()])].sort();
  const all = sources.map((source) => ({ source, hold: holds[source], held: held.get(source) ?? noneHeld }));
  return all.flatMap(({ source, hold, held }): Finding[] => {
    const next = `npx signalbox sources resume ${source}${on(environment)}`;
    const expires = expiresSoon(source, held, range.untilMs, next);
    if (hold !== undefined)
      return [
        finding('source_paused', {
          source,
          cause: `the source is paused (by ${hold.by}${hold.reason === undefined ? '' : `, ${hold.reason}`}): ${words(held)} held${held.expiresAtMs === undefined ? '' : `; the oldest ages out on ${iso(held.expiresAtMs).slice(0, 10)}`}`,
          count: held.count,
          since: hold.since,
          ...(held.oldestId !== undefined && { example: held.oldestId }),
          next,
        }),
        ...expires,
      ];
    if (held.count === 0) return [];
    const release = jobs.find((job) => job.kind === 'release_source' && job.request.source === source);
    const isLeft = release?.state === 'running';
    if (isLeft && (release.leaseEndsAtMs ?? 0) >= range.untilMs) return expires;
    return [
      finding('events_left_held', {
        source,
        cause: `${words(held)} held though the source is not paused: ${isLeft ? `its release by ${release.author} was left` : 'no release is under way'}`,
        count: held.count,
        since: iso(held.oldestAtMs ?? range.sinceMs),
        ...(held.oldestId !== undefined && { example: held.oldestId }),
        next: isLeft ? `npx signalbox jobs resume ${release.id}${on(environment)}` : next,
      }),
      ...expires,
    ];
  });
}

/** How many events these findings say are held. */
export function heldEventsIn(findings: readonly Finding[]): number {
  return findings.reduce(
    (sum, { id, count }) => (id === 'source_paused' || id === 'events_left_held' ? sum + count : sum),
    0,
  );
}

function words({ count, isCut }: HeldEvents): string {
  return `${isCut ? 'at least ' : ''}${plural(count, 'event is', 'events are')}`;
}

function expiresSoon(source: string, held: HeldEvents, nowMs: number, next: string): Finding[] {
  if (held.expiresAtMs === undefined || held.expiresAtMs - nowMs > warnBeforeMs) return [];
  return [
    finding('held_events_expire', {
      source,
      cause: `held events age out from ${iso(held.expiresAtMs)} on, and are lost then`,
      count: held.count,
      since: iso(held.oldestAtMs ?? nowMs),
      ...(held.oldestId !== undefined && { example: held.oldestId }),
      next,
    }),
  ];
}
