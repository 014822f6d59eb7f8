import type { ActionFacts } from './facts.ts';

// `npm run docs` writes this file from the definitions in core/actions: what plans events needs these facts, and none of
// the code of actions.
export const knownActions: Readonly<Record<string, ActionFacts>> = {
  users_delete: {
    destructive: true,
  },
  objects_delete: {
    destructive: true,
  },
  tenants_delete: {
    destructive: true,
  },
  audiences_add_member: {
    names: {
      parameter: 'key',
      type: 'audience',
      madeWith: 'create_audience',
    },
  },
  workflows_cancel: {
    names: {
      parameter: 'key',
      type: 'workflow',
      isBare: true,
    },
  },
  workflows_trigger: {
    defaults: {
      recipients: 'user_id',
    },
    eventData: 'data',
    names: {
      parameter: 'key',
      type: 'workflow',
      isBare: true,
    },
    isForTriggers: true,
  },
};
