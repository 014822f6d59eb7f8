import get from 'lodash.get';
import * as z from 'zod';
import type { JsonValue } from '../json/values.ts';

/**
 * A case-sensitive path into an event: names joined by dots. A name with a dot, a space or a sign
 * is quoted in brackets, and an entry of a list has its number from 0:
 *
 * `user_id`, `data.total`, `data.items[0].sku` (or `data.items.0.sku`), `data["Plan Name"]`,
 * `meta["app.user_id"].id`.
 *
 * Parsed once, when the configuration is loaded.
 */
export type FieldPath = {
  text: string;
  /** All its names; numbers of list entries are text too. */
  segments: readonly string[];
  /** All but the first name. */
  rest: readonly string[];
  /**
   * `rest` as one key with dots, which is tried first. Absent if a name is quoted: such a path is
   * exact.
   */
  whole?: string;
};

type Parsed = { segments: string[]; exact: boolean };
type Problem = { problem: string; isForbidden?: true };

// Names with which a polluted payload could reach a prototype: refused in every spelling. Rule:
// docs/mappings.md, "Paths".
const forbidden = new Set(['__proto__', 'prototype', 'constructor']);

/** Why `text` cannot be a field path, with what would be right; undefined when it can. */
export function fieldPathProblem(text: string): string | undefined {
  const parsed = parse(text);
  return 'problem' in parsed ? parsed.problem : undefined;
}

