import type { ActionLogEntry, ActionOutcome } from '../logs/action-log-entry.ts';
import type { ActionsMessage, Invocation } from '../plan/actions-message.ts';

/** What a row of the action log says of its execution before anything was tried: all of it is in every message. */
export function rowHead(
  message: ActionsMessage,
): Pick<ActionLogEntry, 'execution' | 'eventId' | 'source' | 'eventType' | 'configVersion' | 'receivedAtMs'> {
  const { execution, eventId, source, eventType, configVersion, receivedAtMs } = message;
  return { execution, eventId, source, eventType, configVersion, receivedAtMs };
}

/** What an outcome says of its action before anything was tried. */
export function outcomeHead(invocation: Invocation): Pick<ActionOutcome, 'id' | 'action' | 'mapping' | 'payload'> {
  const { id, action, mapping, payload } = invocation;
  return { id, action, mapping, payload };
}
