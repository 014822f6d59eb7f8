import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { readJobPages } from '../jobs/job-events.ts';
import { idRange } from '../tables/id-range.ts';
import type { Found, Reading } from '../tables/reading.ts';
import { type EventFilter, type EventRange, eventLogOf, matchesEvent, readEvents } from './events.ts';

/** The events of a job, newest first: the job lists them, whatever became of them. */
export async function* findByJob(
  environment: Environment,
  jobId: string,
  wanted: EventFilter & EventRange,
  progress: Reading,
): AsyncGenerator<Found<EventLogEntry>> {
  const { from, to } = idRange(wanted);
  const sources = new Set(wanted.sources.map(({ key }) => key));
  for await (const page of readJobPages(environment, jobId, { after: to, newestFirst: true })) {
    const ids = page.events.filter((id) => id >= from && id <= to && id !== wanted.after).reverse();
    const rows = await readEvents(eventLogOf(environment), ids, wanted.sources);
    progress.rows += ids.length;
    progress.requests++;
    for (const id of ids) {
      const row = rows.get(id);
      if (row !== undefined && sources.has(row.source) && matchesEvent(row, wanted)) yield { id, row };
    }
    const last = ids.at(-1);
    if (progress.rows >= progress.rowsMax && last !== undefined) {
      yield { id: last };
      return;
    }
  }
}
