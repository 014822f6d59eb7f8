import type { Action } from './action.ts';
import { usersIdentify } from './users-identify.ts';
import { workflowsTrigger } from './workflows-trigger.ts';

/**
 * Every action, in the order in which those of one event run; identify always comes first and trigger last.
 * Order: https://docs.knock.app/integrations/sources/overview, "Order of operations"; docs/architecture.md, "Actions and
 * retries".
 */
export const actions: readonly Action[] = [usersIdentify, workflowsTrigger];

const actionById = new Map(actions.map((action) => [action.id, action]));
const positionById = new Map(actions.map((action, position) => [action.id, position]));

export function findAction(id: string): Action | undefined {
  return actionById.get(id);
}

/** Position in the execution order; what nobody knows comes last. */
export function actionPosition(id: string): number {
  return positionById.get(id) ?? actions.length;
}
