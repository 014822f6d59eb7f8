import type { JsonObject } from '../json/values.ts';

export type ActionStatus = 'succeeded' | 'skipped' | 'failed' | 'pending';

/** Why an action was skipped, failed, or waits; the closed list that logs, metrics and the CLI share. */
export const actionReasons = [
  // skipped
  'required_field_missing',
  // skipped; pending at first: it may be on its way
  'recipient_unknown',
  // failed for good
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
  // pending: will be tried again
  'target_unavailable',
  'target_timeout',
  'target_busy',
  'table_unavailable',
  'secret_missing',
  'waiting_for_earlier_action',
  // pending, and no trouble at all: more to do than one call has time for; a delay that the workflow asks for
  'continues',
  'delayed',
] as const;
export type ActionReason = (typeof actionReasons)[number];

/** A thing worth knowing that did not stop the action: an unknown recipient, a malformed e-mail address. */
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
  /** What the action reports: `{ id: <workflow run id>, runs: 3 }`, `{ id, created, changed }`. */
  result?: JsonObject;
  warnings?: ActionWarning[];
  /** The resolved parameters; compressed in the table. */
  payload: JsonObject;
  attempts: number;
  firstAttemptAtMs?: number;
  finishedAtMs?: number;
  /** For pending actions: when the next try is due. */
  retryAtMs?: number;
  /** For pending actions: where the next try goes on, in the action's own words. */
  progress?: JsonObject;
};

/**
 * Whether a later origin (a replay, a resend that took over) may try the action again: it failed, or a recipient was not
 * known, who may be by then. Runs that began stay; only what is missing begins.
 */
export function isReopenable({ status, reason }: Pick<ActionOutcome, 'status' | 'reason'>): boolean {
  return status === 'failed' || (status === 'skipped' && reason === 'recipient_unknown');
}

/** An outcome whose parameters did not fit its row: a replay takes them from the event again. */
export function withoutParameters(outcome: ActionOutcome): ActionOutcome {
  const message = "the row would be over 400 KB, so this action's parameters are not in it; they are in the event";
  return { ...outcome, payload: {}, warnings: [...(outcome.warnings ?? []), { code: 'parameters_not_kept', message }] };
}

export function lacksParameters({ warnings = [] }: Pick<ActionOutcome, 'warnings'>): boolean {
  return warnings.some(({ code }) => code === 'parameters_not_kept');
}

/** One row of the action log: one per execution. */
export type ActionLogEntry = {
  execution: string;
  eventId: string;
  source: string;
  eventType: string;
  configVersion: number;
  actions: ActionOutcome[];
  /** The retry message that will carry on while something is pending; see events/actions-message.ts. 0 when none is due. */
  next: number;
  /** Origins whose run has been logged: their failures stay final. */
  origins: string[];
  /** Raised by one with every conditional write; an unconditional one sets it to its time, which nobody can have read. */
  revision: number;
  receivedAtMs: number;
  updatedAtMs: number;
  /** How long the source keeps its rows. Absent: as long as the environment does. Decides when the row expires. */
  retentionDays?: number;
  /** For dead-lettered messages: the message itself, so that a replay needs nothing else. */
  message?: string;
};
