import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { clip } from '../text.ts';
import { defaultParameters, isBareKey } from './action-facts.ts';
import { type EventNamespaces, readEventPath } from './event-path.ts';
import { type FieldPath, parseFieldPath } from './field-path.ts';
import type { Condition, Mapping, ParameterValue } from './schema.ts';
import { templateParts, templatePaths } from './template.ts';

/**
 * A parameter's value with every path parsed: made once per configuration, read for every event.
 */
export type CompiledValue = (event: EventNamespaces) => JsonValue | undefined;

/**
 * @throws Error when a path is malformed; pushed configuration was checked, so this means a
 * snapshot that we did not write
 */
export function compileValue(value: ParameterValue): CompiledValue {
  if (typeof value === 'string') return compilePath(value);
  if (Array.isArray(value)) return compileList(value);
  if (isOperator(value, 'value')) return () => value.value as JsonValue;
  if (isOperator(value, 'first')) return compileFirst(value.first);
  if (isOperator(value, 'template')) return compileTemplate(value.template);
  return compileMap(value as Record<string, ParameterValue>);
}

/**
 * An operator is a map with only that key: other maps may have a field called `value` beside
 * others.
 */
function isOperator<Name extends 'value' | 'first' | 'template'>(
  value: object,
  name: Name,
): value is Extract<ParameterValue, Record<Name, unknown>> {
  const names = Object.keys(value);
  return names.length === 1 && names[0] === name;
}

function compilePath(text: string): CompiledValue {
  const path = parseFieldPath(text);
  return (event) => readEventPath(event, path);
}

// Missing, null and empty text all count as absent: a fallback that stopped at null would never
// fall back.
const isThere = (value: JsonValue | undefined) => value !== undefined && value !== null && value !== '';

function compileFirst(values: ParameterValue[]): CompiledValue {
  const compiled = values.map(compileValue);
  return (event) => {
    for (const read of compiled) {
      const value = read(event);
      if (isThere(value)) return value;
    }
    return undefined;
  };
}

function compileList(values: ParameterValue[]): CompiledValue {
  const compiled = values.map(compileValue);
  return (event) => compiled.map((read) => read(event)).filter((value) => value !== undefined);
}

function compileMap(values: Record<string, ParameterValue>): CompiledValue {
  const compiled = Object.entries(values).map(([name, value]) => [name, compileValue(value)] as const);
  return (event) => {
    const read: [string, JsonValue][] = [];
    for (const [name, readValue] of compiled) {
      const value = readValue(event);
      if (value !== undefined) read.push([name, value]);
    }
    // fromEntries defines properties, so a parameter named __proto__ stays one.
    return Object.fromEntries(read);
  };
}

/**
 * Text with `{{paths}}`; unresolved if one of them is, since half a key would be a different key.
 */
function compileTemplate(template: string): CompiledValue {
  const parts = templateParts(template);
  const paths = parts.map((part, i) => (i % 2 === 1 ? parseFieldPath(part) : undefined));
  return (event) => {
    let text = '';
    for (const [i, part] of parts.entries()) {
      const path = paths[i];
      if (path === undefined) {
        text += part;
        continue;
      }
      const value = readEventPath(event, path);
      if (!isThere(value) || typeof value === 'object') return undefined;
      text += String(value);
    }
    return text;
  };
}

/** The field paths that a parameter reads, for checks and explanations. */
export function pathsOf(value: ParameterValue): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(pathsOf);
  if (isOperator(value, 'value')) return [];
  if (isOperator(value, 'first')) return value.first.flatMap(pathsOf);
  if (isOperator(value, 'template')) return templatePaths(value.template);
  return Object.values(value as Record<string, ParameterValue>).flatMap(pathsOf);
}

/** The field paths that a mapping reads, in its conditions and its parameters. */
export function pathsOfMapping({ action, parameters, when = [] }: Mapping): string[] {
  const values = Object.entries(parameters).filter(([name, value]) => !isBareKey(action, name, value));
  return [...when.map(({ path }) => path), ...values.flatMap(([, value]) => pathsOf(value))];
}

export type CompiledMapping = {
  mapping: Mapping;
  conditions: CompiledCondition[];
  /** Reads all parameters; unresolved ones are absent. */
  parameters(event: EventNamespaces): JsonObject;
};

export function compileMapping(mapping: Mapping): CompiledMapping {
  const readers = Object.entries({ ...defaultParameters(mapping.action), ...mapping.parameters }).map(
    ([name, value]) => {
      const read: CompiledValue = isBareKey(mapping.action, name, value) ? () => value : compileValue(value);
      return [name, read] as const;
    },
  );
  return {
    mapping,
    conditions: (mapping.when ?? []).map(compileCondition),
    parameters(event) {
      const read: [string, JsonValue][] = [];
      for (const [name, readValue] of readers) {
        const value = readValue(event);
        if (value !== undefined) read.push([name, value]);
      }
      return Object.fromEntries(read);
    },
  };
}

export type CompiledCondition = { condition: Condition; path: FieldPath };

function compileCondition(condition: Condition): CompiledCondition {
  return { condition, path: parseFieldPath(condition.path) };
}

/** @returns undefined when the condition holds, else a sentence with what was found */
export function unmetBecause({ condition, path }: CompiledCondition, event: EventNamespaces): string | undefined {
  const value = readEventPath(event, path);
  const found = `${condition.path} is ${describe(value)}`;
  if (condition.exists !== undefined && isThere(value) !== condition.exists) {
    return condition.exists ? `${condition.path} is missing` : found;
  }
  if (condition.is !== undefined && value !== condition.is) return `${found}, not ${describe(condition.is)}`;
  if (condition.is_not !== undefined && value === condition.is_not) return found;
  if (condition.in !== undefined && !condition.in.includes(value as never))
    return `${found}, not one of ${describe(condition.in)}`;
  if (condition.not_in?.includes(value as never)) return found;
  for (const [name, holds] of comparisons) {
    const bound = condition[name];
    if (bound === undefined) continue;
    const number = numberIn(value);
    if (number === undefined && value !== undefined) return `${found}, which is not a number, so not ${name} ${bound}`;
    if (number === undefined || !holds(number, bound)) return `${found}, not ${name} ${bound}`;
  }
  if (condition.contains !== undefined && !contains(value, condition.contains)) {
    return `${found}, which does not contain ${describe(condition.contains)}`;
  }
  if (condition.starts_with !== undefined && !(typeof value === 'string' && value.startsWith(condition.starts_with))) {
    return `${found}, which does not start with ${describe(condition.starts_with)}`;
  }
  return undefined;
}

/**
 * The number with which a value is compared. Shops and warehouses send amounts as text ("142.50"),
 * which counts as a number. Text with other characters ("€5", "1,000") does not. Rule:
 * docs/decisions/0031.
 */
function numberIn(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/.test(value) ? Number(value) : undefined;
}

const comparisons = [
  ['gt', (a: number, b: number) => a > b],
  ['gte', (a: number, b: number) => a >= b],
  ['lt', (a: number, b: number) => a < b],
  ['lte', (a: number, b: number) => a <= b],
] as const;

function contains(value: JsonValue | undefined, part: JsonValue): boolean {
  if (typeof value === 'string') return typeof part === 'string' && value.includes(part);
  return Array.isArray(value) && value.includes(part);
}

function describe(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  const text = isJsonObject(value) ? 'a map' : JSON.stringify(value);
  return clip(text, 60);
}
