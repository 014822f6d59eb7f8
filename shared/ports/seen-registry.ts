/** Remembers which sources and event types were ever seen, for people who look for what to map. */
export interface SeenRegistry {
  /** Best effort and rare: about once an hour per type and process. Never delays or fails an event. */
  note(seen: { source: string; eventType?: string; eventId: string }[], nowMs: number): Promise<void>;
}
