import { type Document, isMap, isNode, isScalar } from 'yaml';
import * as z from 'zod';
import { ParameterValue } from '../../../core/mappings/schema.ts';
import { didYouMean, nearestName } from '../../words/did-you-mean.ts';
import { printable, truncate } from '../../words/text.ts';
import type { ConfigurationProblem } from './problem.ts';
import type { DocumentPath, YamlText } from './read-yaml.ts';

/** A YAML file, by the name that people know. */
export type ParsedFile = YamlText & { file: string };

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a file, in words for its author: the wrong value, what would be right, and for
 * an unknown name the nearest one. One problem per cause: a misspelt field is not reported as
 * missing too. Values are quoted, except where they could hold a secret: headers and URLs of
 * targets.
 */
export function problemsOf(error: z.ZodError, source: ParsedFile, schema: z.ZodType): ConfigurationProblem[] {
  const found = error.issues.flatMap((issue) => findingsOf(issue, source, schema));
  const misspelt = found.filter(({ unknownIn }) => unknownIn !== undefined);
  return found
    .filter(({ path, missing, condition }) => {
      const parent = pathText(path.slice(0, -1));
      if (missing && misspelt.some(({ unknownIn, meant }) => unknownIn === parent && meant === path.at(-1)))
        return false;
      return !condition || !misspelt.some(({ unknownIn }) => unknownIn === pathText(path));
    })
    .filter(({ path }, i, all) => all.findIndex((one) => pathText(one.path) === pathText(path)) === i)
    .map(({ path, message, at }) => ({ severity: 'error', ...place(source, path, at), message }));
}

type Finding = {
  path: DocumentPath;
  message: string;
  at?: 'key';
  missing?: boolean;
  /** For an unknown field: its place, and the field that was probably meant. */
  unknownIn?: string;
  meant?: string | undefined;
  /** A problem of the whole map, which a misspelt member explains. */
  condition?: boolean;
};

function findingsOf(issue: Issue, source: ParsedFile, schema: z.ZodType): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const value = valueAt(source, path);
  const given = quote(value, path);
  const must = (what: string): Finding[] => [{ path, message: `${given}must be ${what}` }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(path, key, source, schema));
    case 'invalid_type':
      if (value === undefined)
        return [{ path, message: `is missing; it must be ${wordOf(issue.expected)}`, missing: true }];
      return must(`${wordOf(issue.expected)}, not ${typeOf(value)}`);
    case 'invalid_union':
      return unionFindings(issue, path, value, source, schema);
    case 'invalid_key':
      return [{ path, message: `cannot be a key; it ${issue.issues[0]?.message ?? 'must be another'}`, at: 'key' }];
    case 'too_small':
      if (issue.origin === 'string')
        return must(issue.minimum === 1 ? 'text that is not empty' : `text of at least ${issue.minimum} characters`);
      if (issue.origin === 'array') return [{ path, message: `must have at least ${issue.minimum} item` }];
      return must(issue.inclusive ? `at least ${issue.minimum}` : `more than ${issue.minimum}`);
    case 'too_big':
      if (issue.origin === 'string') return must(`text of at most ${issue.maximum} characters`);
      return must(`at most ${issue.maximum}`);
    case 'invalid_format':
      if (issue.format === 'url') return must('a URL that starts with http:// or https://');
      return [{ path, message: `${given}${issue.message}` }];
    case 'custom': {
      const saysIt = typeof value === 'object' || issue.message.startsWith('"') || issue.message.startsWith('is empty');
      return [{ path, message: saysIt ? issue.message : `${given}${issue.message}`, condition: isMapValue(value) }];
    }
    default:
      return [{ path, message: `${given}${issue.message}` }];
  }
}

/** Names that other products have for a test of a condition. */
const synonyms: ReadonlyMap<string, string> = new Map([
  ['eq', 'is'],
  ['equals', 'is'],
  ['equal', 'is'],
  ['ne', 'is_not'],
  ['neq', 'is_not'],
  ['not', 'is_not'],
  ['not_equals', 'is_not'],
  ['one_of', 'in'],
  ['any_of', 'in'],
  ['ge', 'gte'],
  ['min', 'gte'],
  ['le', 'lte'],
  ['max', 'lte'],
  ['includes', 'contains'],
  ['prefix', 'starts_with'],
  ['exist', 'exists'],
]);

