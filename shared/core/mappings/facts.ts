import type { ParameterValue } from './schema.ts';

/** A parameter that names a workflow or an audience. */
export type NamingParameter = {
  parameter: string;
  type: 'workflow' | 'audience';
  /**
   * `key: order-completed` is the key itself, not a path. Absent: a key is written as a literal, `{
   * value: vip }`.
   */
  isBare?: true;
  /** With this parameter the action makes the named resource, so it needs no file. */
  madeWith?: string;
};

/**
 * The facts about an action that planning and checking need. Each action's definition states its
 * own; `known-actions.ts` copies them here, since planning is in a lower layer than actions.
 */
export type ActionFacts = {
  /** Default values of parameters that the mapping leaves out. */
  defaults?: Readonly<Record<string, ParameterValue>>;
  /** The parameter whose default is the event's `data`. The message carries that once. */
  eventData?: string;
  names?: NamingParameter;
  /** A trigger in a workflow's file means this action. */
  isForTriggers?: true;
  /**
   * It deletes data that only the sender could bring back. It runs only for verified events, unless
   * a setting says otherwise.
   */
  destructive?: true;
};
