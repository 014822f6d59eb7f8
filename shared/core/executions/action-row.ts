import type { ActionLogEntry, ActionOutcome } from '../logs/action-log-entry.ts';
import type { ActionsMessage, Invocation } from '../plan/actions-message.ts';

/** The part of an action log row that every message holds, before any attempt. */
export function rowHead(
  message: ActionsMessage,
): Pick<ActionLogEntry, 'execution' | 'eventId' | 'source' | 'eventType' | 'configVersion' | 'receivedAtMs'> {
  const { execution, eventId, source, eventType, configVersion, receivedAtMs } = message;
  return { execution, eventId, source, eventType, configVersion, receivedAtMs };
}

/** The part of an outcome that is known before any attempt. */
export function outcomeHead(invocation: Invocation): Pick<ActionOutcome, 'id' | 'action' | 'mapping' | 'payload'> {
  const { id, action, mapping, payload } = invocation;
  return { id, action, mapping, payload };
}
