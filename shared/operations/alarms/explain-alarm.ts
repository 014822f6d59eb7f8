import { readLive } from '../../adapters/dynamodb-configuration.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { listRefusalNotes } from '../../adapters/dynamodb-refusal-notes.ts';
import { listSourceRegistry } from '../../adapters/dynamodb-seen-registry.ts';
import type { WithActionLog } from '../actions/actions.ts';
import { type Range, troubledActions, troubledEvents, waitingActions } from '../doctor/problems.ts';
import type { WithEventLog } from '../events/events.ts';
import { type KnownSource, knownSources } from '../sources/known-sources.ts';
import type { Explanation } from './alarm-kinds.ts';

/** One reason of an alarm, as rows tell it. */
export type Explained = {
  /** Absent: it is not known how often. */
  count?: number;
  reason: string;
  /** `source web`, `workflow order-completed` */
  where: string;
  /** A sentence of the newest one. */
  detail?: string;
  /** An event's id, for `why`, or a request's, for the function's log. */
  example?: string;
};

/** What of an environment tells the reasons. Reads by key and index only. */
export type Explainable = WithEventLog & WithActionLog & { configuration: ConfigurationTable; logShards: number };

/** The reasons of an alarm, the most frequent first. */
export async function explainAlarm(
  explanation: Explanation,
  environment: Explainable,
  range: Range,
): Promise<Explained[]> {
  switch (explanation) {
    case 'failed_events':
      return failedEvents(environment, await sourcesOf(environment), range);
    case 'unsuccessful_actions':
      return unsuccessfulActions(environment, await sourcesOf(environment), range);
    case 'pending_actions':
      return pendingActions(environment, await sourcesOf(environment), range);
    case 'refusals':
      return refusals(environment, range);
  }
}

async function sourcesOf({ configuration, logShards }: Explainable): Promise<KnownSource[]> {
  const [live, registry] = await Promise.all([readLive(configuration), listSourceRegistry(configuration)]);
  return knownSources(live, registry, logShards);
}

/** Dead letters of actions have their rows in the action log. */
async function failedEvents(environment: Explainable, sources: KnownSource[], range: Range): Promise<Explained[]> {
  const [events, actions] = await Promise.all([
    troubledEvents(environment, sources, range),
    troubledActions(environment, sources, range),
  ]);
  return mostFrequentFirst([
    ...events.filter(({ id }) => id === 'events_failed').map(explainedBy),
    ...actions.filter(({ reason }) => reason === 'dead_lettered').map(explainedBy),
  ]);
}

async function unsuccessfulActions(environment: Explainable, sources: KnownSource[], range: Range) {
  return mostFrequentFirst((await troubledActions(environment, sources, range)).map(explainedBy));
}

type Problem = Awaited<ReturnType<typeof troubledEvents>>[number];

function explainedBy({ count, reason = 'unknown', cause, example, source, workflow }: Problem): Explained {
  const [, detail = cause] = /^.*?: (.*)$/s.exec(cause) ?? [];
  const where = workflow === undefined ? `source ${source}` : `workflow ${workflow}`;
  return { count, reason, where, detail, ...(example !== undefined && { example }) };
}

async function pendingActions(environment: Explainable, sources: KnownSource[], range: Range): Promise<Explained[]> {
  return (await waitingActions(environment, sources, range)).map(
    ({ workflow, source, reason, detail, count, example }) => ({
      count,
      reason,
      where: workflow === undefined ? `source ${source}` : `workflow ${workflow}`,
      ...(detail !== undefined && { detail }),
      example,
    }),
  );
}

/** Of what never became an event, only the last request of each reason is noted. */
async function refusals({ configuration }: Explainable, { sinceMs }: Range): Promise<Explained[]> {
  return (await listRefusalNotes(configuration))
    .filter(({ atMs }) => atMs >= sinceMs)
    .sort((a, b) => b.atMs - a.atMs)
    .map(({ source, reason, requestId }) => ({
      reason,
      where: `source ${source}`,
      ...(requestId !== undefined && { example: requestId }),
    }));
}

function mostFrequentFirst(reasons: Explained[]): Explained[] {
  return reasons.sort((a, b) => (b.count ?? 0) - (a.count ?? 0));
}
