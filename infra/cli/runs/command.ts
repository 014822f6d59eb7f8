import type { Command } from 'commander';
import { findAction } from '../../../shared/core/actions/index.ts';
import { parseRunId, type RunKey } from '../../../shared/core/ids/run-id.ts';
import type { ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import type { RunStatus, WorkflowRun } from '../../../shared/core/runs/workflow-run.ts';
import {
  actionLogEntries,
  actionLogOf,
  mostShards,
  readActionLog,
} from '../../../shared/operations/actions/actions.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { eventLogOf, readEvent } from '../../../shared/operations/events/events.ts';
import { notFound, usageError } from '../../../shared/operations/refusal.ts';
import { cancelRunByHand, existingRun } from '../../../shared/operations/runs/cancel-run.ts';
import { type RunRow, runRow } from '../../../shared/operations/runs/run-row.ts';
import {
  runsOfExecution,
  runsOfExecutions,
  runsOfRecipient,
  workflowRunsOf,
} from '../../../shared/operations/runs/runs.ts';
import {
  type KnownSource,
  longestRetentionDays,
  readSources,
} from '../../../shared/operations/sources/known-sources.ts';
import { inChunks, take } from '../../../shared/operations/tables/newest-first.ts';
import { type SearchRange, searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { plural, safeJson } from '../../../shared/operations/words/text.ts';
import { formatTime, formatWhen } from '../../../shared/operations/words/times.ts';
import { runColumns } from '../actions/table.ts';
import { anyOf, defaultList, examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { printFields } from '../terminal/fields.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

const statuses: readonly RunStatus[] = ['pending', 'handed_off', 'failed', 'cancelled'];

type ListOptions = {
  recipient?: string;
  workflow?: string;
  status?: RunStatus[];
  event?: string;
  since?: number;
  until?: number;
  limit: number;
};

export function register(program: Command): void {
  const runs = program.command('runs').description('workflow runs: who got what; show one, cancel one');
  const list = defaultList(runs)
    .description('workflow runs, newest first')
    .option('--recipient <id>', 'of one recipient: a user id, or collection/id of an object')
    .option('--workflow <key>', 'of one workflow')
    .option(
      '--status <list>',
      `any of ${statuses.join(', ')}: failed or pending,failed`,
      anyOf('status of a run', statuses),
    )
    .option('--event <id>', 'that one event started')
    .option('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; 3 days by default', time)
    .option('--until <time>', 'up to this time', time)
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((_options, command: Command) => listCommand(optionsOf<ListOptions>(command)));
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
    .description('take back one run that has not been handed to its target yet')
    .action((id: string, _options, command: Command) => cancelCommand(id, optionsOf(command)));
  examples(cancel, ['runs cancel 01K…-5e884898-user_42', 'an id as runs prints it']);
  runs.addHelpText('after', () => `\nWithout a command it lists:\n\n${list.helpInformation()}`);
}

async function listCommand(options: ReturnType<typeof optionsOf<ListOptions>>): Promise<void> {
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
  const runs = await take(chosen(await findRuns(environment, directory.known, options, range), options), options.limit);
  const rows = runs.map(runRow);
  if (options.json) printJson(terminal, rows);
  else if (rows.length > 0) terminal.out(renderTable(runColumns(terminal.colours, nowMs), rows, terminal));
  else terminal.note('no runs');
  if (options.event === undefined && range.narrowed !== undefined) terminal.note(range.narrowed);
  if (options.event === undefined && range.byDefault && rows.length < options.limit)
    terminal.note(`${plural(rows.length, 'run')} since ${formatTime(range.sinceMs)}; --since 30d looks further back`);
}

async function* chosen(
  runs: AsyncIterable<WorkflowRun>,
  { workflow, status }: Pick<ListOptions, 'workflow' | 'status'>,
): AsyncGenerator<WorkflowRun> {
  for await (const run of runs) {
    if (
      (workflow === undefined || run.workflow === workflow) &&
      (status === undefined || status.includes(run.status))
    ) {
      yield run;
    }
  }
}

async function findRuns(
  environment: Environment,
  known: KnownSource[],
  { recipient, event, workflow }: ListOptions,
  range: SearchRange,
) {
  if (event !== undefined) return asStream(await runsOfEvent(environment, event, known, recipient));
  if (recipient !== undefined) return runsOfRecipient(workflowRunsOf(environment), recipient, range);
  return runsByTime(environment, known, workflow, range);
}

async function runsOfEvent(
  environment: Environment,
  id: string,
  known: KnownSource[],
  recipient: string | undefined,
): Promise<WorkflowRun[]> {
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry === undefined)
    throw notFound(`no event ${id} in ${environment.name}`, `npx signalbox why ${id} says what is known of it`);
  const log =
    entry.execution === undefined ? undefined : await readActionLog(actionLogOf(environment), entry.execution);
  if (log === undefined) return [];
  const runs = await runsOfExecution(workflowRunsOf(environment), log);
  return runs.filter((run) => recipient === undefined || runRow(run).recipient === recipient);
}

/** Runs are not ordered by time; the action log is, and it names each trigger's recipients. */
async function* runsByTime(
  environment: Environment,
  known: KnownSource[],
  workflow: string | undefined,
  range: SearchRange,
) {
  const entries = actionLogEntries(actionLogOf(environment), { ...range, shards: mostShards(known) });
  const triggering = (async function* () {
    for await (const log of entries) {
      if (log.actions.some((action) => startsRunsOf(action, workflow))) yield log;
    }
  })();
  for await (const logs of inChunks(triggering, 20)) yield* await runsOfExecutions(workflowRunsOf(environment), logs);
}

/** Whether an action starts runs for its recipients, and of this workflow if one is given. */
function startsRunsOf({ action, payload }: ActionOutcome, workflow: string | undefined): boolean {
  const { startsRunsFor, names } = findAction(action) ?? {};
  if (startsRunsFor === undefined) return false;
  return workflow === undefined || (names?.type === 'workflow' && payload[names.parameter] === workflow);
}

async function* asStream<Row>(rows: Row[]): AsyncGenerator<Row> {
  yield* rows;
}

function runKeyOf(id: string): RunKey {
  const key = parseRunId(id);
  if (key !== undefined) return key;
  throw usageError(`"${id}" is not a run id; one looks like 01JD3Q9F7K8M25RXK0Q4T9B7C0-5e884898-user_42`);
}

async function cancelCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const key = runKeyOf(id);
  const { run, isTriggerOver, problem } = await cancelRunByHand(await connect(options), key, Date.now());
  if (options.json) printJson(terminal, runRow(run));
  else terminal.out(`cancelled ${id}`);
  if (isTriggerOver) terminal.note('its trigger has no run left to begin, and is over');
  if (problem) terminal.note(`its trigger stays pending until its delay is over: ${problem.message}`);
}

async function showCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const key = runKeyOf(id);
  const run = await existingRun(await connect(options), key);
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
