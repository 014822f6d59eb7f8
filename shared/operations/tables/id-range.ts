import { eventIdTimeMs, lowestIdAt } from '../../core/ids/event-id.ts';

/** Rows of logs, whose ids sort by time. Both ends of the times belong to it. */
export type IdRange = {
  sinceMs: number;
  untilMs: number;
  /** Ends right before this id, if that is earlier. */
  after?: string;
};

/**
 * The first and the last id of a range, `after` itself included. Ids have 10 characters of time, so
 * the first id of the next millisecond ends a range of times.
 */
export function idRange({ sinceMs, untilMs, after }: IdRange): { from: string; to: string } {
  const from = lowestIdAt(sinceMs);
  const end = lowestIdAt(untilMs + 1);
  const to = after !== undefined && after < end ? after : end;
  // A cursor from before the range leaves one id, which is in no table.
  return { from, to: to < from ? from : to };
}

/** The time of the newest id of a range. */
export function latestMs({ untilMs, after }: IdRange): number {
  return after === undefined ? untilMs : Math.min(untilMs, eventIdTimeMs(after));
}
