import type { JsonObject } from '../json/values.ts';
import type { Discard } from './discard.ts';

/** `discarded`: an operator closed it; it had failed or was skipped. */
export const actionStatuses = ['succeeded', 'skipped', 'failed', 'pending', 'discarded'] as const;
export type ActionStatus = (typeof actionStatuses)[number];

/**
 * Why an action was skipped, failed, or waits; the closed list that logs, metrics and the CLI
 * share.
 */
export const actionReasons = [
  'required_field_missing',
  'recipient_unknown',
  'person_erased',
  'invalid_params',
  'workflow_missing',
  'workflow_inactive',
  'target_missing',
  'actor_missing',
  'audience_missing',
  'too_many_recipients',
  'data_invalid',
  'target_refused',
  'parameters_too_large',
  'action_unknown',
  'retries_exhausted',
  'dead_lettered',
  'target_unavailable',
  'target_timeout',
  'target_busy',
  'table_unavailable',
  'secret_missing',
  'waiting_for_earlier_action',
  // Without a failure: more work than one call has time for; a delay of the workflow.
  'continues',
  'delayed',
  // The workflow is paused: an operator releases it.
  'held',
  // The workflow's own limit: it has its turn later.
  'rate_limited',
] as const;
export type ActionReason = (typeof actionReasons)[number];

/** The statuses that each reason explains. */
export const statusesOfReason: Readonly<Record<ActionReason, readonly ActionStatus[]>> = {
  required_field_missing: ['skipped'],
  // At first the identify may be on its way.
  recipient_unknown: ['skipped', 'pending'],
  person_erased: ['skipped'],
  invalid_params: ['failed'],
  workflow_missing: ['failed'],
  workflow_inactive: ['failed'],
  target_missing: ['failed'],
  actor_missing: ['failed'],
  audience_missing: ['failed'],
  too_many_recipients: ['failed'],
  data_invalid: ['failed'],
  target_refused: ['failed'],
  parameters_too_large: ['failed'],
  action_unknown: ['failed'],
  retries_exhausted: ['failed'],
  dead_lettered: ['failed'],
  target_unavailable: ['pending'],
  target_timeout: ['pending'],
  target_busy: ['pending'],
  table_unavailable: ['pending'],
  secret_missing: ['pending'],
  waiting_for_earlier_action: ['pending'],
  continues: ['pending'],
  delayed: ['pending'],
  held: ['pending'],
  rate_limited: ['pending'],
};

/** An oddity that did not stop the action: an unknown recipient, a malformed e-mail address. */
export type ActionWarning = { code: string; message: string };

export type ActionOutcome = {
  /** The invocation's id. */
  id: string;
  action: string;
  mapping: string;
  status: ActionStatus;
  reason?: ActionReason;
  /** One sentence for a person. */
  detail?: string;
  /** The action's report: `{ id: <workflow run id>, runs: 3 }`, `{ id, created, changed }`. */
  result?: JsonObject;
  warnings?: ActionWarning[];
  /** The resolved parameters; compressed in the table. */
  payload: JsonObject;
  attempts: number;
  firstAttemptAtMs?: number;
  finishedAtMs?: number;
  /** For pending actions: when the next try is due. */
  retryAtMs?: number;
  /** For pending actions: where the next try continues, in the action's own format. */
  progress?: JsonObject;
  /** For discarded actions. */
  discarded?: Discard<'failed' | 'skipped'>;
};

/**
 * Whether a later origin (a replay, a resend that took over) may try the action again: it failed,
 * or a recipient was unknown, who may be known by then. Runs that began stay; only missing ones
 * begin.
 */
export function isReopenable(outcome: Pick<ActionOutcome, 'status' | 'reason' | 'discarded'>): boolean {
  const { reason, status, discarded } = outcome;
  if (discarded !== undefined) return isReopenable({ status: discarded.was, ...(reason && { reason }) });
  return status === 'failed' || (status === 'skipped' && reason === 'recipient_unknown');
}

/** Whether it ended with a failure, also one that an operator has closed since. */
export function hasFailed({ status, discarded }: Pick<ActionOutcome, 'status' | 'discarded'>): boolean {
  return (discarded?.was ?? status) === 'failed';
}

/**
 * An outcome whose parameters did not fit its row. A replay takes them from the event again; the
 * retry message of a pending action has them too.
 */
export function withoutParameters(outcome: ActionOutcome): ActionOutcome {
  if (lacksParameters(outcome)) return outcome;
  const message = "the row would be over 400 KB, so this action's parameters are not in it; they are in the event";
  return { ...outcome, payload: {}, warnings: [...(outcome.warnings ?? []), { code: 'parameters_not_kept', message }] };
}

/** For an action whose row holds more than this version can read. A replay plans it from the event again. */
export function unreadableParts(why: string): ActionWarning {
  const message = `this action's parameters, result and times cannot be read from its row: ${why}`;
  return { code: 'row_unreadable', message };
}

export function lacksParameters({ warnings = [] }: Pick<ActionOutcome, 'warnings'>): boolean {
  return warnings.some(({ code }) => code === 'parameters_not_kept' || code === 'row_unreadable');
}

/** Whether a warning says that a part of the row was cut. */
export function isCutMark({ code }: ActionWarning): boolean {
  return code === 'parameters_not_kept' || code === 'actions_not_kept' || code === 'row_unreadable';
}

/**
 * The first outcome of a row that lacks older ones. An action without an outcome runs again with the
 * next replay that names it, which changes nothing for runs that began.
 */
export function withoutOthers(outcome: ActionOutcome, count: number): ActionOutcome {
  if (count === 0) return outcome;
  const others = (outcome.warnings ?? []).filter(({ code }) => code !== 'actions_not_kept');
  const message = `the row would be over 400 KB, so ${count} older actions are not in it`;
  return { ...outcome, warnings: [...others, { code: 'actions_not_kept', message }] };
}

/** One row of the action log: one per execution. */
export type ActionLogEntry = {
  execution: string;
  eventId: string;
  source: string;
  eventType: string;
  configVersion: number;
  actions: ActionOutcome[];
  /**
   * Number of the retry message that continues while an action is pending; see
   * plan/actions-message.ts. 0 when none is due.
   */
  next: number;
  /** Origins whose attempt was logged: for them failures stay final. */
  origins: string[];
  /**
   * Each conditional write raises it by one; an unconditional one sets it to its time, which no
   * other delivery can have read.
   */
  revision: number;
  receivedAtMs: number;
  updatedAtMs: number;
  /**
   * The source's retention of rows, which decides when this row expires. Absent: the environment's.
   */
  retentionDays?: number;
  /** When the person of its event was erased: parameters and results are not kept. */
  erasedAtMs?: number;
  /** For dead-lettered messages: the message itself, so that a replay needs nothing else. */
  message?: string;
};
