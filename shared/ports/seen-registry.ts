import type { OldCredential } from '../core/events/raw-event.ts';

export type SeenEvent = {
  source: string;
  eventId: string;
  eventType?: string;
  /** It came in by a URL that is on its way out; noted about every five minutes, for the operator who waits to retire it. */
  oldCredentials?: readonly OldCredential[];
};

/** Remembers which sources and event types were ever seen, for people who look for what to map. */
export interface SeenRegistry {
  /** Best effort and rare: about once an hour per type and process. Never delays or fails an event. */
  note(seen: SeenEvent[], nowMs: number): Promise<void>;
}
