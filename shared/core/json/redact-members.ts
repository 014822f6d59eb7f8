import { endOfString, scanChildren, skipSpace } from './scanner.ts';

/** Replaces a redacted value. */
export const redactedText = '[redacted]';

/**
 * Blots out the values of members with one of `names`, at any depth in an event's text, also in
 * JSON inside a string. The rest of the text stays as sent. `null` and the empty text stay too: an
 * empty column is not a secret, and a mapping may check for it.
 *
 * @param names in any case, with `*` for any text at their start, their end or both
 * @param text JSON
 * @param depth how many strings `text` stood in
 */
export function redactMembers(text: string, names: readonly string[], depth = 0): string {
  if (names.length === 0) return text;
  const isRedacted = redactionOf(names);
  let redacted = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '"') continue;
    const end = endOfString(text, i);
    if (end === -1) return text;
    // In JSON only a member's name is followed by a colon.
    const colon = skipSpace(text, end + 1);
    const name = text[colon] === ':' ? nameOf(text.slice(i, end + 1)) : undefined;
    if (name === undefined) {
      const inner = redactedInside(text.slice(i, end + 1), names, depth);
      if (inner !== undefined) {
        redacted += text.slice(from, i) + inner;
        from = end + 1;
      }
    }
    i = end;
    if (name === undefined || !isRedacted(name)) continue;
    const start = skipSpace(text, colon + 1);
    const valueEnd = endOfValue(text, start);
    if (!isNothing(text.slice(start, valueEnd))) {
      redacted += `${text.slice(from, start)}"${redactedText}"`;
      from = valueEnd;
    }
    i = valueEnd - 1;
  }
  return redacted + text.slice(from);
}

// Bodies wrapped twice occur at times; deeper ones do not, and are accepted all the same.
const wrappedMax = 3;

/** A quoted string with redacted JSON inside; undefined: the string stays unchanged. */
function redactedInside(quoted: string, names: readonly string[], depth: number): string | undefined {
  if (depth === wrappedMax || !/^"(?:\s|\\[nrt])*[[{]/.test(quoted)) return undefined;
  try {
    const inner: string = JSON.parse(quoted);
    JSON.parse(inner);
    const redacted = redactMembers(inner, names, depth + 1);
    return redacted === inner ? undefined : JSON.stringify(redacted);
  } catch {
    return undefined;
  }
}

function nameOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start) + 1;
  if (text[start] === '{' || text[start] === '[') {
    const scan = scanChildren(text, start, { depthMax: Number.POSITIVE_INFINITY, childrenMax: 0 });
    return scan.kind === 'scanned' ? scan.end : text.length;
  }
  let end = start;
  while (end < text.length && !/[\s,\]}]/.test(text[end] ?? '')) end++;
  return end;
}

const isNothing = (value: string) => value === 'null' || value === '""';

type IsRedacted = (name: string) => boolean;
const matchers = new Map<string, IsRedacted>();

/** Matches redacted names. Names come from configuration, so there are few sets of them. */
export function redactionOf(names: readonly string[]): IsRedacted {
  const key = names.join('\n');
  let known = matchers.get(key);
  if (known === undefined) {
    const tests = names.map(nameTest);
    known = (name) => tests.some((test) => test(name.toLowerCase()));
    matchers.set(key, known);
  }
  return known;
}

function nameTest(pattern: string): IsRedacted {
  const text = pattern.replaceAll('*', '').toLowerCase();
  const [start, end] = [pattern.startsWith('*'), pattern.endsWith('*')];
  if (start && end) return (name) => name.includes(text);
  if (start) return (name) => name.endsWith(text);
  if (end) return (name) => name.startsWith(text);
  return (name) => name === text;
}
