import type { ActionLogEntry, ActionOutcome } from './action-log-entry.ts';
import { withoutWords } from './discard.ts';

const erasedWhileWaiting = 'the person of its event was erased while the action waited';

/** The row of such an event's actions: a pending one ends, so that its message finds nothing to do. */
export function actionsWithoutPerson(log: ActionLogEntry, nowMs: number): ActionLogEntry {
  const { message: _message, ...rest } = log;
  return {
    ...rest,
    actions: log.actions.map((outcome) => outcomeWithoutPerson(outcome, nowMs)),
    updatedAtMs: nowMs,
    erasedAtMs: log.erasedAtMs ?? nowMs,
  };
}

function outcomeWithoutPerson(outcome: ActionOutcome, nowMs: number): ActionOutcome {
  const { id, action, mapping, status, reason, attempts, firstAttemptAtMs, finishedAtMs, result, discarded } = outcome;
  const counts = Object.entries(result ?? {}).filter(([, value]) => typeof value === 'number');
  const head = {
    id,
    action,
    mapping,
    payload: {},
    attempts,
    ...(firstAttemptAtMs !== undefined && { firstAttemptAtMs }),
  };
  const counted = counts.length > 0 ? { result: Object.fromEntries(counts) } : {};
  if (status === 'pending')
    return {
      ...head,
      ...counted,
      status: 'skipped',
      reason: 'person_erased',
      detail: erasedWhileWaiting,
      finishedAtMs: nowMs,
    };
  return {
    ...head,
    ...counted,
    status,
    ...(reason !== undefined && { reason }),
    ...(finishedAtMs !== undefined && { finishedAtMs }),
    ...(discarded && { discarded: withoutWords(discarded) }),
  };
}
