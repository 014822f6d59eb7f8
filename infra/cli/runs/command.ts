import type { Command } from 'commander';
import { usageError } from '../../../shared/operations/refusal.ts';
import { cancelRun } from '../../../shared/operations/runs/cancel-run.ts';
import { findRun, type RunsWanted, runKeyOf, searchRuns } from '../../../shared/operations/runs/find-runs.ts';
import { type RunRow, runRow } from '../../../shared/operations/runs/run-row.ts';
import { runStatuses } from '../../../shared/operations/runs/run-status.ts';
import {
  longestRetentionDays,
  readSources,
  type SourceDirectory,
} from '../../../shared/operations/sources/known-sources.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { didYouMean } from '../../../shared/operations/words/did-you-mean.ts';
import { plural, safeJson } from '../../../shared/operations/words/text.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { runColumns } from '../actions/table.ts';
import { anyOf, defaultList, examples, optionsOf, time } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, noteRange, type PageOptions, printPages } from '../paging.ts';
import { printFields } from '../terminal/fields.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

type ListOptions = RunsWanted & {
  since?: number;
  until?: number;
} & PageOptions;

export function register(program: Command): void {
  const runs = program.command('runs').description('workflow runs: who got what; show one, cancel one');
  const list = addPaging(defaultList(runs))
    .description('workflow runs, newest first')
    .option('--recipient <id>', 'of one recipient: a user id, or collection/id of an object')
    .option('--workflow <key>', 'of one workflow')
    .option(
      '--status <list>',
      `any of ${runStatuses.join(', ')}: failed or pending,failed`,
      anyOf('status of a run', runStatuses),
    )
    .option('--event <id>', 'that one event started')
    .option('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; 3 days by default', time)
    .option('--until <time>', 'up to this time', time)
    .action((_options, command: Command) => listCommand(optionsOf<ListOptions>(command), command));
  examples(
    list,
    ['runs --recipient user_42', 'what one user got, however long ago'],
    ['runs --event 01K…', 'what one event started'],
    ['runs --workflow order-completed --since 1h', 'one workflow in the last hour'],
  );
  const show = runs
    .command('show <id>')
    .description('one run: its data, its target and what the target answered')
    .action((id: string, _options, command: Command) => showCommand(id, optionsOf(command)));
  examples(show, ['runs show 01K…-5e884898-user_42', 'an id as runs prints it']);
  const cancel = runs
    .command('cancel <id>')
    .description('take back one run that waits or is held: its target has not got it yet')
    .action((id: string, _options, command: Command) => cancelCommand(id, optionsOf(command)));
  examples(cancel, ['runs cancel 01K…-5e884898-user_42', 'an id as runs prints it']);
  runs.addHelpText('after', () => `\nWithout a command it lists:\n\n${list.helpInformation()}`);
}

async function listCommand(options: ReturnType<typeof optionsOf<ListOptions>>, command: Command): Promise<void> {
  const terminal = processTerminal();
  const problem = options.event === undefined ? undefined : idProblem(options.event);
  if (problem !== undefined) throw usageError(problem);
  const environment = await connect(options);
  const nowMs = Date.now();
  const directory = await readSources(environment);
  const range = searchRange(options, nowMs, {
    unbounded: options.recipient !== undefined,
    retentionDays: longestRetentionDays(environment, directory),
  });
  const { after, all } = options;
  const place = { ...range, ...(after !== undefined && { after }) };
  const { count, isMore } = await printPages(
    terminal,
    searchRuns(environment, directory, options, place, all),
    {
      noun: 'run',
      columns: runColumns(terminal.colours, nowMs),
      none: () => noRuns(directory, options.workflow),
    },
    options,
    command,
  );
  if (options.event === undefined) noteRange(terminal, range, isMore ? undefined : plural(count, 'run'));
}

/** That there are none; of a workflow that is not live, with the one that was likely meant. */
function noRuns({ live }: SourceDirectory, workflow: string | undefined): string {
  const keys = Object.keys(live.snapshot.workflows);
  if (workflow === undefined || keys.includes(workflow)) return 'no runs';
  return `no runs; no workflow "${workflow}" is live${didYouMean(workflow, keys)}`;
}

async function cancelCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  runKeyOf(id);
  const { run, isTriggerOver, problem } = await cancelRun(await connect(options), id, Date.now());
  if (options.json) printJson(terminal, runRow(run));
  else terminal.out(`cancelled ${id}`);
  if (isTriggerOver) terminal.note('its trigger has no run left to begin and has ended');
  if (problem) terminal.note(`its trigger stays pending until its delay is over: ${problem.message}`);
}

async function showCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  runKeyOf(id);
  const environment = await connect(options);
  const run = await findRun(environment, id);
  if (options.json) printJson(terminal, runRow(run));
  else printRun(terminal, runRow(run), Date.now());
}

function printRun(terminal: Terminal, row: RunRow, nowMs: number): void {
  const fields: [string, string | null][] = [
    ['workflow', row.workflow],
    ['recipient', row.recipient],
    ['status', row.error === null ? row.status : `${row.status}: ${row.error}`],
    ['target', row.target],
    ['answer', row.target_reference === null ? null : safeJson(row.target_reference)],
    ['attempts', String(row.attempts)],
    ['started', formatWhen(Date.parse(row.inserted_at), nowMs)],
    ['changed', formatWhen(Date.parse(row.updated_at), nowMs)],
    ['event', row.event_id],
    ['action', row.action_id],
    ['mapping', row.mapping],
    ['actor', row.actor],
    ['tenant', row.tenant],
    ['cancellation key', row.cancellation_key],
    ['cancelled by', row.cancel_reason],
    ['data', safeJson(row.data)],
  ];
  printFields(
    terminal,
    `Run ${row.id}`,
    fields.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]])),
  );
}
