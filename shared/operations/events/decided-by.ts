import { findAction } from '../../core/actions/index.ts';
import { hadNoEffect, noRuns, warningsOf } from '../../core/executions/no-runs.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { describeSource } from '../words/values.ts';
import { type ConsideredRow, hasOwnActions } from './event-row.ts';
import { consideredRows, type Recomputed } from './recompute.ts';

/**
 * What decided that a mapping had no effect for an event: which value, at which path. Values are
 * those of the event, read again with the configuration version that its row names.
 */
export type DecidedBy = {
  /** Null: no mapping was considered. */
  mapping: string | null;
  /** An event's or an action's reason, or `no_runs`. */
  reason: string;
  /** Where the value was looked for; null when no value decided. */
  path: string | null;
  /** For conditions: the tests as written. */
  test: JsonObject | null;
  /** The value there; null: none. */
  found: JsonValue;
  /** A sentence. */
  detail: string | null;
};

/**
 * Whether an event had no effect: it was rejected or unmapped, or each of its actions was skipped or
 * began no run. A copy is no such event: its actions are those of the event that it repeats. With
 * an action that waits or failed it is not over.
 */
export function didNothing({ status }: Pick<EventLogEntry, 'status'>, log: ActionLogEntry | undefined): boolean {
  if (status === 'no_mapping' || status === 'rejected') return true;
  return status === 'processed' && log !== undefined && log.actions.length > 0 && log.actions.every(hadNoEffect);
}

/** What decided over an event that did nothing, by mapping. */
export function decidedBy(entry: EventLogEntry, log: ActionLogEntry | undefined, recomputed: Recomputed): DecidedBy[] {
  const considered = consideredRows(recomputed, entry.status);
  if (hasOwnActions(entry.status))
    return (log?.actions ?? []).filter(hadNoEffect).flatMap((action) => byAction(action, considered));
  const decided = entry.status === 'no_mapping' ? considered.flatMap(byMapping) : [];
  return decided.length > 0 ? decided : [byItself(entry)];
}

function byItself({ reason, detail, eventType }: EventLogEntry): DecidedBy {
  const unmapped = reason === 'no_mapping_for_type' ? `no mapping names the type ${eventType ?? ''}` : null;
  return {
    mapping: null,
    reason: reason ?? 'unknown',
    path: null,
    test: null,
    found: null,
    detail: detail ?? unmapped,
  };
}

function byMapping({ mapping, verdict, detail, conditions }: ConsideredRow): DecidedBy[] {
  if (verdict === 'runs' || verdict === 'duplicate') return [];
  const unmet = verdict === 'conditions_not_met' ? conditions.filter(({ holds }) => !holds) : [];
  if (unmet.length === 0) return [{ mapping, reason: verdict, path: null, test: null, found: null, detail }];
  return unmet.map(({ path, test, found, detail: why }) => ({
    mapping,
    reason: verdict,
    path,
    test,
    found,
    detail: why,
  }));
}

/** A skipped action lacked a parameter, or its recipients were not known or not there. */
function byAction(action: ActionOutcome, considered: ConsideredRow[]): DecidedBy[] {
  const { mapping, reason, detail } = action;
  const warning = warningsOf(action).find(({ code }) => code === noRuns)?.message;
  const base = { mapping, reason: reason ?? noRuns, test: null, detail: detail ?? warning ?? null };
  const fields = fieldsOf(action);
  const parameters = considered.find((one) => one.mapping === mapping)?.parameters ?? [];
  const decisive = parameters.filter(({ name }) => fields.includes(name));
  if (decisive.length === 0) return [{ ...base, path: null, found: null }];
  return decisive.map(({ name, from, value }) => ({
    ...base,
    path: describeSource(action.action, name, from),
    found: value,
  }));
}

/** The parameters that an action was skipped for, or else those that name its recipients. */
function fieldsOf({ action, result }: ActionOutcome): string[] {
  const errors = Array.isArray(result?.errors) ? result.errors : [];
  const named = errors.flatMap((error) => (isJsonObject(error) ? String(error.field).split(/[.[]/, 1) : []));
  const recipients = findAction(action)?.startsRunsFor;
  return named.length > 0 || recipients === undefined ? named : [recipients];
}
