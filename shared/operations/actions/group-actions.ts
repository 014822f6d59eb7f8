import type { Environment } from '../environment.ts';
import type { SourceDirectory } from '../sources/known-sources.ts';
import { type Group, makeGroups } from '../tables/groups.ts';
import type { Looked } from '../tables/search.ts';
import type { SearchRange } from '../tables/search-range.ts';
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

export type GroupedActions = { groups: Group[]; actions: number; looked: Looked; range: SearchRange };

/** Counts the actions of a search by a value, with the event of the newest of each as an example. */
export async function groupActions(
  environment: Environment,
  directory: SourceDirectory,
  search: ActionSearch,
  by: ActionGrouping,
  options: Omit<ActionSearchOptions, 'limit'>,
): Promise<GroupedActions> {
  const { rows, looked, range } = searchActions(environment, directory, search, {
    ...options,
    limit: Number.POSITIVE_INFINITY,
  });
  const groups = makeGroups(range);
  let actions = 0;
  for await (const found of rows) {
    actions++;
    groups.add(groupOf(found, by), found.log.receivedAtMs, found.log.eventId);
  }
  const { back_to } = looked();
  const backToMs = back_to === null ? range.sinceMs : Date.parse(back_to);
  return { groups: groups.list(backToMs), actions, looked: looked(), range };
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
