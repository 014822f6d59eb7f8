import { SingleBar } from 'cli-progress';
import type { Environment } from '../../../shared/operations/environment.ts';
import type { CarryOnOptions, JobProgress } from '../../../shared/operations/jobs/carry-on.ts';
import { jobRow } from '../../../shared/operations/jobs/job-row.ts';
import { countsText } from '../../../shared/operations/jobs/job-text.ts';
import { type Job, readJob } from '../../../shared/operations/jobs/jobs.ts';
import { formatCount } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { printJson, type Terminal } from '../terminal/terminal.ts';

const lineEveryMs = 2_000;

/**
 * Shows a job while it runs here. Ctrl-C leaves it where it is, and says how to go on; a second one
 * ends the process at once, which loses nothing either.
 */
export async function followJob(
  terminal: Terminal,
  environment: Environment,
  job: Job,
  { json }: { json?: boolean },
  run: (options: CarryOnOptions) => AsyncIterable<JobProgress>,
): Promise<void> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  process.once('SIGINT', leave);
  const bar = terminal.interactive
    ? new SingleBar({ format: '{bar} {value} of {total}', stream: process.stderr, clearOnComplete: true })
    : undefined;
  // A dead process had the job for half a minute.
  const onWait = (untilMs: number) =>
    terminal.note(
      `another process had this job a moment ago; if it is dead, this one goes on at ${formatTime(untilMs)}`,
    );
  const doneBefore = Object.values(job.counts).reduce((sum, count) => sum + count, 0);
  terminal.note(`job ${job.id}`);
  bar?.start(job.total, doneBefore);
  let last: JobProgress | undefined;
  const line = () =>
    terminal.note(`${formatCount(last?.done ?? doneBefore)} of ${formatCount(Math.max(job.total, last?.done ?? 0))}`);
  const lines = bar === undefined ? setInterval(line, lineEveryMs) : undefined;
  try {
    for await (const progress of run({ signal: leaving.signal, onWait })) {
      last = progress;
      bar?.update(progress.done);
    }
  } finally {
    bar?.stop();
    clearInterval(lines);
    process.off('SIGINT', leave);
  }
  if (last === undefined) return;
  const { counts, state } = last;
  const on = environment.name === 'development' ? '' : ` -e ${environment.name}`;
  const ended = { running: 'left', done: 'done', cancelled: 'cancelled' }[state];
  if (json)
    printJson(terminal, jobRow((await readJob(environment.configuration, job.id)) ?? { ...job, counts, state }));
  else terminal.out(`${ended}: ${countsText(counts, { all: true })}`);
  if (state === 'running') terminal.note(`go on with: npx signalbox jobs resume ${job.id}${on}`);
  else if (state === 'done' && (counts.replayed ?? 0) > 0) terminal.note(`is it over? npx signalbox doctor${on}`);
  if ((counts.failed ?? 0) > 0 || state !== 'done') process.exitCode = 1;
}