/** A field path as configuration files write it: a string, checked. */
export const FieldPathText = z.string().superRefine((text, context) => {
  const problem = fieldPathProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/**
 * Reads a path. A path such as `a[b]`, which was valid before brackets had a meaning, is read in
 * the old way, since old snapshots may contain it.
 * @throws Error with the reason; configuration is checked before it is pushed, so this means a
 * snapshot that we did not write
 */
export function parseFieldPath(text: string): FieldPath {
  let parsed = parse(text);
  if ('problem' in parsed) {
    const segments = text.split('.');
    if (parsed.isForbidden || /[\s{}]/.test(text) || segments.some((name) => name === '' || forbidden.has(name)))
      throw new Error(parsed.problem);
    parsed = { segments, exact: false };
  }
  const { segments, exact } = parsed;
  const [first = '', ...rest] = segments;
  return { text, segments, rest, ...(!exact && rest.length > 0 && { whole: text.slice(first.length + 1) }) };
}

/**
 * Writes a path of these names: bare if a name allows it, else quoted. With `exact` at least one
 * name is quoted, so that a key with dots is not read instead.
 */
export function fieldPathText(segments: readonly string[], { exact = false } = {}): string {
  const isExact = segments.some((name, i) => i > 0 && !bareName.test(name));
  return segments.reduce((text, name, i) => {
    if (i === 0) return name;
    const isBare = bareName.test(name) && !(exact && !isExact && i === 1);
    return isBare ? `${text}.${name}` : `${text}[${quoted(name)}]`;
  }, '');
}

/** Whether a name needs no quotes in a path. A path's first name never has quotes. */
export const isBareName = (name: string) => bareName.test(name);

const bareName = /^[^\s.{}[\]"'\p{C}\p{Z}]+$/u;

/** JSON in which characters that a terminal or an editor may hide are escaped. */
function quoted(name: string): string {
  const unseen = (sign: string) => sign !== ' ' && /[\p{C}\p{Z}]/u.test(sign);
  const escaped = (sign: string) => sign.split('').map((unit) => `\\u${hex(unit.charCodeAt(0))}`);
  return [...JSON.stringify(name)].flatMap((sign) => (unseen(sign) ? escaped(sign) : [sign])).join('');
}

const hex = (code: number) => code.toString(16).padStart(4, '0');

function parse(text: string): Parsed | Problem {
  if (text === '')
    return { problem: 'is empty; write a path such as data.order_id, or { value: "" } for an empty text' };
  const segments: string[] = [];
  let exact = false;
  let misfit: string | undefined;
  let at = 0;
  do {
    const isFirst = segments.length === 0;
    if (text[at] === '[') {
      if (isFirst) return { problem: `"${text}" begins with a bracket; write body${text}` };
      const step = bracketAt(text, at);
      if ('problem' in step) return step;
      segments.push(step.name);
      exact ||= step.isQuoted;
      at = step.end;
      if (at < text.length && text[at] !== '.' && text[at] !== '[')
        return { problem: `"${text}" lacks a dot after a bracket; write ${text.slice(0, at)}.${text.slice(at)}` };
    } else {
      const start = isFirst ? 0 : at + 1;
      at = start;
      while (at < text.length && text[at] !== '.' && text[at] !== '[') at++;
      const name = text.slice(start, at);
      if (name === '')
        return misfit !== undefined
          ? { problem: misfitProblem(text, ['']) }
          : {
              problem: `"${text}" has an empty segment; write a.b, without leading, trailing or double dots`,
            };
      if (/[\s{}\]]/.test(name)) misfit ??= name;
      segments.push(name);
    }
  } while (at < text.length);
  if (misfit !== undefined) return { problem: misfitProblem(text, segments) };
  const bad = segments.find((name) => forbidden.has(name));
  if (bad !== undefined)
    return { problem: `"${text}" walks into "${bad}", which is not a field of any event`, isForbidden: true };
  return { segments, exact };
}

function misfitProblem(text: string, segments: readonly string[]): string {
  const literal = `"${text}" is not a path; write { value: ... } for a literal or { template: ... } for text with paths in it`;
  if (text.includes('{{') || segments.includes('')) return literal;
  const [first = ''] = segments;
  // A path begins with a name; text for people has a space early.
  if (!bareName.test(first)) return `${literal}; a field of that name is ${fieldPathText(['body', ...segments])}`;
  return `"${text}" is not a path; quote the name, as in ${fieldPathText(segments)}, or write { value: ... } for a literal. What no path can say is for preprocess.jsonata`;
}

type Bracket = { name: string; isQuoted: boolean; end: number };

/** The content of the bracket at `start`: the number of an entry, or a quoted name. */
function bracketAt(text: string, start: number): Bracket | Problem {
  const quote = text[start + 1];
  if (quote === '"' || quote === "'") return quotedAt(text, start, quote);
  const end = text.indexOf(']', start);
  if (end === -1) return { problem: `"${text}" has a bracket that is not closed; write [0] or ["name"]` };
  const inside = text.slice(start + 1, end);
  if (/^(0|[1-9]\d{0,8})$/.test(inside)) return { name: inside, isQuoted: false, end: end + 1 };
  const before = text.slice(0, start);
  if (/^-\d+$/.test(inside))
    return {
      problem: `"${text}" counts from the end of a list; entries are numbered from 0, ${before}[0], and preprocess.jsonata reaches the last`,
    };
  if (inside === '' || inside === '*')
    return {
      problem: `"${text}" asks for every entry of a list; a path leads to one, ${before}[0], and preprocess.jsonata makes lists`,
    };
  return { problem: `"${text}" has a name without quotes in a bracket; write ${before}[${quoted(inside)}]` };
}

const escapes: Record<string, string> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
};

function quotedAt(text: string, start: number, quote: string): Bracket | Problem {
  let name = '';
  for (let i = start + 2; i < text.length; i++) {
    const sign = text[i] as string;
    if (sign === quote) {
      if (text[i + 1] === ']') return { name, isQuoted: true, end: i + 2 };
      if (i + 1 === text.length) break;
      return {
        problem: `"${text}" has more in a bracket than one quoted name; quotes in a name are written \\${quote}`,
      };
    }
    if (sign !== '\\') {
      name += sign;
      continue;
    }
    i++;
    const code = text[i] === 'u' ? /^[0-9a-f]{4}/i.exec(text.slice(i + 1, i + 5))?.[0] : undefined;
    const meant = code === undefined ? escapes[text[i] ?? ''] : String.fromCharCode(Number.parseInt(code, 16));
    if (meant === undefined)
      return {
        problem: `"${text}" has an escape that means nothing; write \\\\ for a backslash, \\${quote} for a quote`,
      };
    name += meant;
    if (code !== undefined) i += 4;
  }
  return { problem: `"${text}" has a quoted name that does not end; write [${quote}name${quote}]` };
}

/**
 * The value at `segments`, or undefined when they leave the document. A stored `null` is a value.
 * It reads only a document's own members: no inherited ones (`toString`), and of a list its
 * entries, not its `length`.
 */
export function readSegments(root: unknown, segments: readonly string[]): JsonValue | undefined {
  const value: unknown = segments.length === 0 ? root : get(root, segments as string[]);
  if (value === undefined) return undefined;
  return segments.some(mayBeInherited) ? readOwn(root, segments) : (value as JsonValue);
}

// Names that a text, a number, a list or a map has by itself; digits would read a letter of a text.
const inherited = new Set(
  [Object, Array, String, Number, Boolean].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)),
);
const mayBeInherited = (name: string) => inherited.has(name) || /^\d/.test(name);

function readOwn(root: unknown, segments: readonly string[]): JsonValue | undefined {
  let value = root;
  for (const name of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    if (name === 'length' && Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value as JsonValue | undefined;
}
