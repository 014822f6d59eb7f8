import type { EventLogEntry } from '../../../core/logs/event-log-entry.ts';
import type { SendResult } from '../../../ports/queues.ts';
import type { Ending } from './planned-record.ts';

/** Counts for metrics, as functions keep them; `docs/alarms.md` lists the names. */
export type RecordCounts = {
  count(source: string, name: string, value?: number, reason?: string): void;
  countAt(atMs: number, source: string, name: string, value?: number): void;
  flush(): void;
};

/** The counts of one batch, from its first effect to its answer. */
export type RecordAccount = {
  sent(results: SendResult[]): void;
  written(rows: EventLogEntry[], errors: (Error | undefined)[]): void;
  endings(endings: Ending[]): void;
  /** Counts what is known; whatever is not stays counted as unanswered. */
  close(): void;
};

/**
 * Counts a batch so that `verify` adds up wherever its function stops. First all records count as
 * unanswered: any of them may have a row that no answer names. At the end those that surely have one,
 * or surely have none, are taken back. docs/reliability.md, "Accounting".
 */
export function openRecordAccount(
  source: string,
  receivedAtMs: number,
  records: number,
  counts: RecordCounts,
): RecordAccount {
  let accepted = 0;
  let unknown = 0;
  const countAt = (name: string, value: number) => {
    if (value !== 0) counts.countAt(receivedAtMs, source, name, value);
  };
  countAt('EventsUnanswered', records);
  counts.flush();
  return {
    sent(results) {
      accepted += results.filter((result) => result.sent).length;
      unknown += results.filter((result) => !result.sent && result.asked !== false).length;
    },
    written(rows, errors) {
      for (const [i, { status, reason }] of rows.entries()) {
        if (errors[i] !== undefined) {
          unknown++;
          continue;
        }
        accepted++;
        if (status === 'processed') counts.count(source, 'EventsProcessed');
        else counts.count(source, 'EventsRejected', 1, reason);
      }
    },
    endings(endings) {
      const done = endings.filter((ending) => ending.done).length;
      if (done > 0) counts.count(source, 'RecordsApplied', done);
      if (done < endings.length) counts.count(source, 'RecordsRefused', endings.length - done);
    },
    close() {
      // Taken back with what is known, in one line, so that no reader sees one without the other.
      countAt('EventsAccepted', accepted);
      countAt('EventsUnanswered', unknown - records);
    },
  };
}
