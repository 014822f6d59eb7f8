import * as z from 'zod';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { runFromItem, runItemKey } from '../../adapters/dynamodb-workflow-runs.ts';
import { findAction } from '../../core/actions/index.ts';
import { type EntityRef, type ObjectRef, recipientKey } from '../../core/ids/entity-ref.ts';
import { isEventId } from '../../core/ids/event-id.ts';
import { printRunId, type RunKey, runKey } from '../../core/ids/run-id.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import { greetingKey } from '../../core/runs/audience-entry.ts';
import { type Place, subscriberPages } from '../../core/runs/subscriber-pages.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Subscriptions } from '../../ports/subscriptions.ts';
import { type ActionLogTable, actionLogEntries } from '../actions/actions.ts';
import { recipientsOf, type WorkflowRunsTable } from './runs.ts';

export type RunSources = {
  actionLog: ActionLogTable;
  runs: WorkflowRunsTable;
  subscriptions: Pick<Subscriptions, 'subscribersOf'>;
  /** Its workflows say which audiences are greeted. */
  configuration: Pick<LiveConfiguration, 'snapshot'>;
};

export type RunsFilter = {
  /** When the event or request that started them was received. */
  sinceMs: number;
  untilMs: number;
  /** The largest number of log shards of any source. */
  shards: number;
  workflow?: string | undefined;
  /** Only runs of triggers that failed, which are found without reading the others. */
  isFailed?: boolean;
};

/** Where to go on. JSON. */
export type RunsPlace = {
  execution: string;
  /** The position among its actions; absent: all of them were looked through. */
  action?: number;
  /** The page of subscribers; absent: the recipients that the action lists. */
  page?: Place;
  /** The id of the last run of these that was looked for, whether it was there or not. */
  run?: string;
};

const PlaceText = z.object({
  execution: z.string().refine(isEventId),
  action: z.int().optional(),
  page: z
    .object({
      object: z.int(),
      after: z.string().optional(),
      child: z.object({ key: z.string(), sinceMs: z.number() }).optional(),
      childAfter: z.string().optional(),
    })
    .optional(),
  run: z.string().optional(),
});

/** A place from its JSON; undefined for text that is none. */
export function runsPlaceFrom(text: string): RunsPlace | undefined {
  try {
    return PlaceText.parse(JSON.parse(text)) as RunsPlace;
  } catch {
    return undefined;
  }
}

export type FoundRun = { run: WorkflowRun; place: RunsPlace };

/** Some runs, newest first. */
export type RunsFound = {
  found: FoundRun[];
  /** How far it looked, and how many rows of the log it read, in all. */
  reached: RunsPlace;
  entries: number;
  /** No more follow. */
  isLast?: true;
};

const entriesAtOnce = 500;

/**
 * Runs by time, though no table has them in that order: the action log has, and each of its rows
 * says whom the runs were for. Recipients that a trigger listed are in the row, subscribers are
 * looked up as the trigger did, and members of audiences by the workflows that greet them. So it
 * costs writes nothing. A run whose recipient has unsubscribed since, or whose greeting workflow is
 * gone, is found by its recipient only.
 * Decision: docs/decisions/0062-runs-are-listed-by-the-action-log.md
 * @param batch how many runs to look for at a time
 * @param from where an earlier call stopped
 */
export async function* runsByTime(
  sources: RunSources,
  filter: RunsFilter,
  batch: number,
  from?: RunsPlace,
): AsyncGenerator<RunsFound> {
  const { sinceMs, untilMs, shards } = filter;
  const rows = actionLogEntries(sources.actionLog, {
    sinceMs,
    untilMs,
    shards,
    ...(filter.isFailed && { statuses: ['failed'] }),
    ...(from && { after: from.execution }),
  });
  let wanted: WantedRun[] = [];
  let entries = 0;
  let quietEntries = 0;
  for await (const log of rows) {
    const resumed = from?.execution === log.execution ? from : undefined;
    if (resumed !== undefined && resumed.action === undefined) continue;
    entries++;
    for await (const some of wantedOf(log, sources, filter, resumed)) {
      wanted.push(...some);
      while (wanted.length >= batch) {
        yield await found(wanted.splice(0, batch), sources, entries);
        quietEntries = 0;
      }
    }
    if (++quietEntries < entriesAtOnce) continue;
    // Nothing for a while: the reader may want to stop.
    const { found: some } = wanted.length > 0 ? await found(wanted, sources, entries) : { found: [] };
    yield { found: some, reached: { execution: log.execution }, entries };
    wanted = [];
    quietEntries = 0;
  }
  if (wanted.length > 0) yield { ...(await found(wanted, sources, entries)), isLast: true };
}

