import { type Entity, recipientKey } from '../core/directory/entity.ts';
import { printRunId } from '../core/ids/run-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome, ActionStatus, ActionWarning } from '../core/logs/action-log-entry.ts';
import type { EventLogEntry, EventStatus } from '../core/logs/event-log-entry.ts';
import type { ExplainedCondition, ExplainedParameter } from '../core/plan/explain-mapping.ts';
import type { RunStatus, WorkflowRun } from '../core/runs/workflow-run.ts';
import type { QueueDepth } from './queues/queue-depths.ts';
import type { StatusCounts } from './verify/read-rows.ts';
import type { Verification } from './verify/verify-events.ts';

/*
 * The rows of `--json`: a contract with whoever reads them by program. Fields are added, never renamed or removed; what is
 * not known is null, never left out. Times are ISO 8601 in UTC. docs/cli.md shows one of each.
 */

export type SourceRow = {
  key: string;
  kind: string | null;
  name: string | null;
  environment: string;
  /** Holds the URL token, which is the credential of senders that cannot sign. Null for a source that is not live. */
  url: string | null;
  url_generation: number;
  /** When this generation began; null for the first. */
  url_rotated_at: string | null;
  /** The URL before, while it is still valid; when it was last used since, to five minutes. */
  previous_url: { last_used_at: string | null } | null;
  /** Likewise for URLs made with the ingest key before the current one, while that is accepted. */
  previous_key: { last_used_at: string | null } | null;
  enabled: boolean;
  last_event_at: string | null;
  last_event_id: string | null;
  verification: { enforced: boolean; enforcement: 'on' | 'off' | 'once_set'; secrets: number };
  idempotency: { enabled: boolean; path: string | null; window_hours: number };
  identify: boolean;
  /** Null: the environment's. */
  retention_days: number | null;
  mappings: number;
  inactive_mappings: string[];
};

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
  execution: string | null;
  duplicate_of: string | null;
  replay_of: string | null;
  batch_index: number | null;
  verification: string;
  actions: ActionCounts;
};

/** One mapping for the event's type, and what became of it. */
export type ConsideredRow = {
  mapping: string;
  action: string;
  verdict: 'runs' | 'identify_disabled' | 'mapping_inactive' | 'conditions_not_met';
  detail: string | null;
  /** Each condition as configured, what is at its path (null: nothing there), and whether it holds. */
  conditions: ConditionRow[];
  /**
   * Each parameter as configured, and the value it resolved to (null: nothing there). `is_default`: the mapping leaves it
   * out, and its action fills it in.
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

export type ActionRow = {
  id: string;
  event_id: string;
  execution: string;
  source: string;
  event_type: string;
  action: string;
  mapping: string;
  status: ActionStatus;
  reason: string | null;
  detail: string | null;
  attempts: number;
  result: JsonObject | null;
  warnings: ActionWarning[];
  /** The resolved parameters. */
  payload: JsonObject;
  first_attempt_at: string | null;
  finished_at: string | null;
  retry_at: string | null;
};

/** One recipient's run of one trigger. */
export type RunRow = {
  id: string;
  workflow: string;
  /** Shared by all runs of one trigger. */
  workflow_run_id: string;
  /** A user id, or `collection/id` of an object. */
  recipient: string;
  status: RunStatus;
  event_id: string;
  /** The action that started it. */
  action_id: string;
  mapping: string;
  execution: string;
  source: string;
  actor: string | null;
  tenant: string | null;
  target: string;
  /** What the target answered. */
  target_reference: JsonObject | null;
  attempts: number;
  error: string | null;
  cancellation_key: string | null;
  /** Why it was cancelled. */
  cancel_reason: string | null;
  data: JsonObject;
  inserted_at: string;
  updated_at: string;
};

/** A user of the directory; fields that nothing was said about are null. */
export type UserRow = {
  id: string;
  name: string | null;
  email: string | null;
  avatar: string | null;
  phone_number: string | null;
  timezone: string | null;
  locale: string | null;
  created_at: string | null;
  /** Custom properties. */
  properties: JsonObject;
  preferences: JsonObject;
  inserted_at: string;
  updated_at: string;
  version: number;
};

export type EventTypeRow = {
  type: string;
  /** False: only mapped, never received. */
  seen: boolean;
  /** To the hour; null when never seen. */
  last_seen_at: string | null;
  sample_event_id: string | null;
  mapped: boolean;
  mappings: string[];
  active_mappings: number;
  /** Those that run nothing here: switched off, or their source is. */
  inactive_mappings: number;
  /** Of a type that is mapped and never came, the unmapped one that is likely meant; of that one, the mapped one. */
  near: string | null;
};

export function conditionRow({ condition: { path, ...test }, found, unmet }: ExplainedCondition): ConditionRow {
  return { path, test: test as JsonObject, found: found ?? null, holds: unmet === undefined, detail: unmet ?? null };
}

