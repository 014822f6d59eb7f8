import type { Environment } from '../environment.ts';
import type { SourceDirectory } from '../sources/known-sources.ts';
import { type Grouped, groupSearch } from '../tables/groups.ts';
import { type ActionSearch, type ActionSearchOptions, searchActions } from './action-search.ts';
import { type FoundAction, workflowOf } from './actions.ts';

export const actionGroupings = [
  'reason',
  'type',
  'source',
  'status',
  'workflow',
  'mapping',
  'action',
  'detail',
] as const;
export type ActionGrouping = (typeof actionGroupings)[number];

/** Counts the actions of a search by a value, with the event of the newest of each as an example. */
export function groupActions(
  environment: Environment,
  directory: SourceDirectory,
  search: ActionSearch,
  by: ActionGrouping,
  options: Omit<ActionSearchOptions, 'limit'>,
): Promise<Grouped> {
  const found = searchActions(environment, directory, search, { ...options, limit: Number.POSITIVE_INFINITY });
  return groupSearch(found, ({ log, action }) => ({
    values: [groupOf({ log, action }, by)],
    receivedAtMs: log.receivedAtMs,
    eventId: log.eventId,
  }));
}

function groupOf({ log, action }: FoundAction, by: ActionGrouping): string | null {
  switch (by) {
    case 'reason':
      return action.reason ?? null;
    case 'type':
      return log.eventType;
    case 'source':
      return log.source;
    case 'status':
      return action.status;
    case 'workflow':
      return workflowOf(action) ?? null;
    case 'mapping':
      return action.mapping;
    case 'action':
      return action.action;
    case 'detail':
      return action.detail ?? null;
  }
}
