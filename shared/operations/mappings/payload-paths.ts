import { isIP } from 'node:net';
import type { NormalizedEvent } from '../../core/events/normalized-event.ts';
import { isJsonObject, type JsonValue } from '../../core/json/values.ts';
import { fieldPathProblem } from '../../core/mappings/field-path.ts';
import { truncate } from '../words/text.ts';
import { inline } from '../words/values.ts';

/** A path into an event, and its value as it may be shown: short, and never a secret. */
export type PayloadPath = { path: string; shown: string; value: JsonValue };

const pathsMax = 60;
const shownMax = 40;

/**
 * The paths that a mapping could read of an event: who did it, its data, what its source computes, and the rest of its
 * body. Of a list only the first entry is gone into, since the others look alike.
 */
export function payloadPaths({ userId, data, preprocess, body, headers }: NormalizedEvent): {
  paths: PayloadPath[];
  more: number;
} {
  const all: PayloadPath[] = [];
  if (userId !== undefined) all.push(shownAt('user_id', userId));
  all.push(...leavesOf('data', data), ...leavesOf('preprocess', preprocess), ...leavesOf('headers', headers));
  // What `data` shows already is not shown again under a longer name.
  const known = new Map(
    all.flatMap(({ path, value }) => (path.startsWith('data.') ? [[path.slice(5), value] as const] : [])),
  );
  const isKnown = ({ path, value }: PayloadPath) =>
    path.split('.').some((_, i, segments) => known.get(segments.slice(i).join('.')) === value);
  for (const [name, value] of Object.entries(body)) all.push(...leavesOf(name, value).filter((leaf) => !isKnown(leaf)));
  const usable = all.filter(({ path }) => fieldPathProblem(path) === undefined);
  return { paths: usable.slice(0, pathsMax), more: Math.max(0, usable.length - pathsMax) };
}

function leavesOf(path: string, value: JsonValue): PayloadPath[] {
  if (Array.isArray(value)) return value[0] === undefined ? [] : leavesOf(`${path}.0`, value[0]);
  if (!isJsonObject(value)) return [shownAt(path, value)];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(`${path}.${name}`, inner));
}

function shownAt(path: string, value: JsonValue): PayloadPath {
  return { path, value, shown: isSecret(path, value) ? '(not shown)' : shorten(value) };
}

const secretNames =
  /(^|[._-])(pass(word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth(orization)?|credentials?|cookie|signature|session|otp|pin|ssn|cvv|cvc|iban|card[_-]?number)s?($|[._-])/i;
// Tokens and keys by their look: JWTs, prefixed keys of vendors, long runs of letters and digits in which both occur.
const secretLooks =
  /^(eyJ[\w-]+\.|(sk|pk|rk|whsec|xox[a-z]|gh[a-z]|AKIA)[_-]?\w{10,})|^(?=.*\d)(?=.*[a-z])[A-Za-z0-9+/=_]{32,}$/i;

export function isSecret(path: string, value: JsonValue): boolean {
  // camelCase names are looked at by their words, as the others are.
  if (secretNames.test(path.replace(/([a-z0-9])([A-Z])/g, '$1_$2'))) return true;
  return typeof value === 'string' && secretLooks.test(value);
}

/** Addresses and phone numbers are people's: a file in git says of what form they are, and not whose. */
function shorten(value: JsonValue): string {
  if (typeof value !== 'string') return inline(value, shownMax);
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return `"${value.slice(0, 1)}…@…" (an e-mail address)`;
  if (/^\+?[\d ()-]{8,20}$/.test(value) && /[+ ()-]/.test(value) && !/^\d{4}-\d{2}-\d{2}/.test(value))
    return '(a phone number)';
  if (isIP(value) !== 0) return '(an IP address)';
  return inline(truncate(value, shownMax - 2), shownMax);
}
