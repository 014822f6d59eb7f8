import { eventIdLength, eventIdTimeMs, isEventId } from '../../core/ids/event-id.ts';
import { parseRunId } from '../../core/ids/run-id.ts';

/**
 * What an operator's text can be. Message and user ids are free text, so only the tables can tell.
 */
export type IdShape = 'event' | 'run' | 'action' | 'text';

const uuidV5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export function shapeOf(text: string): IdShape {
  if (isEventId(text)) return 'event';
  if (parseRunId(text) !== undefined) return 'run';
  return uuidV5.test(text) ? 'action' : 'text';
}

/** Why a text cannot be an event id, in words; undefined when it can. */
export function idProblem(text: string): string | undefined {
  if (isEventId(text)) return undefined;
  if (isEventId(text.toUpperCase()))
    return `"${text}" is an event id in lower case; they are written in capitals: ${text.toUpperCase()}`;
  return `"${text}" is not an event id; one looks like 01JD3Q9F7K8M25RXK0Q4T9B7C0 (${eventIdLength} characters)`;
}

/**
 * Whether the time in an event id is further in the future than clocks differ. Then the id was
 * never made.
 */
export function isFromTheFuture(id: string, nowMs: number): boolean {
  return eventIdTimeMs(id) > nowMs + 5 * 60_000;
}
