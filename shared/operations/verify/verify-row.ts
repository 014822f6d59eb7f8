import { type JobRow, jobRow } from '../jobs/job-row.ts';
import type { QueueDepth } from '../queues/queue-depths.ts';
import { iso, isoOrNull } from '../words/iso.ts';
import type { ExecutionCounts, StatusCounts } from './read-rows.ts';
import type { Unexplained } from './unexplained.ts';
import type { Verification } from './verify-events.ts';
import { waitsByReason } from './waits.ts';

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
    /** By final state, without forced replays and test runs. */
    rows: StatusCounts;
    replays: number;
    /** Accepted events without a row (yet). */
    missing: number;
    /** Rows of events that were answered 503 and queued all the same. */
    unanswered: number;
    /** Unexplained rows. */
    surplus: number;
    /** Executions with actions, each by its worst action; `pending` as long as any is. */
    executions: ExecutionCounts;
    /** Rows by configuration version; "0": none could be read. */
    versions: Record<string, number>;
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
    /** Ids of events whose runs were cancelled before they began. */
    cancelled: string[];
  };
  /** Pending actions by what they wait for, the most frequent first; a delayed or held run has a reason of its own. */
  waits: {
    reason: string;
    executions: number;
    detail: string | null;
    next_try_at: string | null;
    event_ids: string[];
  }[];
  /** Jobs of operators that go on, such as replays. */
  jobs: JobRow[];
  /**
   * What does not add up. `event_ids`: exactly `count` of them, or more, among which it is; none for
   * lost events, of which only the count is left. `is_cut`: there are more than are listed.
   */
  unexplained: {
    what: Unexplained['what'];
    source: string;
    from: string | null;
    until: string | null;
    count: number;
    event_ids: string[];
    is_cut: boolean;
  }[];
  /** Periods in which counts and rows differ. */
  differences: { source: string; from: string; accepted: number; unanswered_max: number; rows: number }[];
  queues: QueueDepth[];
  read: { requests: number; units: number; metrics: number };
};

export function verifyRow(verification: Verification): VerifyRow {
  const { range, balanced, sources, unknownAccepted, events, actions, differences, queues, read } = verification;
  const { unexplained, jobs } = verification;
  const idsOf = (pairs: { eventId: string }[]) => pairs.map(({ eventId }) => eventId);
  return {
    since: iso(range.sinceMs),
    until: iso(range.untilMs),
    period_seconds: range.periodSeconds,
    balanced,
    sources: sources.map(({ versions, ...account }) => ({ ...account, versions: Object.fromEntries(versions) })),
    unknown_accepted: unknownAccepted,
    events,
    actions: {
      ...actions,
      pending: idsOf(actions.pending),
      waiting: idsOf(actions.waiting),
      cancelled: idsOf(actions.cancelled),
    },
    waits: waitsByReason(actions.pending).map(({ reason, detail, nextTryAtMs, executions }) => ({
      reason,
      executions: executions.length,
      detail: detail ?? null,
      next_try_at: isoOrNull(nextTryAtMs),
      event_ids: [...new Set(idsOf(executions))],
    })),
    jobs: jobs.map(jobRow),
    unexplained: unexplained.map(({ what, source, period, count, eventIds, isCut }) => ({
      what,
      source,
      from: isoOrNull(period?.sinceMs),
      until: isoOrNull(period?.untilMs),
      count,
      event_ids: eventIds,
      is_cut: isCut,
    })),
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
