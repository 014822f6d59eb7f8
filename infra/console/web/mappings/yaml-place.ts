/*
 * Where in a YAML file a cursor is, while the file is being written and so is seldom whole. It goes by
 * indentation, as people write such files; maps in braces are understood within their line.
 */

export type PathPart = string | number;

export type YamlPlace = {
  /** To the value at the cursor; for a name that is being written, to the map that will have it. */
  path: readonly PathPart[];
  at: 'name' | 'value';
  /** The name or value at the cursor, by offsets in the text. */
  from: number;
  to: number;
  /** Within braces or brackets, where more characters need quotes. */
  isFlow: boolean;
  /** Names that the map has already; only for a name. */
  taken: readonly string[];
};

type Level = { indent: number } & ({ kind: 'item' } | { kind: 'name'; name: string });

const nameThenColon = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"&*!|>%@`,[\]{}][^:#]*?)\s*:(?=\s|$)/;

/** What one line opens: `  - id: x` is an item and in it a name. Undefined for blank lines and comments. */
function levelsOf(line: string): { levels: Level[]; rest: string; restAt: number } | undefined {
  if (/^\s*(#.*)?$/.test(line)) return undefined;
  const levels: Level[] = [];
  let at = /^ */.exec(line)?.[0].length ?? 0;
  while (/^-(\s|$)/.test(line.slice(at))) {
    levels.push({ kind: 'item', indent: at });
    at += 1 + (/^ */.exec(line.slice(at + 1))?.[0].length ?? 0);
  }
  const name = nameThenColon.exec(line.slice(at));
  if (name !== null) {
    levels.push({ kind: 'name', indent: at, name: unquoted(name[1] ?? '') });
    at += name[0].length;
    at += /^ */.exec(line.slice(at))?.[0].length ?? 0;
  }
  return { levels, rest: line.slice(at), restAt: at };
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

/** The place of an offset; undefined where nothing can be said, as in a comment. */
export function placeAt(text: string, offset: number): YamlPlace | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = text.indexOf('\n', offset) === -1 ? text.length : text.indexOf('\n', offset);
  const line = text.slice(lineStart, lineEnd).replace(/\r$/, '');
  const column = offset - lineStart;
  if (isInComment(line, column)) return undefined;
  const above = text.slice(0, lineStart).split('\n').slice(0, -1);
  const below = text.slice(lineEnd + 1).split('\n');
  const here = levelsOf(line);
  if (here === undefined) {
    // A blank line: the cursor's column is the indentation of what will be written.
    const parents = parentsOf(above, { indent: column, kind: 'name' });
    return {
      path: parents.path,
      at: 'name',
      from: offset,
      to: offset,
      isFlow: false,
      taken: namesAround(above, below, column),
    };
  }
  const { levels, rest, restAt } = here;
  const last = levels.at(-1);
  if (column < restAt && last?.kind === 'name' && column <= last.indent + last.name.length) {
    const path = parentsOf(above, last, levels).path;
    const to = lineStart + last.indent + last.name.length;
    return { path, at: 'name', from: lineStart + last.indent, to, isFlow: false, taken: [] };
  }
  if (column < restAt && levels.some(({ indent }) => column <= indent)) return undefined;
  const own = pathOf(above, levels);
  if (last?.kind === 'name') {
    const flow = flowAt(rest, Math.max(0, column - restAt));
    if (flow !== undefined) return inFlow(flow, own, lineStart + restAt);
    const from = rest === '' ? offset : lineStart + restAt;
    return { path: own, at: 'value', from, to: from + valueLength(rest), isFlow: false, taken: [] };
  }
  // A word alone: a name that is being written, or a value of a list.
  const flow = flowAt(rest, Math.max(0, column - restAt));
  if (flow !== undefined && last?.kind === 'item') return inFlow(flow, own, lineStart + restAt);
  const path = last?.kind === 'item' ? own : parentsOf(above, { indent: restAt, kind: 'name' }).path;
  const taken = last?.kind === 'item' ? [] : namesAround(above, below, restAt);
  return {
    path,
    at: 'name',
    from: lineStart + restAt,
    to: lineStart + restAt + valueLength(rest),
    isFlow: false,
    taken,
  };
}

const isInComment = (line: string, column: number) => {
  const before = line
    .slice(0, column)
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/g, (quoted) => '_'.repeat(quoted.length));
  return /(^|\s)#/.test(before);
};

/** Up to a comment behind it. */
function valueLength(rest: string): number {
  if (/^["']/.test(rest)) return /^("(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)/.exec(rest)?.[0].length ?? rest.length;
  return rest.replace(/\s+#.*$/, '').trimEnd().length;
}

const pathOf = (above: string[], levels: Level[]): PathPart[] => {
  const last = levels.at(-1);
  if (last === undefined) return [];
  const { path, index } = parentsOf(above, last, levels);
  return [...path, last.kind === 'name' ? last.name : index];
};

/**
 * The path of the map or list that a level is in, and the position of an item among its siblings.
 * @param line the levels of its own line, those before it are its parents
 */
function parentsOf(
  above: readonly string[],
  of: { indent: number; kind: Level['kind'] },
  line: Level[] = [],
): { path: PathPart[]; index: number } {
  const path: PathPart[] = [];
  let current: { indent: number; kind: Level['kind'] } = of;
  let before = 0;
  let index = 0;
  const leave = () => {
    if (current === of) index = before;
    else if (current.kind === 'item') path.unshift(before);
    before = 0;
  };
  const climb = (level: Level) => {
    const isItem = current.kind === 'item';
    if (isItem && level.kind === 'item' && level.indent === current.indent) before++;
    // A list may stand at the indentation of its name.
    const isParent =
      level.indent < current.indent || (isItem && level.kind === 'name' && level.indent === current.indent);
    if (!isParent) return;
    leave();
    if (level.kind === 'name') path.unshift(level.name);
    current = level;
  };
  for (const level of line.filter(({ indent }) => indent < of.indent).reverse()) climb(level);
  for (const text of above.toReversed()) for (const level of levelsOf(text)?.levels.reverse() ?? []) climb(level);
  leave();
  return { path, index };
}

/** Names of the map whose members have this indentation. */
function namesAround(above: string[], below: string[], indent: number): string[] {
  const names: string[] = [];
  const collect = (lines: Iterable<string>, isUpward: boolean) => {
    for (const line of lines) {
      const found = levelsOf(line);
      const [first] = found?.levels ?? [];
      const same = found?.levels.find((level) => level.kind === 'name' && level.indent === indent);
      if (!isUpward && first !== undefined && first.indent < indent) return;
      if (same?.kind === 'name') names.push(same.name);
      if (isUpward && first !== undefined && first.indent < indent) return;
    }
  };
  collect(above.slice().reverse(), true);
  collect(below, false);
  return names;
}

type Flow = { path: PathPart[]; at: 'name' | 'value'; from: number; to: number; taken: string[] };

/** The place in `{ path: data.total, gte: 100 }`; undefined outside of braces and brackets. */
function flowAt(rest: string, column: number): Flow | undefined {
  type Open = { kind: '{' | '['; index: number; name: string | undefined; taken: string[]; start: number };
  const open: Open[] = [];
  let i = 0;
  while (i < column) {
    const sign = rest[i] as string;
    const top = open.at(-1);
    if (sign === '"' || sign === "'") {
      const quoted = (sign === '"' ? /^"(?:[^"\\]|\\.)*"?/ : /^'(?:[^']|'')*'?/).exec(rest.slice(i))?.[0] ?? sign;
      if (i + quoted.length > column) break;
      i += quoted.length;
      continue;
    }
    if (sign === '{' || sign === '[') open.push({ kind: sign, index: 0, name: undefined, taken: [], start: i + 1 });
    else if (sign === '}' || sign === ']') open.pop();
    else if (sign === ',' && top !== undefined) {
      top.index++;
      top.name = undefined;
      top.start = i + 1;
    } else if (sign === ':' && top?.kind === '{' && top.name === undefined && /\s|^$/.test(rest[i + 1] ?? '')) {
      top.name = unquoted(rest.slice(top.start, i).trim());
      top.taken.push(top.name);
      top.start = i + 1;
    }
    i++;
  }
  const top = open.at(-1);
  if (top === undefined) return undefined;
  const path = open.flatMap((one, depth): PathPart[] => {
    if (depth === open.length - 1 && one.kind === '{' && one.name === undefined) return [];
    return [one.kind === '[' ? one.index : (one.name ?? '')];
  });
  const lead = /^\s*/.exec(rest.slice(top.start))?.[0].length ?? 0;
  const from = Math.min(top.start + lead, column);
  const tail = rest.slice(from);
  const length = /^["']/.test(tail) ? valueLength(tail) : (/^[^,{}[\]]*/.exec(tail)?.[0].trimEnd().length ?? 0);
  const isName = top.kind === '{' && top.name === undefined;
  return { path, at: isName ? 'name' : 'value', from, to: Math.max(from + length, column), taken: top.taken };
}

function inFlow(flow: Flow, base: PathPart[], start: number): YamlPlace {
  const { path, at, from, to, taken } = flow;
  return { path: [...base, ...path], at, from: start + from, to: start + to, isFlow: true, taken };
}
