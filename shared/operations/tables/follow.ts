import { setTimeout as sleep } from 'node:timers/promises';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { Environment } from '../environment.ts';
import { readQueueDepths } from '../queues/queue-depths.ts';

/** What a follower has to say besides rows: why some may be missing. */
export type FollowNote =
  /** Reading failed; it goes on trying. */
  | { kind: 'blind'; problem: string; sinceMs: number }
  | { kind: 'seeing_again'; blindForMs: number }
  /** There were more rows than it reads at a time: rows from before `backToMs` may be missed. */
  | { kind: 'too_many'; backToMs: number }
  /** A look took long, so rows are shown late. */
  | { kind: 'slow'; tookMs: number }
  /** Nothing was logged, and messages wait in the queue or its dead-letter queue. */
  | { kind: 'waiting'; queue: FollowedQueue; waiting: number; parked: number };

export type FollowedQueue = 'events' | 'actions';

/** The clock of a follower. */
export type FollowClock = { nowMs(): number; wait(ms: number): Promise<unknown> };
export const realClock: FollowClock = { nowMs: Date.now, wait: sleep };

const pollMs = 1_000;
// Most events are processed within seconds, so the last two minutes are read every second. Retried
// or replayed events come later, so every half minute it reads the last hour.
export const closeLookMs = 2 * 60_000;
export const wideLookMs = 60 * 60_000;
const wideLookEveryMs = 30_000;
const slowMs = 5_000;

export type Look<Row> = {
  /** What is new, newest first. */
  rows: Row[];
  /** The id where it stopped, if there were more rows than it reads at a time. */
  end?: string;
};

export type Looking<Row> = {
  queue: FollowedQueue;
  /** Looks back so far for what it has not shown. */
  look(lookBackMs: number): Promise<Look<Row>>;
  /** Before each wide look: sources that were added meanwhile are followed too. */
  refresh(): Promise<void>;
  /** What is older need not be remembered. */
  forgetBefore(timeMs: number): void;
};

/**
 * Looks again and again, and yields what is new, oldest first; never ends by itself. When a reading
 * fails it says that it is blind, and goes on.
 */
export async function* keepLooking<Row>(
  environment: Environment,
  { queue, look, refresh, forgetBefore }: Looking<Row>,
  clock: FollowClock,
): AsyncGenerator<{ rows: Row[] } | { note: FollowNote }> {
  // The first look is a wide one: it learns what is old.
  let wideLookDueMs = clock.nowMs();
  let blindSinceMs: number | undefined;
  let failures = 0;
  let isQuiet = true;
  for (;;) {
    await clock.wait(Math.min(pollMs * 2 ** failures, wideLookEveryMs));
    const beganMs = clock.nowMs();
    // After a time without sight it looks for all that it missed.
    const isWide = beganMs >= wideLookDueMs || blindSinceMs !== undefined;
    try {
      if (isWide) await refresh();
      const { rows, end } = await look(isWide ? wideLookMs : closeLookMs);
      if (blindSinceMs !== undefined)
        yield { note: { kind: 'seeing_again', blindForMs: clock.nowMs() - blindSinceMs } };
      blindSinceMs = undefined;
      failures = 0;
      if (rows.length > 0) {
        isQuiet = false;
        yield { rows: rows.reverse() };
      }
      if (end !== undefined && isWide) yield { note: { kind: 'too_many', backToMs: eventIdTimeMs(end) } };
      const tookMs = clock.nowMs() - beganMs;
      if (tookMs > slowMs) yield { note: { kind: 'slow', tookMs } };
      if (!isWide) continue;
      const note = isQuiet ? await whatWaits(environment, queue) : undefined;
      if (note) yield { note };
      isQuiet = true;
      forgetBefore(beganMs - 2 * wideLookMs);
      wideLookDueMs = beganMs + wideLookEveryMs;
    } catch (error) {
      // Said once, and again each half minute.
      if (blindSinceMs === undefined || beganMs >= wideLookDueMs) {
        wideLookDueMs = beganMs + wideLookEveryMs;
        const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        yield { note: { kind: 'blind', problem, sinceMs: blindSinceMs ?? beganMs } };
      }
      blindSinceMs ??= beganMs;
      failures = Math.min(failures + 1, 5);
    }
  }
}

async function whatWaits(environment: Environment, queue: FollowedQueue): Promise<FollowNote | undefined> {
  const depths = await readQueueDepths(environment);
  const of = (name: string) => {
    const depth = depths.find((one) => one.queue === name);
    return depth === undefined ? 0 : depth.ready + depth.in_flight + depth.delayed;
  };
  const [waiting, parked] = [of(queue), of(`${queue} dead-letter`)];
  return waiting + parked === 0 ? undefined : { kind: 'waiting', queue, waiting, parked };
}