function unknownField(path: DocumentPath, key: string, source: ParsedFile, schema: z.ZodType): Finding {
  const names = fieldsAt(schema, path, source);
  const [only] = names;
  if (names.length === 1 && only !== undefined && operators.includes(only)) {
    const message = `cannot stand beside ${only}, which stands alone; fallbacks are written { first: [a, b] }`;
    return { path: [...path, key], message, at: 'key', unknownIn: pathText(path) };
  }
  const synonym = synonyms.get(key.toLowerCase());
  const meant = synonym !== undefined && names.includes(synonym) ? synonym : nearestName(key, names);
  const hint = meant === undefined ? didYouMean(key, names) : `; did you mean "${meant}"?`;
  return { path: [...path, key], message: `is not a field here${hint}`, at: 'key', unknownIn: pathText(path), meant };
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

function unionFindings(
  issue: UnionIssue,
  path: DocumentPath,
  value: unknown,
  source: ParsedFile,
  schema: z.ZodType,
): Finding[] {
  const { discriminator, options } = issue as UnionIssue & { discriminator?: string; options?: unknown[] };
  if (discriminator !== undefined && options !== undefined) {
    const names = options.map(String);
    if (value === undefined)
      return [{ path, message: `is missing; it must be one of ${names.join(', ')}`, missing: true }];
    const hint = didYouMean(String(value), names);
    return [{ path, message: `${quote(value, path)}is not a ${discriminator}${hint}` }];
  }
  const isParameter = schemaAt(schema, path, source) === ParameterValue;
  const parameter = isParameter ? parameterFinding(path, value) : undefined;
  if (parameter) return [parameter];
  // The alternative that the value itself points to; errors of the others are left out.
  const union = schemaAt(schema, path, source);
  const alternatives = union === undefined ? [] : alternativesOf(union);
  const meant = alternatives.find((option) => isAlternative(option, value));
  const issues = meant === undefined ? [] : (z.safeParse(meant, value).error?.issues ?? []);
  if (issues.length > 0)
    return issues.flatMap((inner) => findingsOf({ ...inner, path: [...issue.path, ...inner.path] }, source, schema));
  const wanted = alternatives.map((option) => wordOf(defOf(resolved(option)).type));
  return [{ path, message: `${quote(value, path)}must be ${orOf(wanted)}, not ${typeOf(value)}` }];
}

/** The alternatives of a union, inside any wrapper. */
function alternativesOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  return defOf(resolved(schema)).options ?? [];
}

/** A schema without its wrappers: optional, default, lazy, pipe. */
function resolved(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType, getter, in: input } = defOf(schema);
  const inner = innerType ?? getter?.() ?? input;
  return inner === undefined ? schema : resolved(inner);
}

/**
 * Whether an alternative describes this sort of value: a map with an operator means that operator.
 */
function isAlternative(option: z.core.$ZodType, value: unknown): boolean {
  const { type, shape, values } = defOf(resolved(option));
  if (Array.isArray(value)) return type === 'array';
  if (isMapValue(value)) {
    if (shape === undefined) return type === 'record';
    return Object.keys(shape).some((name) => Object.hasOwn(value, name));
  }
  if (type === 'literal') return values?.some((one) => typeof one === typeof value) === true;
  return type === (value === null ? 'null' : typeof value);
}

const operators = ['value', 'first', 'template'];

