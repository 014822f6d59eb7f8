import { isJsonObject } from '../../core/json/values.ts';
import type { Condition, ParameterValue } from '../../core/mappings/schema.ts';
import type { KnockCondition, KnockConditions } from './account.ts';

export type ConvertedConditions = {
  when: Condition[];
  /** Conditions that stay at Knock alone, in its own words. */
  left: string[];
};

/**
 * The conditions of a workflow as conditions of a mapping that starts it. Only those move that say
 * exactly the same here: about the trigger's data, with a constant, all of which must hold.
 * @param data the mapping's own parameter; undefined: the event's data
 */
export function convertConditions(conditions: KnockConditions, data: ParameterValue | undefined): ConvertedConditions {
  if (!isJsonObject(conditions) || Object.keys(conditions).length === 0) return { when: [], left: [] };
  if (!Array.isArray(conditions.all)) return { when: [], left: ['a group of which one has to hold'] };
  const converted: ConvertedConditions = { when: [], left: [] };
  for (const condition of conditions.all as KnockCondition[]) {
    const here = conditionOf(condition, data);
    if (here === undefined) converted.left.push(wordsOf(condition));
    else converted.when.push(here);
  }
  return converted;
}

const wordsOf = ({ variable, operator, argument }: KnockCondition) =>
  [variable, operator, ...(argument == null ? [] : [argument])].join(' ');

const tests: Record<string, 'is' | 'is_not' | 'gt' | 'gte' | 'lt' | 'lte'> = {
  equal_to: 'is',
  not_equal_to: 'is_not',
  greater_than: 'gt',
  greater_than_or_equal_to: 'gte',
  less_than: 'lt',
  less_than_or_equal_to: 'lte',
};

function conditionOf(
  { variable, operator, argument }: KnockCondition,
  data: ParameterValue | undefined,
): Condition | undefined {
  const path = pathTo(variable, data);
  const test = Object.hasOwn(tests, operator) ? tests[operator] : undefined;
  const value = constantOf(argument);
  if (path === undefined || test === undefined || value === undefined) return undefined;
  if (test === 'is' || test === 'is_not') return { path, [test]: value };
  return typeof value === 'number' ? { path, [test]: value } : undefined;
}

/** Where the event has what `data.x` is in the trigger. */
function pathTo(variable: string, data: ParameterValue | undefined): string | undefined {
  const [first, ...names] = variable.split('.');
  if (first !== 'data' || names.length === 0 || !names.every((name) => /^[\w$-]+$/.test(name))) return undefined;
  let value: ParameterValue | undefined = data ?? 'data';
  for (const [i, name] of names.entries()) {
    if (typeof value === 'string') return [value, ...names.slice(i)].join('.');
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, ParameterValue>)[name];
  }
  return typeof value === 'string' ? value : undefined;
}

/** Undefined for a path, for null, and for lists and maps. */
function constantOf(argument: string | null | undefined): string | number | boolean | undefined {
  if (argument == null) return undefined;
  try {
    const value: unknown = JSON.parse(argument);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
  } catch {
    return undefined;
  }
}
