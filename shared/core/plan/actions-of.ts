import { invocationId } from '../ids/invocation-id.ts';
import { countValues } from '../json/count-values.ts';
import type { JsonObject } from '../json/values.ts';
import { takesEventData } from '../mappings/action-facts.ts';
import {
  type ActionsMessage,
  actionsMessageBytesMax,
  encodeActionsMessage,
  type Invocation,
} from './actions-message.ts';
import type { PlannedEvent } from './plan-event.ts';

export type ExecutionOfEvent = { execution: string; again: boolean; nowMs: number };

/** The one message that carries all of an event's actions. Only for events with actions to run. */
export function actionsMessageOf(planned: PlannedEvent, { execution, again, nowMs }: ExecutionOfEvent): ActionsMessage {
  const { raw, event, plan, key, configVersion } = planned;
  if (event === undefined || plan.kind !== 'run') throw new Error(`event ${raw.id} has no actions to run`);
  const invocations: Invocation[] = plan.invocations.map(({ mapping, action, payload }) => ({
    id: invocationId(execution, mapping),
    mapping,
    action,
    payload,
  }));
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

// Parameters are parts of the event: if this many copies of it would fit, the message fits.
const surelyFitsBytes = actionsMessageBytesMax / 3;

/**
 * The most values in the parameters of all actions of an event. Copies of one value compress to
 * almost no bytes, so the size does not limit the cost of reading: 150,000 values cost a function
 * about 0.2 s of a core.
 */
export const actionsValuesMax = 150_000;

/**
 * Cuts a message to the queue's limit, and to the cost that one event may have in functions that
 * other events share. The largest action loses its parameters and ends as `parameters_too_large` in
 * the action log, until the rest fits. The other actions still run.
 */
function cutDown(message: ActionsMessage, eventBytes: number): ActionsMessage {
  const affordable = cutToValues(message);
  if (eventBytes * (affordable.invocations.length + 1) <= surelyFitsBytes) return affordable;
  return cutToBytes(affordable);
}

function cutToValues(message: ActionsMessage): ActionsMessage {
  // Mappings often share a part of the event; it is counted once.
  const counted = new Map<JsonObject, number>();
  const valuesOf = (part: JsonObject) => {
    const values = counted.get(part) ?? countValues(part, actionsValuesMax);
    counted.set(part, values);
    return values;
  };
  const detail = `with this action's parameters the event's actions hold more than ${actionsValuesMax} values; at most that many are handed on. Map fewer fields.`;
  for (let fitting = message; ; ) {
    const values = totalOf(fitting, valuesOf);
    const smaller = values > actionsValuesMax ? withoutLargest(fitting, valuesOf, detail) : undefined;
    if (smaller === undefined) return fitting;
    fitting = smaller;
  }
}

function totalOf({ invocations, data }: ActionsMessage, sizeOf: SizeOf): number {
  return invocations.reduce((sum, { payload }) => sum + sizeOf(payload), data === undefined ? 0 : sizeOf(data));
}

function cutToBytes(message: ActionsMessage): ActionsMessage {
  for (let fitting = message; ; ) {
    const encoded = encodeActionsMessage(fitting);
    if ('text' in encoded) return fitting;
    const detail = `with this action's parameters the event's actions take ${encoded.tooLarge} bytes compressed; at most ${actionsMessageBytesMax} fit. Map fewer fields.`;
    const smaller = withoutLargest(fitting, (part) => JSON.stringify(part).length, detail);
    if (smaller === undefined) return fitting;
    fitting = smaller;
  }
}

type SizeOf = (part: JsonObject) => number;

/** The message with its largest action refused; undefined when all of them are. */
function withoutLargest(message: ActionsMessage, sizeOf: SizeOf, detail: string): ActionsMessage | undefined {
  const { data, ...rest } = message;
  const sizes = message.invocations.map((one) => {
    if (one.refused) return -1;
    return sizeOf(one.payload) + (data !== undefined && takesEventData(one) ? sizeOf(data) : 0);
  });
  const largest = sizes.indexOf(Math.max(...sizes));
  if ((sizes[largest] ?? -1) < 0) return undefined;
  const invocations = message.invocations.map(
    (one, i): Invocation =>
      i === largest ? { ...one, payload: {}, refused: { reason: 'parameters_too_large', detail } } : one,
  );
  // Data that only a refused trigger would use is removed with it.
  const isUsed = data !== undefined && invocations.some((one) => !one.refused && takesEventData(one));
  return { ...rest, ...(isUsed && { data }), invocations };
}