/** Neither a path nor an operator: the remedy can be written out. */
function parameterFinding(path: DocumentPath, value: unknown): Finding | undefined {
  if (value === null) return { path, message: 'is empty; write a path such as data.total, or { value: null }' };
  if (typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return { path, message: `${value} is not a path; write a path such as data.total, or { value: ${value} }` };
}

/** The names of the fields that a map has at a place, as its schema says. */
function fieldsAt(schema: z.ZodType, path: DocumentPath, source: ParsedFile): string[] {
  const at = schemaAt(schema, path, source);
  return at === undefined ? [] : Object.keys(defOf(unwrap(at, valueAt(source, path))).shape ?? {});
}

/**
 * The schema of the value at a place in its file's schema; undefined if the schema has no such
 * place.
 */
function schemaAt(schema: z.ZodType, path: DocumentPath, source: ParsedFile): z.core.$ZodType | undefined {
  let at: z.core.$ZodType = schema;
  for (const [i, part] of path.entries()) {
    const inner = memberOf(unwrap(at, valueAt(source, path.slice(0, i))), part);
    if (inner === undefined) return undefined;
    at = inner;
  }
  return at;
}

type Def = {
  type: string;
  innerType?: z.core.$ZodType;
  getter?: () => z.core.$ZodType;
  in?: z.core.$ZodType;
  shape?: Record<string, z.core.$ZodType>;
  element?: z.core.$ZodType;
  valueType?: z.core.$ZodType;
  options?: z.core.$ZodType[];
  discriminator?: string;
  values?: unknown[];
};
const defOf = (schema: z.core.$ZodType) => schema._zod.def as unknown as Def;

function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  const { innerType, getter, in: input, options, discriminator } = defOf(schema);
  const inner = innerType ?? getter?.() ?? input;
  if (inner !== undefined) return unwrap(inner, value);
  if (options === undefined) return schema;
  const isMeant = (option: z.core.$ZodType) => {
    const { shape, element } = defOf(option);
    if (Array.isArray(value)) return element !== undefined;
    if (shape === undefined || !isMapValue(value)) return false;
    if (discriminator === undefined) return Object.keys(shape).some((name) => Object.hasOwn(value, name));
    const tag = shape[discriminator];
    return tag !== undefined && (defOf(tag).values ?? []).includes(value[discriminator]);
  };
  // If no alternative with named fields fits, the map's names are free.
  const meant =
    options.find(isMeant) ??
    (isMapValue(value) ? options.find((option) => defOf(option).valueType !== undefined) : undefined);
  return meant === undefined ? schema : unwrap(meant, value);
}

function memberOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  const { shape, element, valueType } = defOf(schema);
  if (typeof part === 'number') return element;
  return shape !== undefined && Object.hasOwn(shape, part) ? shape[part] : valueType;
}

function isMapValue(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt({ content }: ParsedFile, path: DocumentPath): unknown {
  let value = content;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

const quotedMax = 60;

/**
 * The value as it may be shown, with a space after it; empty for lists, maps and possible secrets.
 */
function quote(value: unknown, path: DocumentPath): string {
  if (value === undefined || value === null || typeof value === 'object' || isSecretPlace(path)) return '';
  return `${truncate(printable(JSON.stringify(value)), quotedMax)} `;
}

/**
 * `target.<environment>.url` and `target.<environment>.headers.<name>`: either may hold a
 * credential, although it should not.
 */
function isSecretPlace([first, , third]: DocumentPath): boolean {
  return first === 'target' && (third === 'headers' || third === 'url');
}

const words: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'null',
};

function wordOf(expected: string): string {
  return words[expected] ?? expected;
}

function typeOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return wordOf(typeof value);
}

function orOf(wanted: string[]): string {
  const names = [...new Set(wanted)];
  return names.length < 2 ? (names[0] ?? 'something else') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** A place in a file: of the value at `path`, or of its name. */
export function place(
  source: ParsedFile,
  path: DocumentPath,
  at: 'key' | 'value' = 'value',
): Omit<ConfigurationProblem, 'severity' | 'message'> {
  const { document, lines } = source;
  const offset = (at === 'key' ? keyOffset(document, path) : undefined) ?? valueOffset(document, path);
  const { line, col } = lines.linePos(offset ?? 0);
  return { file: source.file, line, column: col, path: pathText(path) };
}

function keyOffset(document: Document, path: DocumentPath): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const key = parent.items.map((item) => item.key).find((one) => isScalar(one) && String(one.value) === path.at(-1));
  return isScalar(key) ? key.range?.[0] : undefined;
}

/** A missing field has no place, so its nearest parent's is used. */
function valueOffset(document: Document, path: DocumentPath): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

export function pathText(path: DocumentPath): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
