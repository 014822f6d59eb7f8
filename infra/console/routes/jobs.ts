import { Hono } from 'hono';
import type { Environment } from '../../../shared/operations/environment.ts';
import { jobRow } from '../../../shared/operations/jobs/job-row.ts';
import { cancelJob, type Job, listJobs, readJob } from '../../../shared/operations/jobs/jobs.ts';
import { failure, notFound } from '../../../shared/operations/refusal.ts';
import type { ConsoleContext, ConsoleEnv } from '../context.ts';

async function jobOf({ configuration, name }: Environment, id: string): Promise<Job> {
  const job = await readJob(configuration, id);
  if (job === undefined) throw notFound(`there is no job ${id} in ${name}`);
  return job;
}

/** A job, and what this console has to do with it. */
const shownJob = ({ jobs }: ConsoleContext, job: Job) => ({
  ...jobRow(job),
  runs_here: jobs.has(job.id),
  problem: jobs.problemOf(job.id) ?? null,
});

export const jobs = new Hono<ConsoleEnv>()
  .get('/', async (c) => {
    const { environment, context } = c.var;
    const all = await listJobs(environment.configuration);
    return c.json(all.map((job) => shownJob(context, job)));
  })
  .get('/:id', async (c) => {
    const job = await jobOf(c.var.environment, c.req.param('id'));
    return c.json(shownJob(c.var.context, job));
  })
  /** Stops it, wherever it runs; what it has sent stays sent. */
  .post('/:id/cancel', async (c) => {
    const { environment } = c.var;
    const id = c.req.param('id');
    if (!(await cancelJob(environment.configuration, id, Date.now())))
      throw failure(`job ${id} is ${(await jobOf(environment, id)).state} already`);
    return c.json(jobRow(await jobOf(environment, id)));
  })
  /** Carries on with one that was left, or whose process died. */
  .post('/:id/resume', async (c) => {
    const { environment, context } = c.var;
    const job = await jobOf(environment, c.req.param('id'));
    if (job.state !== 'running') throw failure(`job ${job.id} is ${job.state}: there is nothing to carry on`);
    context.jobs.run(environment, job);
    return c.json(shownJob(context, job));
  });
