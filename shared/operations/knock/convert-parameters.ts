import type { Action } from '../../core/actions/action.ts';
import { isResourceKey } from '../../core/ids/resource-key.ts';
import { isJsonObject } from '../../core/json/values.ts';
import { factsOf } from '../../core/mappings/action-facts.ts';
import type { ParameterValue } from '../../core/mappings/schema.ts';
import { convertPath, isComputed, type PathDialect } from './convert-path.ts';

export type ParameterProblem = {
  reason: 'parameter_unknown' | 'parameter_unreadable' | 'path_unreadable' | 'computed_path';
  /** `data.order`. */
  parameter: string;
  why: string;
};

/**
 * The parameters of a mapping of Knock as those of a mapping here. Knock writes a path as text, and
 * so do we. What cannot be said is left out, and named.
 *
 * A workflow's key is a constant there. A collection or an audience may be a constant or a path: a
 * text without a dot counts as a constant.
 */
export function convertParameters(
  action: Action,
  given: Record<string, unknown>,
  dialect: PathDialect,
): { parameters: Record<string, ParameterValue>; problems: ParameterProblem[] } {
  const problems: ParameterProblem[] = [];
  const parameters: Record<string, ParameterValue> = {};
  for (const [name, value] of Object.entries(nested(given))) {
    if (!Object.hasOwn(action.params.shape, name)) {
      if (!isEmpty(value))
        problems.push({ reason: 'parameter_unknown', parameter: name, why: `${action.id} has no such parameter here` });
      continue;
    }
    const converted = namesResource(action, name)
      ? namedValue(action, name, value, problems)
      : sourceOf(value, { place: name, dialect, problems, isConstant: constants.has(name) });
    if (converted !== undefined) parameters[name] = converted;
  }
  return { parameters, problems };
}

/** Parameters whose text may be a constant: a collection, and an audience also where it is not made. */
const constants = new Set(['collection', 'key']);

const isEmpty = (value: unknown) => value === undefined || value === null || value === '';

function namesResource({ id }: Action, parameter: string): boolean {
  return factsOf(id).names?.parameter === parameter;
}

/** The key of a workflow or an audience. */
function namedValue(
  { id }: Action,
  parameter: string,
  value: unknown,
  problems: ParameterProblem[],
): ParameterValue | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (factsOf(id).names?.isBare) {
    if (isResourceKey(value)) return value;
    problems.push({ reason: 'parameter_unreadable', parameter, why: `"${value}" cannot be a key here` });
    return undefined;
  }
  return sourceOf(value, { place: parameter, dialect: 'event', problems, isConstant: true });
}

/** `{ 'data.order': … }` as `{ data: { order: … } }`: a parameter's field may be named by a path. */
function nested(given: Record<string, unknown>): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const [parameter = '', ...fields] = name.split('.');
    if (fields.length === 0) {
      parameters[name] =
        isJsonObject(value) && isJsonObject(parameters[name]) ? { ...value, ...parameters[name] } : value;
      continue;
    }
    let inner = isJsonObject(parameters[parameter]) ? parameters[parameter] : {};
    parameters[parameter] = inner;
    for (const field of fields.slice(0, -1)) {
      const next = isJsonObject(inner[field]) ? inner[field] : {};
      inner[field] = next;
      inner = next;
    }
    (inner as Record<string, unknown>)[fields.at(-1) as string] = value;
  }
  return parameters;
}

type Place = { place: string; dialect: PathDialect; problems: ParameterProblem[]; isConstant?: boolean };

/** Undefined for what is empty there, or cannot be said here. */
function sourceOf(value: unknown, { place, dialect, problems, isConstant = false }: Place): ParameterValue | undefined {
  if (isEmpty(value)) return undefined;
  if (typeof value === 'string') {
    if (isConstant && !value.includes('.')) return { value };
    const converted = convertPath(value, dialect);
    if ('problem' in converted) {
      problems.push({ reason: 'path_unreadable', parameter: place, why: `"${value}" ${converted.problem}` });
      return undefined;
    }
    if (isComputed(converted.path))
      problems.push({ reason: 'computed_path', parameter: place, why: `the script computes ${converted.path}` });
    return converted.path;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return { value };
  if (Array.isArray(value))
    return value.flatMap((one, i) => sourceOf(one, { place: `${place}[${i}]`, dialect, problems }) ?? []);
  const entries = Object.entries(value as Record<string, unknown>);
  const [[only] = []] = entries;
  if (entries.length === 1 && only !== undefined && operators.has(only)) {
    problems.push({
      reason: 'parameter_unreadable',
      parameter: place,
      why: `a map of only "${only}" has a meaning of its own here`,
    });
    return undefined;
  }
  const made = entries.flatMap(([name, inner]): [string, ParameterValue][] => {
    const converted = sourceOf(inner, { place: `${place}.${name}`, dialect, problems });
    return converted === undefined ? [] : [[name, converted]];
  });
  return Object.fromEntries(made);
}

const operators = new Set(['value', 'first', 'template']);
