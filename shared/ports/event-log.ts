import type { EventLogEntry, EventStatus } from '../core/logs/event-log-entry.ts';

export interface EventLog {
  /** Reads the status in the event's row consistently; undefined when there is no row yet. */
  statusOf(eventId: string, source: string): Promise<EventStatus | undefined>;
  /**
   * Writes rows, unconditionally and in batches. Answers per entry, in order: undefined, or the
   * error that prevented the write.
   */
  writeEach(entries: EventLogEntry[]): Promise<(Error | undefined)[]>;
  /**
   * Writes the row of a held event, unless it has one: what an earlier delivery wrote stands.
   * @returns whether it was written
   */
  writeHeld(entry: EventLogEntry): Promise<boolean>;
  /**
   * Writes a `failed` row where no final row exists; an earlier `failed` row keeps its reason and
   * detail.
   * @returns `rewritten` when there was such a row; `final` when another row is final, which stands
   */
  writeFailed(entry: EventLogEntry): Promise<FailedWrite>;
}

export type FailedWrite = 'written' | 'rewritten' | 'final';
