import { isResourceKey } from '../ids/resource-key.ts';
import { fromJsonText, isJsonObject, type JsonObject } from '../json/values.ts';
import { knownActions } from './known-actions.ts';
import type { Mapping, ParameterValue } from './schema.ts';

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

const none: ActionFacts = {};

// Names of actions arrive in files and messages, so none of them may find an inherited member.
const factsById = new Map(Object.entries(knownActions));

/** The facts of an action; none for one that is not known. */
export function factsOf(action: string): ActionFacts {
  return factsById.get(action) ?? none;
}

/** What a trigger in a workflow's file asks for: its action, and which parameter is the workflow. */
export function triggerAction(): { action: string; workflow: string } {
  for (const [action, { isForTriggers, names }] of factsById)
    if (isForTriggers && names !== undefined) return { action, workflow: names.parameter };
  throw new Error('no action is for triggers');
}

/**
 * Where parameters come from that a mapping leaves out. The mapping decides: one that names a path which leads nowhere
 * gets nothing, and its action is skipped.
 */
export function defaultParameters(action: string): Readonly<Record<string, ParameterValue>> {
  return factsOf(action).defaults ?? noDefaults;
}

const noDefaults = {};

/** Whether an action takes the event's own data, because its mapping gave it none, or none that is a map. */
export function takesEventData({ action, payload }: { action: string; payload: JsonObject }): boolean {
  const { eventData } = factsOf(action);
  if (eventData === undefined) return false;
  const given = payload[eventData];
  return given === undefined || !isJsonObject(fromJsonText(given));
}

/** Whether a parameter's text is the key of a resource. With a dot in it, it is a path like any other. */
export function isBareKey(action: string, parameter: string, value: ParameterValue): value is string {
  const { names } = factsOf(action);
  return names?.isBare === true && names.parameter === parameter && typeof value === 'string' && isResourceKey(value);
}

/** A workflow or audience that a mapping names, in whichever way. */
export type NamedResource = {
  parameter: string;
  type: NamingParameter['type'];
  key: string;
  /** Written as a literal where a bare key would do: its file may be on its way. */
  isLiteral: boolean;
};

/**
 * The workflow or audience that a mapping names outright.
 * @returns undefined for a mapping that names none, reads the key from the event, or makes what it names
 */
export function resourceNamedBy({
  action,
  parameters,
}: Pick<Mapping, 'action' | 'parameters'>): NamedResource | undefined {
  const { names } = factsOf(action);
  if (names === undefined || !Object.hasOwn(parameters, names.parameter)) return undefined;
  if (names.madeWith !== undefined && Object.hasOwn(parameters, names.madeWith)) return undefined;
  const { parameter, type } = names;
  const value = parameters[parameter] as ParameterValue;
  if (isBareKey(action, parameter, value)) return { parameter, type, key: value, isLiteral: false };
  const literal = typeof value === 'object' && 'value' in value ? value.value : undefined;
  return typeof literal === 'string' ? { parameter, type, key: literal, isLiteral: true } : undefined;
}
