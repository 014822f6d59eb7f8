import { actionLogOf } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { type JobOutcome, readJobOutcome } from './job-events.ts';
import { type Job, jobsAround } from './jobs.ts';

/** What one job did with one event. A field of `why --json`. */
export type TouchedByRow = {
  job: string;
  kind: Job['kind'];
  author: string;
  reason: string | null;
  begun_at: string;
  /** Null: the job has not come to it. */
  outcome: JobOutcome['outcome'] | null;
  sent: JobOutcome['sent'];
  detail: string | null;
};

/** The jobs that an event is in, oldest first: one Query for jobs of that time, and one for each of them. */
export async function touchedBy(environment: Environment, eventId: string): Promise<TouchedByRow[]> {
  const jobs = await jobsAround(environment.configuration, eventId);
  const log = actionLogOf(environment);
  const rows = await Promise.all(
    jobs.map(async ({ id, kind, author, reason = null, createdAt }): Promise<TouchedByRow[]> => {
      const done = await readJobOutcome(log, id, eventId);
      if (done === undefined) return [];
      const { outcome = null, sent = null, detail = null } = done;
      return [{ job: id, kind, author, reason, begun_at: createdAt, outcome, sent, detail }];
    }),
  );
  return rows.flat();
}
