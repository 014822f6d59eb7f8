import type { ParameterValue } from '../../mappings/schema.ts';

const none: Record<string, ParameterValue> = {};

const byAction = new Map<string, Record<string, ParameterValue>>([
  // A trigger's `data` has a default too, the event's own; that one travels once per message and not per action.
  ['workflows_trigger', { recipients: 'user_id' }],
]);

/**
 * Where parameters come from that a mapping leaves out. It is the mapping that decides: one that names a path which leads
 * nowhere gets nothing, and its action is skipped.
 */
export function defaultParameters(action: string): Record<string, ParameterValue> {
  return byAction.get(action) ?? none;
}
