import { findAction } from '../../core/actions/index.ts';
import { parseRunId, printRunId, type RunKey } from '../../core/ids/run-id.ts';
import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { RunStatus, WorkflowRun } from '../../core/runs/workflow-run.ts';
import { actionLogEntries, actionLogOf, mostShards, readActionLog } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import { notFound, usageError } from '../refusal.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { inChunks } from '../tables/newest-first.ts';
import type { SearchRange } from '../tables/search-range.ts';
import { runRow } from './run-row.ts';
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

type Range = Pick<SearchRange, 'sinceMs' | 'untilMs'> & { after?: RunKey };

/**
 * Runs, newest first; those of one execution by their ids.
 *
 * @param range when they were started; ignored for the runs of one event. `after`: goes on behind
 * this run
 * @throws Refusal when `wanted` names an event that is not kept
 */
export async function* findRuns(
  environment: Environment,
  known: KnownSource[],
  wanted: RunsWanted,
  range: Range,
): AsyncGenerator<WorkflowRun> {
  const { workflow, status } = wanted;
  for await (const run of runsFound(environment, known, wanted, range)) {
    if (workflow !== undefined && run.workflow !== workflow) continue;
    if (status === undefined || status.includes(run.status)) yield run;
  }
}

async function* runsFound(
  environment: Environment,
  known: KnownSource[],
  { recipient, event, workflow }: RunsWanted,
  range: Range,
): AsyncGenerator<WorkflowRun> {
  if (event !== undefined) yield* runsAfter(await runsOfEvent(environment, event, known, recipient), range.after);
  else if (recipient !== undefined) yield* runsOfRecipient(workflowRunsOf(environment), recipient, range);
  else yield* runsByTime(environment, known, workflow, range);
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
  { after, ...range }: Range,
): AsyncGenerator<WorkflowRun> {
  const entries = actionLogEntries(actionLogOf(environment), {
    ...range,
    shards: mostShards(known),
    ...(after && { after: after.execution }),
  });
  const triggering = (async function* () {
    for await (const log of entries) {
      if (log.actions.some((action) => startsRunsOf(action, workflow))) yield log;
    }
  })();
  for await (const logs of inChunks(triggering, 20))
    yield* runsAfter(await runsOfExecutions(workflowRunsOf(environment), logs), after);
}

/** Newest execution first. Their recipients have no order of their own, so ids give one. */
function runsAfter(runs: WorkflowRun[], after: RunKey | undefined): WorkflowRun[] {
  const place = ({ key }: Pick<WorkflowRun, 'key'>) => ({ execution: key.execution, id: printRunId(key) });
  const isBehind = (run: WorkflowRun) => after === undefined || compare(place(run), place({ key: after })) > 0;
  return runs.filter(isBehind).sort((a, b) => compare(place(a), place(b)));
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
