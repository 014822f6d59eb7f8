import type { Action } from './action.ts';
import { audiencesAddMember } from './audiences-add-member.ts';
import { audiencesRemoveMember } from './audiences-remove-member.ts';
import { objectsDelete } from './objects-delete.ts';
import { objectsSet } from './objects-set.ts';
import { objectsSubscribe } from './objects-subscribe.ts';
import { objectsUnsubscribe } from './objects-unsubscribe.ts';
import { tenantsDelete } from './tenants-delete.ts';
import { tenantsSet } from './tenants-set.ts';
import { usersDelete } from './users-delete.ts';
import { usersIdentify } from './users-identify.ts';
import { workflowsCancel } from './workflows-cancel.ts';
import { workflowsTrigger } from './workflows-trigger.ts';

/**
 * Every action, in the order in which the actions of one event run: identify first, trigger last.
 * Order: https://docs.knock.app/integrations/sources/overview, "Order of operations";
 * docs/protocols/retries.md.
 */
export const actions: readonly Action[] = [
  usersIdentify,
  usersDelete,
  objectsSet,
  objectsDelete,
  tenantsSet,
  tenantsDelete,
  objectsSubscribe,
  objectsUnsubscribe,
  audiencesAddMember,
  audiencesRemoveMember,
  workflowsCancel,
  workflowsTrigger,
];

const actionById = new Map(actions.map((action) => [action.id, action]));
const positionById = new Map(actions.map((action, position) => [action.id, position]));

export function findAction(id: string): Action | undefined {
  return actionById.get(id);
}

/** Position in the execution order; an unknown action comes last. */
export function actionPosition(id: string): number {
  return positionById.get(id) ?? actions.length;
}
