import { skipSpace } from './scanner.ts';

/** Where a text stops being JSON: line and column count from 1, the column in characters. */
export type JsonProblem = { line: number; column: number; expected: string };

const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

type Wanted =
  | 'a value'
  | 'a value or "]"'
  | 'a name in quotes'
  | 'a name in quotes or "}"'
  | '":"'
  | '"," or "]"'
  | '"," or "}"';

/**
 * The first place at which a text is not JSON; undefined when it is. `JSON.parse` names no place in
 * short texts, and a place in the words of its version in others. It does not recurse, so depth
 * cannot break it.
 */
export function jsonProblem(text: string): JsonProblem | undefined {
  const open: ('{' | '[')[] = [];
  let wanted: Wanted = 'a value';
  let position = 0;
  const afterValue = (): Wanted | undefined => {
    const within = open.at(-1);
    return within === undefined ? undefined : within === '[' ? '"," or "]"' : '"," or "}"';
  };
  for (;;) {
    const token = tokenAt(text, skipSpace(text, position));
    const next: Wanted | 'value ended' | undefined = token && step(wanted, token, open);
    if (token === undefined || next === undefined) return placeOf(text, position, wanted);
    position = token.end;
    const then: Wanted | undefined = next === 'value ended' ? afterValue() : next;
    if (then !== undefined) {
      wanted = then;
      continue;
    }
    const rest = skipSpace(text, position);
    return rest === text.length ? undefined : placeOf(text, position, 'the end');
  }
}

type Token = { kind: 'punctuation' | 'string' | 'scalar'; text: string; end: number };

/** Undefined where no token begins, or a string is not one of JSON. */
function tokenAt(text: string, start: number): Token | undefined {
  const first = text[start] ?? '';
  if (first !== '' && '{}[],:'.includes(first)) return { kind: 'punctuation', text: first, end: start + 1 };
  if (first === '"') {
    const end = stringEnd(text, start);
    return end === undefined ? undefined : { kind: 'string', text: '', end };
  }
  scalar.lastIndex = start;
  return scalar.test(text) ? { kind: 'scalar', text: '', end: scalar.lastIndex } : undefined;
}

/** The position behind a string's closing quote. */
function stringEnd(text: string, start: number): number | undefined {
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '"') return i + 1;
    if (character < ' ') return undefined;
    if (character !== '\\') continue;
    i++;
    if (text[i] === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(i + 1, i + 5))) i += 4;
    else if (!'"\\/bfnrt'.includes(text[i] ?? 'x')) return undefined;
  }
  return undefined;
}

/** What must follow the token; undefined when it is not what is wanted. */
function step(wanted: Wanted, { kind, text }: Token, open: ('{' | '[')[]): Wanted | 'value ended' | undefined {
  switch (wanted) {
    case 'a value':
    case 'a value or "]"':
      if (kind !== 'punctuation') return 'value ended';
      if (text === '{' || text === '[') {
        open.push(text);
        return text === '{' ? 'a name in quotes or "}"' : 'a value or "]"';
      }
      return wanted === 'a value or "]"' && text === ']' ? closed(open) : undefined;
    case 'a name in quotes':
    case 'a name in quotes or "}"':
      if (kind === 'string') return '":"';
      return wanted === 'a name in quotes or "}"' && text === '}' ? closed(open) : undefined;
    case '":"':
      return text === ':' ? 'a value' : undefined;
    case '"," or "]"':
      return text === ',' ? 'a value' : text === ']' ? closed(open) : undefined;
    case '"," or "}"':
      return text === ',' ? 'a name in quotes' : text === '}' ? closed(open) : undefined;
  }
}

function closed(open: ('{' | '[')[]): 'value ended' {
  open.pop();
  return 'value ended';
}

function placeOf(text: string, from: number, expected: string): JsonProblem {
  const before = text.slice(0, skipSpace(text, from));
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1, expected };
}
