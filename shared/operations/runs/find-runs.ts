import { findAction } from '../../core/actions/index.ts';
import { isEventId } from '../../core/ids/event-id.ts';
import { parseRunId, printRunId, type RunKey } from '../../core/ids/run-id.ts';
import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { RunStatus, WorkflowRun } from '../../core/runs/workflow-run.ts';
import { actionLogOf, findActionLogs, mostShards, readActionLog } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import { notFound, usageError } from '../refusal.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { cursorOfName, nameOfCursor, wrongCursor } from '../tables/cursors.ts';
import { mapped } from '../tables/newest-first.ts';
import { type Found, foundInChunks, type Reading, reading } from '../tables/reading.ts';
import { rowsLookedAt, type Search, searchOf } from '../tables/search.ts';
import type { SearchRange } from '../tables/search-range.ts';
import { type RunRow, runRow } from './run-row.ts';
import { readRun, runsOfExecution, runsOfExecutions, runsOfRecipient, workflowRunsOf } from './runs.ts';

/** The runs that are asked for. An absent field asks for runs of any kind. */
export type RunsWanted = {
  /** A user id, or `collection/id` of an object. */
  recipient?: string;
  workflow?: string;
  status?: readonly RunStatus[];
  /** The id of the event that started them. */
  event?: string;
};

/** A run, or all runs of an execution. */
export type RunPlace = RunKey | Pick<RunKey, 'execution'>;

type Range = Pick<SearchRange, 'sinceMs' | 'untilMs'> & { after?: RunPlace };

/**
 * Runs, newest first; those of one execution by their ids.
 *
 * @param range when they were started; ignored for the runs of one event. `after`: goes on behind
 * this run
 * @param progress ends the reading of the action log, which names the runs of a time
 * @throws Refusal when `wanted` names an event that is not kept
 */
export async function* findRuns(
  environment: Environment,
  known: KnownSource[],
  wanted: RunsWanted,
  range: Range,
  progress: Reading = reading(),
): AsyncGenerator<Found<WorkflowRun>> {
  const { workflow, status } = wanted;
  for await (const found of runsFound(environment, known, wanted, range, progress)) {
    const { row: run } = found;
    if (run !== undefined && workflow !== undefined && run.workflow !== workflow) continue;
    if (run === undefined || status === undefined || status.includes(run.status)) yield found;
  }
}

/**
 * The same as a search that stops after `rowsLookedAt` rows.
 * @param after a run's id, or the execution up to which everything was looked at
 */
export function searchRuns(
  environment: Environment,
  known: KnownSource[],
  wanted: RunsWanted,
  { after, ...range }: Omit<Range, 'after'> & { after?: string },
  isComplete = false,
): Search<RunRow> {
  const place = after === undefined ? undefined : placeOf(nameOfCursor(after));
  if (after !== undefined && place === undefined) throw wrongCursor(after);
  const progress = reading(isComplete ? undefined : rowsLookedAt.byContent);
  const found = findRuns(environment, known, wanted, { ...range, ...(place && { after: place }) }, progress);
  const rows = mapped(found, ({ id, row }) => ({ id, ...(row && { row: runRow(row) }) }));
  return searchOf(rows, progress, ({ id }) => cursorOfName(id));
}

function placeOf(name: string): RunPlace | undefined {
  return isEventId(name) ? { execution: name } : parseRunId(name);
}

async function* runsFound(
  environment: Environment,
  known: KnownSource[],
  { recipient, event, workflow }: RunsWanted,
  range: Range,
  progress: Reading,
): AsyncGenerator<Found<WorkflowRun>> {
  if (event !== undefined)
    yield* foundRuns(runsAfter(await runsOfEvent(environment, event, known, recipient), range.after));
  else if (recipient !== undefined)
    yield* mapped(runsOfRecipient(workflowRunsOf(environment), recipient, range), foundRun);
  else yield* runsByTime(environment, known, workflow, range, progress);
}

const foundRun = (row: WorkflowRun): Found<WorkflowRun> => ({ id: row.key.execution, row });
const foundRuns = (runs: WorkflowRun[]) => runs.map(foundRun);

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
  { after, ...range }: Range,
  progress: Reading,
): AsyncGenerator<Found<WorkflowRun>> {
  const logs = findActionLogs(
    actionLogOf(environment),
    { ...range, shards: mostShards(known), ...(after && { after: after.execution }) },
    progress,
  );
  const triggering = (async function* () {
    for await (const found of logs) {
      const { row: log } = found;
      if (log === undefined || log.actions.some((action) => startsRunsOf(action, workflow))) yield found;
    }
  })();
  for await (const chunk of foundInChunks(triggering, 20)) {
    if ('end' in chunk) yield { id: chunk.end };
    else yield* foundRuns(runsAfter(await runsOfExecutions(workflowRunsOf(environment), chunk.rows), after));
  }
}

/** Newest execution first. Their recipients have no order of their own, so ids give one. */
function runsAfter(runs: WorkflowRun[], after: RunPlace | undefined): WorkflowRun[] {
  const place = ({ key }: WorkflowRun): Place => ({ execution: key.execution, id: printRunId(key) });
  // Without a recipient it is behind all runs of its execution: no id is above this one.
  const edge = after && { execution: after.execution, id: 'recipient' in after ? printRunId(after) : '\uffff' };
  return runs
    .filter((run) => edge === undefined || compare(place(run), edge) > 0)
    .sort((a, b) => compare(place(a), place(b)));
}

type Place = { execution: string; id: string };

function compare(a: Place, b: Place): number {
  if (a.execution !== b.execution) return a.execution > b.execution ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** Whether an action starts runs for its recipients, and of this workflow if one is given. */
function startsRunsOf({ action, payload }: ActionOutcome, workflow: string | undefined): boolean {
  const { startsRunsFor, names } = findAction(action) ?? {};
  if (startsRunsFor === undefined) return false;
  return workflow === undefined || (names?.type === 'workflow' && payload[names.parameter] === workflow);
}

/**
 * The run with this id.
 * @throws Refusal when the id is malformed or no such run is kept
 */
export async function findRun(environment: Environment, id: string): Promise<WorkflowRun> {
  const run = await readRun(workflowRunsOf(environment), runKeyOf(id));
  if (run !== undefined) return run;
  const hint = 'it has aged out, or never was: npx signalbox runs --recipient ID';
  throw notFound(`no run ${id} in ${environment.name}`, hint);
}

/** @throws Refusal when the text is not a run's id */
export function runKeyOf(id: string): RunKey {
  const key = parseRunId(id);
  if (key !== undefined) return key;
  throw usageError(`"${id}" is not a run id; one looks like 01JD3Q9F7K8M25RXK0Q4T9B7C0-5e884898-user_42`);
}
