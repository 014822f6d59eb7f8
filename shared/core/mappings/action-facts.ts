import { isResourceKey } from '../ids/resource-key.ts';
import { fromJsonText, isJsonObject, type JsonObject } from '../json/values.ts';
import type { ActionFacts, NamingParameter } from './facts.ts';
import { knownActions } from './known-actions.ts';
import type { Mapping, ParameterValue } from './schema.ts';

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
