import type { JobRow } from '../jobs/job-row.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

export const workflowStates = ['active', 'holding', 'releasing', 'dropping'] as const;
/**
 * `holding`: its runs are written and wait. `releasing`: held ones go on now, and new ones wait behind
 * them. `dropping`: it starts no runs and keeps none.
 */
export type WorkflowState = (typeof workflowStates)[number];

/** A workflow in one environment. */
export type WorkflowRow = {
  key: string;
  /** Null: it was removed while its runs were held. */
  name: string | null;
  environment: string;
  state: WorkflowState;
  /** The type of its target here; null: none, so its triggers fail. */
  target: string | null;
  /** The type of its target in each environment that has one. */
  targets: Record<string, string>;
  /** Who paused it and why; null when it holds nothing. */
  hold: { since: string; by: string; reason: string | null } | null;
  /** What waits; null when it holds nothing. */
  held: {
    runs: number;
    /** Triggers that wait without a run: their recipients were not known when they came. */
    without_runs: number;
    /** There are more: only so many were counted. */
    is_more: boolean;
    /** The event of the oldest run, and when its row ages out. */
    oldest_received_at: string | null;
    oldest_expires_at: string | null;
  } | null;
  /** The job that releases its runs. */
  release: JobRow | null;
  /** Set while its target keeps failing and gets probes only. */
  breaker: { since: string; next_probe_at: string; failed_probes: number; reason: string; detail: string } | null;
};