type WantedRun = {
  key: RunKey;
  place: RunsPlace;
  /** The object whose subscription leads to it. */
  object?: ObjectRef;
};

async function found(wanted: WantedRun[], { runs }: RunSources, entries: number): Promise<RunsFound> {
  const { client, table } = runs;
  const keys = wanted.map(({ key }) => runItemKey(key));
  const items = await getEach(client, keys, { table, what: 'reading runs' });
  const all = items.flatMap((item, i): FoundRun[] => {
    if (item === undefined) return [];
    const { object, place } = wanted[i] as WantedRun;
    const run = runFromItem(item);
    // One recipient may be reached in several ways; the row names the one that led to the run.
    const isThisWay = nameOf(run.subscription?.object) === nameOf(object);
    return isThisWay ? [{ run, place }] : [];
  });
  return { found: all, reached: (wanted.at(-1) as WantedRun).place, entries };
}

const nameOf = (object: ObjectRef | undefined) => object && recipientKey(object);

/** The runs that an execution may have started, in the order in which its actions started them. */
async function* wantedOf(
  log: ActionLogEntry,
  sources: RunSources,
  { workflow }: Pick<RunsFilter, 'workflow'>,
  from?: RunsPlace,
): AsyncGenerator<WantedRun[]> {
  for (const [action, outcome] of log.actions.entries()) {
    if (action < (from?.action ?? 0)) continue;
    const resumed = from?.action === action ? from : undefined;
    const place = { execution: log.execution, action };
    if (resumed?.page === undefined)
      yield after(resumed?.run, placed(keysOfAction(log, outcome, workflow, sources), place));
    const recipients = triggered(outcome, workflow);
    const objects = recipients.filter((ref): ref is ObjectRef => ref.kind === 'object');
    if (objects.length === 0) continue;
    const listed = new Set(recipients.map(recipientKey));
    let skipTo = resumed?.page === undefined ? undefined : resumed.run;
    for await (const page of subscriberPages(objects, listed, sources.subscriptions, resumed?.page)) {
      const subscribers = page.subscriptions.filter(({ recipient }) => !listed.has(recipientKey(recipient)));
      const keys = subscribers.map(({ recipient }) => runKey(recipient, log.execution, outcome.mapping));
      yield after(skipTo, placed(keys, { ...place, page: page.place }, page.object));
      skipTo = undefined;
    }
  }
}

function placed(keys: RunKey[], place: RunsPlace, object?: ObjectRef): WantedRun[] {
  const unique = new Map(keys.map((key) => [printRunId(key), key]));
  return [...unique].map(([run, key]) => ({ key, place: { ...place, run }, ...(object && { object }) }));
}

function after(run: string | undefined, wanted: WantedRun[]): WantedRun[] {
  return run === undefined ? wanted : wanted.slice(wanted.findIndex(({ place }) => place.run === run) + 1);
}

/** The recipients that a trigger of this workflow lists; of any, without one. */
function triggered({ action, payload }: ActionOutcome, workflow: string | undefined): EntityRef[] {
  const { startsRunsFor, names } = findAction(action) ?? {};
  if (startsRunsFor === undefined) return [];
  const isOther = workflow !== undefined && names?.type === 'workflow' && payload[names.parameter] !== workflow;
  return isOther ? [] : recipientsOf(payload[startsRunsFor] ?? null);
}

function keysOfAction(
  { execution }: ActionLogEntry,
  outcome: ActionOutcome,
  workflow: string | undefined,
  { configuration }: RunSources,
): RunKey[] {
  const { action, mapping, payload } = outcome;
  const added = findAction(action)?.adds?.(payload);
  if (added === undefined)
    return triggered(outcome, workflow).map((recipient) => runKey(recipient, execution, mapping));
  const greeting = Object.entries(configuration.snapshot.workflows).flatMap(([key, file]) =>
    file.audience === added.audience && (workflow ?? key) === key ? [key] : [],
  );
  return greeting.flatMap((key) =>
    added.members.map(({ userId, tenant }) =>
      greetingKey({ kind: 'user', id: userId }, key, tenant, { execution, mapping }),
    ),
  );
}
