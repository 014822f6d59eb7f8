import { isIP } from 'node:net';
import type { NormalizedEvent } from '../../core/events/normalized-event.ts';
import { isJsonObject, type JsonValue } from '../../core/json/values.ts';
import { readEventPath } from '../../core/mappings/event-path.ts';
import { fieldPathProblem, fieldPathText, isBareName, parseFieldPath } from '../../core/mappings/field-path.ts';
import { truncate } from '../words/text.ts';
import { inline } from '../words/values.ts';

/** A path into an event, and its value as it may be shown: shortened, and never a secret. */
export type PayloadPath = { path: string; segments: readonly string[]; shown: string; value: JsonValue };

const pathsMax = 60;
const shownMax = 40;

/**
 * The paths that a mapping could read from an event: its user, its data, its source's computed
 * values, and the rest of its body. Of a list it takes only the first entry, since the others look
 * alike. Each path leads to the value beside it.
 * @returns `more`: the number of further paths; `without`: the number of values that a path cannot
 * reach
 */
export function payloadPaths(event: NormalizedEvent): { paths: PayloadPath[]; more: number; without: number } {
  const { userId, data, preprocess, body, headers } = event;
  const own = [
    ...(userId === undefined ? [] : [{ segments: ['user_id'], value: userId }]),
    ...Object.entries({ data, preprocess, headers }).flatMap(([name, value]) => leavesOf([name], value)),
  ];
  // Values under `data` are not repeated under a longer name.
  const known = new Map(
    own.flatMap(({ segments: [first, ...rest], value }) => (first === 'data' ? [[keyOf(rest), value] as const] : [])),
  );
  const isKnown = ({ segments, value }: Leaf) => segments.some((_, i) => known.get(keyOf(segments.slice(i))) === value);
  const others = Object.entries(body)
    .flatMap(([name, value]) => leavesOf([name], value))
    .filter((leaf) => !isKnown(leaf))
    .map(({ segments, value }) => ({ segments: ['body', ...segments], value }));
  const all = own.concat(others).map((leaf) => shownLeaf(event, leaf));
  const paths = all.filter((one) => one !== undefined);
  return {
    paths: paths.slice(0, pathsMax),
    more: Math.max(0, paths.length - pathsMax),
    without: all.length - paths.length,
  };
}

type Leaf = { segments: string[]; value: JsonValue };

const keyOf = (segments: readonly string[]) => JSON.stringify(segments);

function leavesOf(segments: string[], value: JsonValue): Leaf[] {
  if (Array.isArray(value)) return value[0] === undefined ? [] : leavesOf([...segments, '0'], value[0]);
  if (!isJsonObject(value)) return [{ segments, value }];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf([...segments, name], inner));
}

/**
 * The shortest path to a value; undefined if a path cannot reach it, such as a field called
 * `__proto__`.
 */
export function pathTo(event: NormalizedEvent, segments: readonly string[], value: JsonValue): string | undefined {
  const [first, ...rest] = segments;
  const [second] = rest;
  const spellings = first === 'body' && second !== undefined && isBareName(second) ? [rest, segments] : [segments];
  return spellings
    .flatMap((names) => [fieldPathText(names), fieldPathText(names, { exact: true })])
    .find((text) => fieldPathProblem(text) === undefined && readEventPath(event, parseFieldPath(text)) === value);
}

function shownLeaf(event: NormalizedEvent, { segments, value }: Leaf): PayloadPath | undefined {
  const path = pathTo(event, segments, value);
  if (path === undefined) return undefined;
  const secret = isSecret(segments.map((name) => name.replace(/[^A-Za-z0-9]+/g, '_')).join('.'), value);
  return { path, segments, value, shown: secret ? '(not shown)' : shorten(value) };
}

const secretNames =
  /(^|[._-])(pass(word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth(orization)?|credentials?|cookie|signature|session|otp|pin|ssn|cvv|cvc|iban|card[_-]?number)s?($|[._-])/i;
// Tokens and keys by their look: JWTs, prefixed keys of vendors, long runs of letters and digits in
// which both occur.
const secretLooks =
  /^(eyJ[\w-]+\.|(sk|pk|rk|whsec|xox[a-z]|gh[a-z]|AKIA)[_-]?\w{10,})|^(?=.*\d)(?=.*[a-z])[A-Za-z0-9+/=_]{32,}$/i;

export function isSecret(path: string, value: JsonValue): boolean {
  // camelCase names are split into words, like the others.
  if (secretNames.test(path.replace(/([a-z0-9])([A-Z])/g, '$1_$2'))) return true;
  return typeof value === 'string' && secretLooks.test(value);
}

/** Addresses and phone numbers belong to people, so a file in git shows only their form. */
function shorten(value: JsonValue): string {
  if (typeof value !== 'string') return inline(value, shownMax);
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return `"${value.slice(0, 1)}…@…" (an e-mail address)`;
  if (/^\+?[\d ()-]{8,20}$/.test(value) && /[+ ()-]/.test(value) && !/^\d{4}-\d{2}-\d{2}/.test(value))
    return '(a phone number)';
  if (isIP(value) !== 0) return '(an IP address)';
  return inline(truncate(value, shownMax - 2), shownMax);
}
