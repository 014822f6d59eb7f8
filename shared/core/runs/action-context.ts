import type { Audiences } from '../../ports/audiences.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Subscriptions } from '../../ports/subscriptions.ts';
import type { WorkflowRuns } from '../../ports/workflow-runs.ts';
import type { OpenTarget } from '../../ports/workflow-target.ts';
import type { JsonObject } from '../json/values.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** What the metrics count while an action runs. */
export type ActionCount = 'RunsStarted' | 'TargetCalls' | 'TargetFailures';

/** All an action may know and use; each takes what it names. */
export type ActionContext = {
  /** The invocation's id: the same for every attempt, so what is derived from it is too. */
  id: string;
  mapping: string;
  execution: string;
  /** What asked for this run of the execution: the event that emitted it, or a replay. */
  origin: string;
  event: {
    id: string;
    source: string;
    eventType: string;
    /** The event's primary contents, where an invocation needs them. */
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
  openTarget: OpenTarget;
  /** 1 for the first attempt. */
  attempt: number;
  firstAttemptAtMs: number;
  /**
   * Resolves when what the other events of this batch say of users and objects is written: an identify that came in the
   * same request is under way. Never rejects.
   */
  batchWritten(): Promise<void>;
  /** Told of each run that an action cancels: when the batch is written, a trigger that only waited for it is over. */
  noteCancelled(run: WorkflowRun): void;
  /** True when an earlier attempt may have got somewhere: then reading first is cheaper than refused writes. */
  again: boolean;
  /**
   * Where an earlier attempt said to go on. An attempt may be lost together with what it said, so everything after this
   * point may have been done already.
   */
  progress?: JsonObject;
  /** True when nothing will be tried after this attempt, unless it only `continues` or is `delayed`. */
  isLastAttempt: boolean;
  /** Begin nothing that cannot be over by then. */
  deadlineMs: number;
  nowMs(): number;
  count(name: ActionCount): void;
};
