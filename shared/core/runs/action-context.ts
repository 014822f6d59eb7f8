import type { Audiences } from '../../ports/audiences.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Subscriptions } from '../../ports/subscriptions.ts';
import type { WorkflowHolds } from '../../ports/workflow-holds.ts';
import type { WorkflowRuns } from '../../ports/workflow-runs.ts';
import type { OpenTarget } from '../../ports/workflow-target.ts';
import type { JsonObject } from '../json/values.ts';
import type { RunLimiter } from '../targets/run-limiter.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** Counters for metrics while an action runs. */
export type ActionCount = 'RunsStarted' | 'TargetCalls' | 'TargetFailures';

/** Everything that an action may use; each names the parts that it needs. */
export type ActionContext = {
  /** The invocation's id: the same for every attempt, and so are values derived from it. */
  id: string;
  mapping: string;
  execution: string;
  /** The cause of this run of the execution: the event that emitted it, or a replay. */
  origin: string;
  event: {
    id: string;
    source: string;
    eventType: string;
    /** The event's primary contents, if an invocation needs them. */
    data?: JsonObject;
    occurredAtMs: number;
    receivedAtMs: number;
  };
  environment: string;
  configuration: LiveConfiguration;
  directory: Directory;
  subscriptions: Subscriptions;
  audiences: Audiences;
  runs: WorkflowRuns;
  holds: WorkflowHolds;
  openTarget: OpenTarget;
  /** 1 for the first attempt. */
  attempt: number;
  firstAttemptAtMs: number;
  /**
   * Resolves when the other events of this batch have written their users and objects: the identify
   * may be in the same request. Never rejects.
   */
  batchWritten(): Promise<void>;
  /**
   * Called for each run that an action cancels. After the batch is written, a trigger that only
   * waited for such runs is concluded.
   */
  noteCancelled(run: WorkflowRun): void;
  /**
   * True when an earlier attempt may have done some of the work: then reading first is cheaper than
   * refused writes.
   */
  again: boolean;
  /**
   * Where an earlier attempt stopped. A later attempt may have been lost with its progress, so work
   * after this point may already be done.
   */
  progress?: JsonObject;
  /** True when this is the last attempt, unless it only `continues` or is `delayed`. */
  isLastAttempt: boolean;
  /**
   * Of an entity that the action sets: `create` leaves one that exists as it is, `change` makes none.
   * Absent, as for all events: both are done.
   */
  only?: 'create' | 'change';
  /** Workflows whose hold does not stop this message: since when each is held. */
  released?: Record<string, string>;
  /** The most runs a second that its release allows. */
  perSecond?: number;
  /** True when its runs waited for their turn. */
  hadPlace?: boolean;
  limiter: RunLimiter;
  /** How long rows of the event's source are kept. */
  retentionDays: number;
  /** The end of the action's time: it must not begin work that may take longer. */
  deadlineMs: number;
  nowMs(): number;
  count(name: ActionCount): void;
};
