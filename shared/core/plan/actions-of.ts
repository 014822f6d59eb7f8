import { invocationId } from '../ids/invocation-id.ts';
import { takesEventData } from '../mappings/action-facts.ts';
import {
  type ActionsMessage,
  actionsMessageBytesMax,
  encodeActionsMessage,
  type Invocation,
} from './actions-message.ts';
import type { PlannedEvent } from './plan-event.ts';

export type ExecutionOfEvent = { execution: string; again: boolean; nowMs: number };

/** The one message that carries all of an event's actions. Only for events whose plan is to run some. */
export function actionsMessageOf(planned: PlannedEvent, { execution, again, nowMs }: ExecutionOfEvent): ActionsMessage {
  const { raw, event, plan, key, configVersion } = planned;
  if (event === undefined || plan.kind !== 'run') throw new Error(`event ${raw.id} has no actions to run`);
  const invocations: Invocation[] = plan.invocations.map(({ mapping, action, payload }) => ({
    id: invocationId(execution, mapping),
    mapping,
    action,
    payload,
  }));
  // A trigger without mapped data takes the event's own; nobody else needs it in the message.
  const needsData = invocations.some(takesEventData);
  return cutDown(
    {
      eventId: raw.id,
      source: raw.source,
      eventType: event.eventType,
      execution,
      origin: raw.replay ?? raw.id,
      configVersion,
      ...(event.userId !== undefined && { userId: event.userId }),
      ...(needsData && { data: event.data }),
      occurredAtMs: event.occurredAtMs,
      receivedAtMs: event.receivedAtMs,
      ...(key !== undefined && { claim: { key, source: raw.source, eventType: event.eventType } }),
      again,
      n: 1,
      firstSentAtMs: nowMs,
      invocations,
    },
    raw.payload.length,
  );
}

// Parameters are parts of the event: while this many copies of it would fit, the message fits.
const surelyFitsBytes = actionsMessageBytesMax / 3;

/**
 * Cuts a message down to what the queue takes: the largest action goes without its parameters, to end as
 * `parameters_too_large` in the action log, until the rest fits. The other actions still run.
 */
function cutDown(message: ActionsMessage, eventBytes: number): ActionsMessage {
  if (eventBytes * (message.invocations.length + 1) <= surelyFitsBytes) return message;
  const fitting = { ...message, invocations: [...message.invocations] };
  for (;;) {
    const encoded = encodeActionsMessage(fitting);
    if ('text' in encoded) return fitting;
    const largest = indexOfLargest(fitting.invocations);
    const invocation = fitting.invocations[largest];
    if (invocation === undefined || invocation.refused) return fitting;
    fitting.invocations[largest] = {
      ...invocation,
      payload: {},
      refused: {
        reason: 'parameters_too_large',
        detail: `with this action's parameters the event's actions take ${encoded.tooLarge} bytes compressed; at most ${actionsMessageBytesMax} fit. Map fewer fields.`,
      },
    };
    // Data that only a refused trigger would have used goes with it.
    if (!fitting.invocations.some((one) => !one.refused && takesEventData(one))) delete fitting.data;
  }
}

function indexOfLargest(invocations: Invocation[]): number {
  const sizes = invocations.map(({ payload, refused }) => (refused ? -1 : JSON.stringify(payload).length));
  return sizes.indexOf(Math.max(...sizes));
}
