import { warningsOf } from '../../core/executions/no-runs.ts';
import type { JsonObject, JsonValue } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome, ActionStatus } from '../../core/logs/action-log-entry.ts';
import type { Discard } from '../../core/logs/discard.ts';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import type { ExplainedCondition, ExplainedParameter } from '../../core/plan/explain-mapping.ts';
import { iso } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

export type ActionCounts = Record<ActionStatus, number>;

export type EventRow = {
  id: string;
  source: string;
  type: string | null;
  user_id: string | null;
  key: string | null;
  status: EventStatus;
  reason: string | null;
  detail: string | null;
  received_at: string;
  processed_at: string;
  config_version: number | null;
  /** When its person was erased; the event itself is then not kept. */
  erased_at: string | null;
  execution: string | null;
  duplicate_of: string | null;
  replay_of: string | null;
  /** Forced replays of this event. */
  replays: string[];
  discarded: DiscardRow | null;
  batch_index: number | null;
  /** The vendor's numbers of the sync that sent it, and of its run. */
  sync_id: string | null;
  sync_run_id: string | null;
  verification: string;
  actions: ActionCounts;
  /** Of its actions. */
  warnings: EventWarning[];
};

/** Who closed a failure, when and why; `was` is the status before. */
export type DiscardRow = { was: string; by: string; at: string; reason: string };

export function discardRow(mark: Discard<string> | undefined): DiscardRow | null {
  return mark === undefined ? null : { was: mark.was, by: mark.by, at: iso(mark.atMs), reason: mark.reason };
}

export type EventWarning = { mapping: string; code: string; message: string };

/** One mapping for the event's type, and its outcome. */
export type ConsideredRow = {
  mapping: string;
  action: string;
  /** `duplicate`: it would have run, but the event is a copy of an event that ran. */
  verdict: 'runs' | 'duplicate' | 'identify_disabled' | 'mapping_inactive' | 'conditions_not_met' | 'not_verified';
  detail: string | null;
  /** Each condition as configured, the value at its path (null: none), and whether it holds. */
  conditions: ConditionRow[];
  /**
   * Each parameter as configured, and its resolved value (null: none). `is_default`: the mapping
   * leaves it out, and the action fills it in.
   */
  parameters: ParameterRow[];
};

export type ConditionRow = {
  path: string;
  /** The tests as written: `{ gte: 100 }`. */
  test: JsonObject;
  found: JsonValue;
  holds: boolean;
  /** Why it does not hold. */
  detail: string | null;
};

export type ParameterRow = { name: string; from: JsonValue; value: JsonValue; is_default: boolean };

export type EventDetailRow = EventRow & {
  /** The event's primary contents, as mappings see them; null when it could not be read. */
  data: JsonObject | null;
  /** The event's own text, exactly as received. */
  event: string | null;
  headers: Record<string, string>;
  mappings: ConsideredRow[];
};

export function conditionRow({ condition: { path, ...test }, found, unmet }: ExplainedCondition): ConditionRow {
  return { path, test: test as JsonObject, found: found ?? null, holds: unmet === undefined, detail: unmet ?? null };
}

export function parameterRow({ name, from, value, isDefault }: ExplainedParameter): ParameterRow {
  return { name, from: from as JsonValue, value: value ?? null, is_default: isDefault };
}

/**
 * @param log the action log's row of the event's execution; absent when there is none (yet)
 */
export function eventRow(entry: Omit<EventLogEntry, 'payload'>, log?: ActionLogEntry): EventRow {
  return {
    id: entry.id,
    source: entry.source,
    type: entry.eventType ?? null,
    user_id: entry.userId ?? null,
    key: entry.key ?? null,
    status: entry.status,
    reason: entry.reason ?? null,
    detail: entry.detail ?? null,
    received_at: iso(entry.receivedAtMs),
    processed_at: iso(entry.processedAtMs),
    config_version: entry.configVersion ?? null,
    erased_at: entry.erasedAtMs === undefined ? null : iso(entry.erasedAtMs),
    execution: entry.execution ?? null,
    duplicate_of: entry.duplicateOf ?? null,
    replay_of: entry.replayOf ?? null,
    replays: entry.replays ?? [],
    discarded: discardRow(entry.discarded),
    batch_index: entry.batchIndex ?? null,
    sync_id: entry.syncId ?? null,
    sync_run_id: entry.syncRunId ?? null,
    verification: entry.verification,
    actions: countActions(entry, log),
    warnings: hasOwnActions(entry.status) ? (log?.actions ?? []).flatMap(eventWarnings) : [],
  };
}

function eventWarnings(action: ActionOutcome): EventWarning[] {
  return warningsOf(action).map(({ code, message }) => ({ mapping: action.mapping, code, message }));
}

/** An event's own actions: a duplicate names the execution of another event and has none. */
export function countActions(
  { status, actionsPlanned, executions = 1 }: Pick<EventLogEntry, 'status' | 'actionsPlanned' | 'executions'>,
  log?: ActionLogEntry,
): ActionCounts {
  const counts: ActionCounts = { succeeded: 0, skipped: 0, failed: 0, pending: 0, discarded: 0 };
  if (!hasOwnActions(status)) return counts;
  for (const action of log?.actions ?? []) counts[action.status] += 1;
  // Sent on, but not in the log yet: they wait in the queue.
  if (log === undefined) counts.pending = actionsPlanned;
  else if (executions > 1) counts.pending += Math.max(0, actionsPlanned - log.actions.length);
  return counts;
}

export function hasOwnActions(status: EventStatus): boolean {
  return status === 'processed' || status === 'failed' || status === 'discarded';
}
