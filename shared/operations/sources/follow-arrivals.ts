import type { Environment } from '../environment.ts';
import type { FoundEvent } from '../events/event-search.ts';
import { followEvents } from '../events/follow-events.ts';
import { followRefusals } from '../refusals/follow-refusals.ts';
import type { RefusalRow } from '../refusals/refusals.ts';
import type { FollowClock, FollowNote } from '../tables/follow.ts';

/** What comes in for one source: events, and requests that were refused. */
export type Arrival =
  | { events: FoundEvent[] }
  /** All of the last hour, each time one more came. */
  | { refusals: RefusalRow[] }
  | { note: FollowNote };

/**
 * What arrives for a source, for the person who has just set its sender up; never ends by itself.
 * @param backlog the number of existing events to begin with
 * @throws Refusal for an unknown source; the client's error when the first look fails
 */
export async function* followArrivals(
  environment: Environment,
  source: string,
  backlog: number,
  clock: FollowClock,
): AsyncGenerator<Arrival> {
  const followers = [
    followEvents(environment, { source }, backlog, clock),
    refusalArrivals(environment, source, clock),
  ] as const;
  const next = (i: 0 | 1) => followers[i].next().then((result) => ({ i, result }));
  const waiting = [next(0), next(1)];
  // When one fails, the other's failure is not of interest any more.
  for (const one of waiting) one.catch(() => undefined);
  for (;;) {
    const { i, result } = await Promise.race(waiting);
    if (result.done) return;
    waiting[i] = next(i);
    waiting[i].catch(() => undefined);
    yield result.value;
  }
}

async function* refusalArrivals(environment: Environment, source: string, clock: FollowClock): AsyncGenerator<Arrival> {
  for await (const refusals of followRefusals(environment, source, clock)) yield { refusals };
}
