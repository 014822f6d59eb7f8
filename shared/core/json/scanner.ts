/** A place in the text; `end` is exclusive. */
export type Slice = { start: number; end: number };

/** A child of a list or map, without surrounding white space. */
export type Child = Slice & {
  /**
   * The approximate number of values in it, including itself, as a measure of the memory that
   * parsing takes.
   */
  values: number;
};

export type Scan =
  | {
      kind: 'scanned';
      /** In order; in a map each is a whole `"key": value`. At most `childrenMax` are collected. */
      children: Child[];
      /** There were more children than `childrenMax`. */
      more: boolean;
      /** Counts all children, collected or not. */
      values: number;
      /** Directly after the closing bracket. */
      end: number;
    }
  /** Brackets or quotes do not match. `values`: the count so far. */
  | { kind: 'malformed'; values: number }
  | { kind: 'too_deep' };

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openList = 0x5b;
const closeList = 0x5d;
const openMap = 0x7b;
const closeMap = 0x7d;

/**
 * Cuts the list or map at `open` into the exact texts of its children, and counts their values. It
 * only reads brackets, commas and quotes, and does not recurse, so depth and content cannot break
 * it. JSON.parse checks the slices: if the text is JSON, every slice is; if not, the scan is
 * malformed or at least one slice is not JSON.
 */
export function scanChildren(text: string, open: number, limits: { depthMax: number; childrenMax: number }): Scan {
  const children: Child[] = [];
  const close = text.charCodeAt(open) === openList ? closeList : closeMap;
  let depth = 0;
  let more = false;
  let childStart = open + 1;
  let values = 0;
  let valuesBefore = 0;
  const endChild = (end: number) => {
    if (children.length === limits.childrenMax) more = true;
    else children.push({ ...trimmed(text, childStart, end), values: values - valuesBefore });
    childStart = end + 1;
    valuesBefore = values;
  };
  for (let i = open; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case quote:
        i = endOfString(text, i);
        if (i === -1) return { kind: 'malformed', values };
        break;
      case openList:
      case openMap:
        depth++;
        values++;
        if (depth > limits.depthMax) return { kind: 'too_deep' };
        break;
      case closeList:
      case closeMap:
        depth--;
        if (depth > 0) break;
        if (text.charCodeAt(i) !== close) return { kind: 'malformed', values };
        // `[]` has no child; `[1,]` has an empty second one, which is not JSON.
        if (childStart > open + 1 || skipSpace(text, childStart) < i) endChild(i);
        return { kind: 'scanned', children, more, values, end: i + 1 };
      case comma:
        values++;
        if (depth === 1) endChild(i);
    }
  }
  return { kind: 'malformed', values };
}

/** Position of the quote that ends the string at `start`, or -1. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

/** The first position at or after `position` that is not JSON white space. */
export function skipSpace(text: string, position: number): number {
  let i = position;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

function trimmed(text: string, from: number, to: number): Slice {
  const start = Math.min(skipSpace(text, from), to);
  let end = to;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return { start, end };
}

// JSON only has these four; other space makes a text invalid.
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/**
 * A member of a map: its name, and its value's position. Undefined when the slice does not begin
 * like a member.
 */
export function readMember(text: string, { start, end }: Slice): { name: string; value: Slice } | undefined {
  if (text.charCodeAt(start) !== quote) return undefined;
  const nameEnd = endOfString(text, start);
  const colon = skipSpace(text, nameEnd + 1);
  if (nameEnd === -1 || text[colon] !== ':') return undefined;
  const raw = text.slice(start + 1, nameEnd);
  const name = raw.includes('\\') ? unquoted(text.slice(start, nameEnd + 1)) : raw;
  return name === undefined ? undefined : { name, value: trimmed(text, colon + 1, end) };
}

function unquoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}
