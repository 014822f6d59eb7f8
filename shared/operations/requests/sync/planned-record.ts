import type { Deed } from '../../../core/destinations/destination.ts';

/** A record that is right as far as can be told without looking anything up. */
export type PlannedRecord<OneDeed extends Deed = Deed> = { id: string; position: number; deed: OneDeed };

/** What became of a record: nothing is wrong, with a note for its row perhaps, or a sentence. */
export type Ending = { done: true; note?: string | undefined } | { done: false; message: string };

/** How the records of one batch are applied, after what they need was read. */
export type Work<OneDeed extends Deed = Deed> = {
  /** Whether a part of the record is left to `workflow-trigger`: then its event is queued first. */
  leavesRest(record: PlannedRecord<OneDeed>): boolean;
  /**
   * Applies a few records; `end` is called once for each.
   * @throws RetryableError when a table is throttled or unavailable
   */
  apply(records: PlannedRecord<OneDeed>[], end: (record: PlannedRecord, ending: Ending) => void): Promise<void>;
};
