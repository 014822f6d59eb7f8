import type { ParameterValue } from './schema.ts';

/** A parameter that names a workflow or an audience. */
export type NamingParameter = {
  parameter: string;
  type: 'workflow' | 'audience';
  /** `key: order-completed` is the key itself and no path. Absent: a key is written as a literal, `{ value: vip }`. */
  isBare?: true;
  /** With this parameter the action makes what it names, so that it needs no file. */
  madeWith?: string;
};

/**
 * What planning and checking a mapping must know of its action. Each action's definition states its own facts;
 * `known-actions.ts` carries them up here, since the layers that plan come before those that act.
 */
export type ActionFacts = {
  /** Where a parameter comes from that the mapping leaves out. */
  defaults?: Readonly<Record<string, ParameterValue>>;
  /** The parameter that is the event's `data` where the mapping leaves it out. The message carries that once. */
  eventData?: string;
  names?: NamingParameter;
  /** A trigger in a workflow's own file asks for this action. */
  isForTriggers?: true;
  /** It takes away what only its sender could bring back. Runs for verified events only, unless a setting says otherwise. */
  destructive?: true;
};
