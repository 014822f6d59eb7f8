import type { Command } from 'commander';
import { isEventId } from '../../../shared/core/ids/event-id.ts';
import { carryOnJob } from '../../../shared/operations/jobs/carry-on-job.ts';
import { eventsOfJob, type JobEventRow, outcomesOfJob } from '../../../shared/operations/jobs/events-of-job.ts';
import { jobRow } from '../../../shared/operations/jobs/job-row.ts';
import { countsText, doneText, thingsOf } from '../../../shared/operations/jobs/job-text.ts';
import { cancelJob, type Job, listJobs, readJob } from '../../../shared/operations/jobs/jobs.ts';
import { failure, notFound } from '../../../shared/operations/refusal.ts';
import { wrongCursor } from '../../../shared/operations/tables/cursors.ts';
import { formatCount, printable } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatWhen } from '../../../shared/operations/words/times.ts';
import { defaultList, examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, type FormOptions, type PageOptions, printPages } from '../paging.ts';
import { printFields } from '../terminal/fields.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { type Colours, printJson, processTerminal } from '../terminal/terminal.ts';
import { followJob } from './follow.ts';

export function register(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('long work of operators: what was asked, by whom, and how far it is');
  const list = defaultList(jobs)
    .description('all jobs, newest first')
    .action((_options, command: Command) => listCommand(optionsOf(command)));
  examples(list, ['jobs', 'what was replayed, by whom and why']);
  const show = jobs
    .command('show <id>')
    .description('one job, with what was asked')
    .action((id: string, _options, command: Command) => showCommand(id, optionsOf(command)));
  examples(show, ['jobs show 019b…', 'how far it is, and what became of how many']);
  const events = addPaging(jobs.command('events <id>'))
    .description('the events of a replay, oldest first: what it did with each, and where each is now')
    .option('--csv', 'as CSV, for a spreadsheet')
    .action((id: string, _options, command: Command) => eventsCommand(id, optionsOf<EventsOptions>(command), command));
  examples(
    events,
    ['jobs events 019b… --all', 'every event of a replay'],
    ['events --job 019b… --status failed', 'those that failed anew, as a list of events'],
  );
  const resume = jobs
    .command('resume <id>')
    .description('goes on with a job that was left or whose process died')
    .action((id: string, _options, command: Command) => resumeCommand(id, optionsOf(command)));
  examples(resume, ['jobs resume 019b…', 'from where it was left; nothing runs twice']);
  const cancel = jobs
    .command('cancel <id>')
    .description('stops a job, wherever it runs; what it has sent stays sent')
    .action((id: string, _options, command: Command) => cancelCommand(id, optionsOf(command)));
  examples(cancel, ['jobs cancel 019b…', 'what it has not come to yet stays as it is']);
}

type Options = ReturnType<typeof optionsOf>;

async function listCommand(options: Options): Promise<void> {
  const terminal = processTerminal();
  const { configuration } = await connect(options);
  const jobs = await listJobs(configuration);
  if (options.json) printJson(terminal, jobs.map(jobRow));
  else if (jobs.length > 0) terminal.out(renderTable(columns(terminal.colours, Date.now()), jobs, terminal));
  else terminal.note('no jobs');
}

function columns({ green, yellow }: Colours, nowMs: number): Column<Job>[] {
  return [
    { title: 'JOB', value: ({ id }) => id, whole: true },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'BEGUN', value: ({ createdAt }) => formatAgo(Date.parse(createdAt), nowMs) },
    { title: 'BY', value: ({ author }) => author },
    {
      title: 'STATE',
      value: ({ state }) => state,
      paint: (text, { state }) => (state === 'done' ? green(text) : state === 'running' ? yellow(text) : text),
    },
    { title: 'OF', value: (job) => `${formatCount(job.total)} ${thingsOf(job)}`, align: 'right' },
    { title: 'DONE', value: ({ counts }) => doneSoFar(counts) },
    { title: 'WHY', value: ({ reason }) => reason ?? '-' },
  ];
}

const doneSoFar = (counts: Job['counts']) => countsText(counts, { all: false }) || 'nothing yet';

async function showCommand(id: string, options: Options): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const job = await readJob(environment.configuration, id);
  if (job === undefined) throw noJob(id, environment.name);
  if (options.json) return printJson(terminal, jobRow(job));
  const outcomes = await outcomesOfJob(environment, id);
  const nowMs = Date.now();
  printFields(terminal, `Job ${job.id}`, [
    ['kind', job.kind],
    ['by', job.author],
    ['why', job.reason ?? 'no reason was given'],
    ['begun', formatWhen(Date.parse(job.createdAt), nowMs)],
    ['state', `${job.state}, as of ${formatWhen(Date.parse(job.updatedAt), nowMs)}`],
    [thingsOf(job), doneText(job)],
    ['done', doneSoFar(job.counts)],
    ['request', JSON.stringify(job.request)],
  ]);
  for (const { outcome, detail, count, example } of outcomes)
    terminal.out(`  ${formatCount(count)} ${outcome}: each ${printable(detail)} (${example})`);
  if (outcomes.length > 0) terminal.note(`each of them: npx signalbox jobs events ${id}`);
  if (job.state === 'running') terminal.note(`if no process is at it: npx signalbox jobs resume ${id}`);
}

type EventsOptions = PageOptions & FormOptions;

async function eventsCommand(
  id: string,
  options: ReturnType<typeof optionsOf<EventsOptions>>,
  command: Command,
): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const job = await readJob(environment.configuration, id);
  if (job === undefined) throw noJob(id, environment.name);
  const { after } = options;
  if (after !== undefined && !isEventId(after)) throw wrongCursor(after);
  await printPages<JobEventRow>(
    terminal,
    { rows: eventsOfJob(environment, id, { after }), cursorOf: ({ event_id }) => event_id },
    { noun: 'event', columns: eventColumns(terminal.colours), none: () => `job ${id} lists no events` },
    options,
    command,
  );
}

function eventColumns({ green, red, yellow }: Colours): Column<JobEventRow>[] {
  return [
    { title: 'EVENT', value: ({ event_id }) => event_id, whole: true },
    { title: 'JOB', value: ({ outcome }) => outcome ?? 'to be run' },
    {
      title: 'NOW',
      value: ({ now }) => now,
      paint: (text, { now }) => (now === 'done' ? green(text) : now === 'failed' ? red(text) : yellow(text)),
    },
    { title: 'DETAIL', value: ({ detail }) => detail ?? '-' },
  ];
}

async function resumeCommand(id: string, options: Options): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const job = await readJob(environment.configuration, id);
  if (job === undefined) throw noJob(id, environment.name);
  await followJob(terminal, environment, job, options, (run) => carryOnJob(environment, job, run));
}

async function cancelCommand(id: string, options: Options): Promise<void> {
  const terminal = processTerminal();
  const { configuration, name } = await connect(options);
  if (!(await cancelJob(configuration, id, Date.now()))) {
    const job = await readJob(configuration, id);
    throw job === undefined ? noJob(id, name) : failure(`job ${id} is ${job.state} already`);
  }
  terminal.note(`job ${id} is cancelled; what it has sent stays sent`);
}

function noJob(id: string, environment: string) {
  return notFound(`there is no job ${id} in ${environment}`, 'npx signalbox jobs lists them');
}
