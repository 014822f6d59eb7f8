import { makeSubscriptions } from '../../adapters/dynamodb-subscriptions.ts';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import { parseRunId, printRunId, type RunKey } from '../../core/ids/run-id.ts';
import type { RunStatus, WorkflowRun } from '../../core/runs/workflow-run.ts';
import { actionLogOf, executionsOfEvent, mostShards } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvent } from '../events/events.ts';
import { notFound, usageError } from '../refusal.ts';
import type { KnownSource, SourceDirectory } from '../sources/known-sources.ts';
import { cursorOfName, nameOfCursor, wrongCursor } from '../tables/cursors.ts';
import { mapped } from '../tables/newest-first.ts';
import { type Found, type Reading, reading } from '../tables/reading.ts';
import { rowsLookedAt, type Search, searchOf } from '../tables/search.ts';
import type { SearchRange } from '../tables/search-range.ts';
import { type RunRow, runRow } from './run-row.ts';
import { readRun, runsOfRecipient, workflowRunsOf } from './runs.ts';
import { type RunsPlace, runsByTime, runsPlaceFrom } from './runs-by-time.ts';

/** The runs that are asked for. An absent field asks for runs of any kind. */
export type RunsWanted = {
  /** A user id, or `collection/id` of an object. */
  recipient?: string;
  workflow?: string;
  status?: readonly RunStatus[];
  /** The id of the event that started them. */
  event?: string;
};

type Range = Pick<SearchRange, 'sinceMs' | 'untilMs'>;

/**
 * Runs, newest first. Those of one recipient are one Query. Those of a time or of one event are
 * listed by the action log: docs/decisions/0062-runs-are-listed-by-the-action-log.md
 *
 * @param range when they were started; ignored for the runs of one event
 * @param after where an earlier call ended: the `id` that it gave
 * @param progress ends the reading of the action log
 * @throws Refusal when `wanted` names an event that is not kept, or `after` is no place
 */
export async function* findRuns(
  environment: Environment,
  directory: SourceDirectory,
  wanted: RunsWanted,
  range: Range,
  after?: string,
  progress: Reading = reading(),
): AsyncGenerator<Found<WorkflowRun>> {
  const { workflow, status, recipient, event } = wanted;
  const found =
    recipient !== undefined && event === undefined
      ? runsOfOne(environment, recipient, range, after)
      : runsOfLog(environment, directory, wanted, range, after, progress);
  for await (const one of found) {
    const { row: run } = one;
    if (run !== undefined && recipient !== undefined && runRow(run).recipient !== recipient) continue;
    if (run !== undefined && workflow !== undefined && run.workflow !== workflow) continue;
    if (run === undefined || status === undefined || status.includes(run.status)) yield one;
  }
}

/** The same as a search that stops after `rowsLookedAt` rows. */
export function searchRuns(
  environment: Environment,
  directory: SourceDirectory,
  wanted: RunsWanted,
  { after, ...range }: Range & { after?: string },
  isComplete = false,
): Search<RunRow> {
  const progress = reading(isComplete ? undefined : rowsLookedAt.byContent);
  const from = after === undefined ? undefined : nameOfCursor(after);
  const cursors = new WeakMap<RunRow, string>();
  const rows = mapped(findRuns(environment, directory, wanted, range, from, progress), ({ id, row }) => {
    if (row === undefined) return { id };
    const shown = runRow(row);
    cursors.set(shown, cursorOfName(id));
    return { id, row: shown };
  });
  const endOf = (id: string) => ({ next: cursorOfName(id), backToMs: eventIdTimeMs(placeOf(id).execution) });
  return searchOf(rows, progress, (row) => cursors.get(row) as string, endOf);
}

async function* runsOfOne(
  environment: Environment,
  recipient: string,
  range: Range,
  after: string | undefined,
): AsyncGenerator<Found<WorkflowRun>> {
  const place = after === undefined ? undefined : parseRunId(after);
  if (after !== undefined && place === undefined) throw wrongCursor(after);
  const runs = runsOfRecipient(workflowRunsOf(environment), recipient, { ...range, ...(place && { after: place }) });
  for await (const row of runs) yield { id: printRunId(row.key), row };
}

const runsAtOnce = 100;

async function* runsOfLog(
  environment: Environment,
  { live, known }: SourceDirectory,
  { event, workflow }: RunsWanted,
  range: Range,
  after: string | undefined,
  progress: Reading,
): AsyncGenerator<Found<WorkflowRun>> {
  const from = after === undefined ? undefined : placeOf(after);
  const { documents, outputs } = environment;
  const sources = {
    actionLog: actionLogOf(environment),
    runs: workflowRunsOf(environment),
    subscriptions: makeSubscriptions(documents, outputs.DirectoryTable),
    configuration: live,
  };
  const executions = event === undefined ? undefined : await executionsOf(environment, event, known);
  const parts = executions?.map((execution) => ({ execution, ...momentOf(execution) })) ?? [range];
  // Bulk requests have several executions: those before the place were looked through.
  const begin = executions && from ? Math.max(0, executions.indexOf(from.execution)) : 0;
  for (const [i, part] of parts.slice(begin).entries()) {
    const filter = { workflow, shards: mostShards(known), sinceMs: part.sinceMs, untilMs: part.untilMs };
    let before = 0;
    for await (const some of runsByTime(sources, filter, runsAtOnce, i === 0 ? from : undefined)) {
      progress.rows += some.entries - before;
      before = some.entries;
      for (const { run, place } of some.found)
        if (!('execution' in part) || run.key.execution === part.execution)
          yield { id: JSON.stringify(place), row: run };
      if (some.isLast || progress.rows < progress.rowsMax) continue;
      yield { id: JSON.stringify(some.reached) };
      return;
    }
  }
}

async function executionsOf(environment: Environment, id: string, known: KnownSource[]): Promise<string[]> {
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry !== undefined) return executionsOfEvent(entry);
  throw notFound(`no event ${id} in ${environment.name}`, `npx signalbox why ${id} says what is known of it`);
}

function momentOf(execution: string): Range {
  const timeMs = eventIdTimeMs(execution);
  return { sinceMs: timeMs, untilMs: timeMs };
}

function placeOf(name: string): RunsPlace {
  const place = runsPlaceFrom(name);
  if (place === undefined) throw wrongCursor(cursorOfName(name));
  return place;
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
