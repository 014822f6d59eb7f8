import { warningsOf } from '../../core/executions/no-runs.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome, ActionStatus, ActionWarning } from '../../core/logs/action-log-entry.ts';
import { type DiscardRow, discardRow } from '../events/event-row.ts';
import { isoOrNull } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

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
  discarded: DiscardRow | null;
};

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
    warnings: warningsOf(action),
    payload: action.payload,
    first_attempt_at: isoOrNull(action.firstAttemptAtMs),
    finished_at: isoOrNull(action.finishedAtMs),
    retry_at: isoOrNull(action.retryAtMs),
    discarded: discardRow(action.discarded),
  };
}
