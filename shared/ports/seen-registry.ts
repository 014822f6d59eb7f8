import type { OldCredential } from '../core/events/raw-event.ts';

export type SeenEvent = {
  source: string;
  eventId: string;
  eventType?: string;
  /**
   * The event came in by an old URL. This is recorded about every five minutes, for the operator
   * who waits to retire the URL.
   */
  oldCredentials?: readonly OldCredential[];
};

/** Remembers which sources and event types were ever seen, for people who write mappings. */
export interface SeenRegistry {
  /**
   * Best effort and rare: about once an hour per type and process. Never delays or fails an event.
   */
  note(seen: SeenEvent[], nowMs: number): Promise<void>;
}
