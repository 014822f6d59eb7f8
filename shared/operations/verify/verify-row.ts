import type { QueueDepth } from '../queues/queue-depths.ts';
import { iso } from '../words/iso.ts';
import type { StatusCounts } from './read-rows.ts';
import type { Verification } from './verify-events.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** `--json` of `verify`: whether accepted events and rows add up, and the differences. */
export type VerifyRow = {
  /** Whole periods: from the start of one until before the start of another. */
  since: string;
  until: string;
  period_seconds: number;
  /** True when every event is accounted for: the exit code is 0. */
  balanced: boolean;
  sources: {
    source: string;
    /** Counted by ingest. */
    accepted: number;
    /** By final state, without forced replays. */
    rows: StatusCounts;
    replays: number;
    /** Accepted events without a row (yet). */
    missing: number;
    /** Rows of events that were answered 503 and queued all the same. */
    unanswered: number;
    /** Unexplained rows. */
    surplus: number;
  }[];
  /** Counted for sources that are no longer known. */
  unknown_accepted: number;
  /** `expired`: of the lost ones, those older than the queues keep a message. */
  events: { missing: number; waiting: number; lost: number; expired: number; surplus: number };
  actions: {
    /** Executions of processed events with actions: one each, several of a bulk request. */
    expected: number;
    /** Ids of events with a pending action. */
    pending: string[];
    /** Ids of events whose actions have no row yet. */
    waiting: string[];
    lost: number;
  };
  /** Periods in which counts and rows differ. */
  differences: { source: string; from: string; accepted: number; unanswered_max: number; rows: number }[];
  queues: QueueDepth[];
  read: { requests: number; units: number; metrics: number };
};

export function verifyRow(verification: Verification): VerifyRow {
  const { range, balanced, sources, unknownAccepted, events, actions, differences, queues, read } = verification;
  const idsOf = (pairs: { eventId: string }[]) => pairs.map(({ eventId }) => eventId);
  return {
    since: iso(range.sinceMs),
    until: iso(range.untilMs),
    period_seconds: range.periodSeconds,
    balanced,
    sources,
    unknown_accepted: unknownAccepted,
    events,
    actions: { ...actions, pending: idsOf(actions.pending), waiting: idsOf(actions.waiting) },
    differences: differences.map(({ source, periodMs, accepted, unansweredMax, rows }) => ({
      source,
      from: iso(periodMs),
      accepted,
      unanswered_max: unansweredMax,
      rows,
    })),
    queues,
    read,
  };
}
