import { actionLogOf, readActionLogs } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { type KnownSource, readSources } from '../sources/known-sources.ts';
import { whereNow } from '../why/where-now.ts';
import { type JobOutcome, type JobPage, readJobPages } from './job-events.ts';

/** An event of a job. A row of `jobs events --json`. */
export type JobEventRow = {
  event_id: string;
  /** What the job did; null: it has not come to the event. */
  outcome: JobOutcome['outcome'] | null;
  sent: JobOutcome['sent'];
  detail: string | null;
  /** Where the event is now. */
  status: string | null;
  now: 'done' | 'waiting' | 'failed' | 'unknown';
};

/** The events of a job, oldest first, with what became of them. */
export async function* eventsOfJob(
  environment: Environment,
  jobId: string,
  { after }: { after?: string | undefined } = {},
): AsyncGenerator<JobEventRow> {
  const { known } = await readSources(environment);
  // The page of the cursor begins before it.
  for await (const page of readJobPages(environment, jobId)) {
    if (after !== undefined && (page.events.at(-1) ?? '') <= after) continue;
    for (const row of await rowsOf(environment, known, page))
      if (after === undefined || row.event_id > after) yield row;
  }
}

async function rowsOf(
  environment: Environment,
  known: KnownSource[],
  { events, outcomes }: JobPage,
): Promise<JobEventRow[]> {
  const entries = await readEvents(eventLogOf(environment), events, known);
  const logs = await readActionLogs(actionLogOf(environment), [...entries.values()]);
  return events.map((id, i) => {
    const entry = entries.get(id);
    const { outcome = null, sent = null, detail = null } = outcomes?.[i] ?? {};
    const base = { event_id: id, outcome, sent, detail };
    if (entry === undefined) return { ...base, status: null, now: 'unknown' };
    return { ...base, status: entry.status, now: whereNow(entry, logs.get(entry.execution ?? '')).state };
  });
}

/** What a job did, counted by what it says of each event: most often first. */
export async function outcomesOfJob(
  environment: Environment,
  jobId: string,
): Promise<(JobOutcome & { count: number; example: string })[]> {
  const counted = new Map<string, JobOutcome & { count: number; example: string }>();
  for await (const { events, outcomes = [] } of readJobPages(environment, jobId))
    for (const [i, outcome] of outcomes.entries()) {
      const example = String(events[i]);
      // A forced copy has an id of its own, by which nothing is to be counted.
      const detail = outcome.detail.replace(/, \w{26}$/, '');
      const key = `${outcome.outcome} ${detail}`;
      counted.set(key, { ...(counted.get(key) ?? { ...outcome, detail, example, count: 0 }) });
      (counted.get(key) as { count: number }).count++;
    }
  return [...counted.values()].sort((a, b) => b.count - a.count);
}
