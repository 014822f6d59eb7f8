import { isResourceKey } from '../ids/resource-key.ts';
import { fromJsonText, isJsonObject, type JsonObject } from '../json/values.ts';
import type { ActionFacts, NamingParameter } from './facts.ts';
import { knownActions } from './known-actions.ts';
import type { Mapping, ParameterValue } from './schema.ts';

const none: ActionFacts = {};

// Names of actions come from files and messages, so they must not find an inherited member.
const factsById = new Map(Object.entries(knownActions));

/** The facts of an action; empty for an unknown one. */
export function factsOf(action: string): ActionFacts {
  return factsById.get(action) ?? none;
}

/** The action behind a trigger in a workflow's file, and its parameter for the workflow. */
export function triggerAction(): { action: string; workflow: string } {
  for (const [action, { isForTriggers, names }] of factsById)
    if (isForTriggers && names !== undefined) return { action, workflow: names.parameter };
  throw new Error('no action is for triggers');
}

/**
 * Default values for parameters that a mapping leaves out. They do not replace a path that leads
 * nowhere: that parameter is empty, and its action is skipped.
 */
export function defaultParameters(action: string): Readonly<Record<string, ParameterValue>> {
  return factsOf(action).defaults ?? noDefaults;
}

const noDefaults = {};

/**
 * Whether an action takes the event's data, because its mapping gives none, or a value that is not
 * a map.
 */
export function takesEventData({ action, payload }: { action: string; payload: JsonObject }): boolean {
  const { eventData } = factsOf(action);
  if (eventData === undefined) return false;
  const given = payload[eventData];
  return given === undefined || !isJsonObject(fromJsonText(given));
}

/** Whether a parameter's text is a resource's key. A text with a dot is a path. */
export function isBareKey(action: string, parameter: string, value: ParameterValue): value is string {
  const { names } = factsOf(action);
  return names?.isBare === true && names.parameter === parameter && typeof value === 'string' && isResourceKey(value);
}

/** A workflow or audience that a mapping names in any form. */
export type NamedResource = {
  parameter: string;
  type: NamingParameter['type'];
  key: string;
  /** Written as a literal in place of a bare key: its file may follow later. */
  isLiteral: boolean;
};

/**
 * The workflow or audience that a mapping names directly.
 * @returns undefined for a mapping that names none, reads the key from the event, or makes the
 * named resource
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
