import type { ActionLogEntry } from '../core/logs/action-log-entry.ts';

export interface ActionLog {
  /** Reads consistently; undefined when there is no row. */
  read(execution: string): Promise<ActionLogEntry | undefined>;
  /** Answers in order, consistently; undefined where there is no row. */
  readEach(executions: string[]): Promise<(ActionLogEntry | undefined)[]>;
  /**
   * Writes unconditionally and in batches, for first attempts without pending actions. Answers per
   * entry, in order.
   */
  writeEach(entries: ActionLogEntry[]): Promise<(Error | undefined)[]>;
  /**
   * Writes the row if its revision is still `revisionSeen` (0: no row), as revision `revisionSeen +
   * 1`.
   * @returns false when another delivery wrote in between: read again, merge, try again
   */
  writeIfUnchanged(entry: ActionLogEntry, revisionSeen: number): Promise<boolean>;
}