export function parameterRow({ name, from, value, isDefault }: ExplainedParameter): ParameterRow {
  return { name, from: from as JsonValue, value: value ?? null, is_default: isDefault };
}

/** `--json` of `verify`: whether accepted events and rows add up, and what does not. */
export type VerifyRow = {
  /** Whole periods: from the first moment of one, until before the first moment of another. */
  since: string;
  until: string;
  period_seconds: number;
  /** Nothing lost and nothing unaccounted for: the exit code is 0. */
  balanced: boolean;
  sources: {
    source: string;
    /** Counted by ingest. */
    accepted: number;
    /** By final state; rows of forced replays left out. */
    rows: StatusCounts;
    replays: number;
    /** Accepted, and no row (yet). */
    missing: number;
    /** Rows of events that were answered 503 and queued all the same. */
    unanswered: number;
    /** Rows that nothing accounts for. */
    surplus: number;
  }[];
  /** Counted for sources that are not known any more. */
  unknown_accepted: number;
  events: { missing: number; waiting: number; lost: number; surplus: number };
  actions: {
    /** Processed events with actions. */
    expected: number;
    /** Ids of events with an action that waits for its next try. */
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

export const iso = (timeMs: number): string => new Date(timeMs).toISOString();
export const isoOrNull = (timeMs: number | undefined) => (timeMs === undefined ? null : iso(timeMs));

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
    execution: entry.execution ?? null,
    duplicate_of: entry.duplicateOf ?? null,
    replay_of: entry.replayOf ?? null,
    batch_index: entry.batchIndex ?? null,
    verification: entry.verification,
    actions: countActions(entry, log),
  };
}

/** An event's own actions: a duplicate names the execution of another event and has none. */
export function countActions(
  { status, actionsPlanned }: Pick<EventLogEntry, 'status' | 'actionsPlanned'>,
  log?: ActionLogEntry,
): ActionCounts {
  const counts: ActionCounts = { succeeded: 0, skipped: 0, failed: 0, pending: 0 };
  if (!hasOwnActions(status)) return counts;
  for (const action of log?.actions ?? []) counts[action.status] += 1;
  // Handed on, and no word of them yet: they wait in the queue.
  if (log === undefined) counts.pending = actionsPlanned;
  return counts;
}

export function hasOwnActions(status: EventStatus): boolean {
  return status === 'processed' || status === 'failed';
}

export function actionRow(log: ActionLogEntry, action: ActionOutcome): ActionRow {
  return {
    id: action.id,
    event_id: log.eventId,
    execution: log.execution,
    source: log.source,
    event_type: log.eventType,
    action: action.action,
    mapping: action.mapping,
    status: action.status,
    reason: action.reason ?? null,
    detail: action.detail ?? null,
    attempts: action.attempts,
    result: action.result ?? null,
    warnings: action.warnings ?? [],
    payload: action.payload,
    first_attempt_at: isoOrNull(action.firstAttemptAtMs),
    finished_at: isoOrNull(action.finishedAtMs),
    retry_at: isoOrNull(action.retryAtMs),
  };
}

export function runRow(run: WorkflowRun): RunRow {
  return {
    id: printRunId(run.key),
    workflow: run.workflow,
    workflow_run_id: run.workflowRunId,
    recipient: recipientKey(run.key.recipient),
    status: run.status,
    event_id: run.eventId,
    action_id: run.workflowRunId,
    mapping: run.mapping,
    execution: run.key.execution,
    source: run.source,
    actor: run.actor === undefined ? null : recipientKey(run.actor),
    tenant: run.tenant ?? null,
    target: run.target,
    target_reference: run.targetReference ?? null,
    attempts: run.attempts,
    error: run.error ?? null,
    cancellation_key: run.cancellationKey ?? null,
    cancel_reason: run.cancelReason ?? null,
    data: run.data,
    inserted_at: iso(run.insertedAtMs),
    updated_at: iso(run.updatedAtMs),
  };
}

export function userRow({ ref, attributes, insertedAtMs, updatedAtMs, version }: Entity): UserRow {
  const { name, email, avatar, phone_number, timezone, locale, created_at, preferences, ...others } = attributes;
  // Tokens and addresses of devices: nothing that a list of users should print.
  const { channel_data: _channelData, ...properties } = others;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    id: ref.id,
    name: text(name),
    email: text(email),
    avatar: text(avatar),
    phone_number: text(phone_number),
    timezone: text(timezone),
    locale: text(locale),
    created_at: text(created_at),
    properties,
    preferences: isJsonObject(preferences) ? preferences : {},
    inserted_at: iso(insertedAtMs),
    updated_at: iso(updatedAtMs),
    version,
  };
}

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
