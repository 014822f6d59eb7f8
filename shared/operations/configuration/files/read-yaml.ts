import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
} from 'yaml';
import { nearestName } from '../../words/did-you-mean.ts';

export type DocumentPath = (string | number)[];

/** A place in a text; lines and columns count from 1. */
export type Place = { line: number; column: number };

export type YamlProblem = Place & { path: DocumentPath; message: string };

/** A YAML file, with what is needed to point at places in it. */
export type YamlText = { content: unknown; document: Document; lines: LineCounter };

export type YamlResult =
  | { kind: 'read'; yaml: YamlText }
  | { kind: 'wrong'; problems: [YamlProblem, ...YamlProblem[]] };

/**
 * Files written by hand are far smaller. A larger one is a mistake, and would make every command
 * slow.
 */
const bytesMax = 4 * 1024 * 1024;
/** Configuration never nests deeper, and recursive readers would run out of stack. */
const depthMax = 64;
/** Each level of nested fallbacks doubles the possible readings of a mistake. */
const fallbackDepthMax = 6;
/**
 * The most values that aliases may repeat in all. Ten lines of aliases to aliases can stand for
 * more values than memory holds.
 */
const repeatedMax = 100_000;
/** A file that is not YAML at all gets an error for each character. */
const problemsMax = 20;

/**
 * Reads a configuration file as YAML 1.2 that every reader understands alike: UTF-8, numbers that
 * JavaScript holds exactly, names that are text and unique, no tags, and aliases with existing
 * anchors. It never throws for a file's content: each error is a problem with its place.
 */
export function readYaml(bytes: Uint8Array): YamlResult {
  if (bytes.length > bytesMax)
    return wrong({
      ...start,
      path: [],
      message: `is larger than ${bytesMax / 1024 / 1024} MB; no such file can be meant`,
    });
  const decoded = decode(bytes);
  if ('problem' in decoded) return wrong(decoded.problem);
  const { text } = decoded;
  const control = controlProblem(text);
  if (control !== undefined) return wrong(control);
  if (opensTooDeep(text)) return wrong({ ...start, path: [], message: tooDeep });
  try {
    return readText(text);
  } catch (error) {
    // The parser recurses, and so does the step from its tree to values.
    if (!(error instanceof RangeError)) throw error;
    return wrong({ ...start, path: [], message: tooDeep });
  }
}

const start: Place = { line: 1, column: 1 };
const tooDeep = `is nested more than ${depthMax} deep`;
const wrong = (first: YamlProblem, more: readonly YamlProblem[] = []): YamlResult => ({
  kind: 'wrong',
  problems: [first, ...more],
});

function decode(bytes: Uint8Array): { text: string } | { problem: YamlProblem } {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return { problem: { ...start, path: [], message: 'is UTF-16; save it as UTF-8' } };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const at = firstBadByte(bytes);
    const message = `has a byte (0x${bytes[at]?.toString(16)}) that is not UTF-8; save the file as UTF-8`;
    return { problem: { ...placeOf(new TextDecoder().decode(bytes.subarray(0, at))), path: [], message } };
  }
}

/** The position of the first byte that does not begin a character. There must be one. */
function firstBadByte(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    // The cut itself may split a character; that is not an error yet.
    if (isUtf8(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  // The first byte may begin a character; only the next byte shows that it does not.
  while (good > 0 && !isUtf8(bytes.subarray(0, good), false)) good--;
  return good;
}

function isUtf8(bytes: Uint8Array, stream: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

function placeOf(before: string): Place {
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** YAML 1.2, production 1: the characters that a file may hold. The parser lets others through. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

function controlProblem(text: string): YamlProblem | undefined {
  const found = control.exec(text);
  if (found === null) return undefined;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  const message = `has the control character U+${code}, which no text file holds; remove it, or write "\\u${code}"`;
  return { ...placeOf(text.slice(0, found.index)), path: [], message };
}

/** No text has so many brackets open at once, not even in quotes. */
const openMax = 1_000;

/** Deep enough, brackets end the process inside of the parser, where no error can be caught. */
function opensTooDeep(text: string): boolean {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open += bracket === '[' || bracket === '{' ? 1 : -1;
    if (open > openMax) return true;
  }
  return false;
}

function readText(text: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // The parser compares each name with every other one; the walk below remembers them.
    uniqueKeys: false,
    // Tags such as !!binary and !!set make values that JSON cannot hold.
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const { yaml } = document.directives ?? {};
  if (yaml?.explicit && yaml.version !== '1.2')
    return wrong({
      ...start,
      path: [],
      message: `is of YAML ${yaml.version}, which reads "no" as false; take the %YAML line out`,
    });
  const complaints = [...document.errors, ...document.warnings].map(({ code, message, pos: [offset] }) => ({
    ...at(offset),
    path: [],
    message: code === 'RESOURCE_EXHAUSTION' ? tooDeep : `is not YAML: ${message}`,
  }));
  const [first, ...more] = atMost(complaints.length > 0 ? distinct(complaints) : new Walk(document, at).problems());
  if (first !== undefined) return wrong(first, more);
  return { kind: 'read', yaml: { content: document.toJS({ maxAliasCount: -1 }), document, lines } };
}

function distinct(problems: YamlProblem[]): YamlProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ line, column, message }) => {
    const key = message === tooDeep ? message : `${line}:${column} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}

function atMost(problems: YamlProblem[]): YamlProblem[] {
  const [first] = problems;
  if (problems.length <= problemsMax || first === undefined) return problems;
  const more = `and ${problems.length - problemsMax} more like these`;
  return [...problems.slice(0, problemsMax), { ...(problems[problemsMax] ?? first), path: [], message: more }];
}

type Visit = { node: Node; path: DocumentPath; fallbacks: number; inside: readonly string[] };

/** One pass over a document's nodes, with its own list instead of the call stack. */
class Walk {
  readonly #document: Document;
  readonly #at: (offset: number) => Place;
  readonly #found: YamlProblem[] = [];
  /** Anchors so far, each with the number of values in its node. */
  readonly #anchors = new Map<string, Node>();
  readonly #sizes = new Map<Node, number>();
  #repeated = 0;

  constructor(document: Document, at: (offset: number) => Place) {
    this.#document = document;
    this.#at = at;
  }

  problems(): YamlProblem[] {
    const root = this.#document.contents;
    const open: Visit[] = isNode(root) ? [{ node: root, path: [], fallbacks: 0, inside: [] }] : [];
    for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
      if (visit.path.length > depthMax) return [this.#problem(visit, tooDeep)];
      // In the order of the file, since an alias means the last anchor before it.
      open.push(...this.#visit(visit).reverse());
    }
    return this.#found;
  }

  #visit(visit: Visit): Visit[] {
    const { node } = visit;
    if (isAlias(node)) {
      const problem = this.#aliasProblem(visit, node);
      if (problem !== undefined) this.#report(visit, problem);
      return [];
    }
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) {
      const problem = scalarProblem(node);
      if (problem !== undefined) this.#report(visit, problem);
      return [];
    }
    return isCollection(node) ? this.#members(visit) : [];
  }

  #members({ node, path, fallbacks, inside }: Visit): Visit[] {
    const within = 'anchor' in node && typeof node.anchor === 'string' ? [...inside, node.anchor] : inside;
    const members: Visit[] = [];
    if (isMap(node)) {
      const names = new Set<string>();
      for (const { key, value } of node.items) {
        const name = this.#nameOf(key, path, names);
        if (name === undefined) continue;
        const deeper = name === 'first' ? fallbacks + 1 : fallbacks;
        const member = { path: [...path, name], fallbacks: deeper, inside: within };
        if (deeper > fallbackDepthMax && isNode(value))
          this.#report(
            { ...member, node: value },
            `has fallbacks nested more than ${fallbackDepthMax} deep; one list of them says the same`,
          );
        else if (isNode(value)) members.push({ ...member, node: value });
      }
    } else if (isCollection(node)) {
      for (const [i, item] of node.items.entries())
        if (isNode(item)) members.push({ node: item, path: [...path, i], fallbacks, inside: within });
    }
    return members;
  }

  /** A member's name; undefined, and reported, when it is not a valid name. */
  #nameOf(key: unknown, path: DocumentPath, names: Set<string>): string | undefined {
    if (!isNode(key)) return undefined;
    const visit: Visit = { node: key, path, fallbacks: 0, inside: [] };
    if (!isScalar(key)) {
      this.#report(visit, `has a name that is ${isAlias(key) ? 'an alias' : 'not text'}; write the name out`);
      return undefined;
    }
    if ('anchor' in key && key.anchor !== undefined) this.#anchors.set(key.anchor, key);
    const name = typeof key.value === 'string' ? key.value : String(key.value ?? '');
    const source = key.source ?? name;
    if (typeof key.value !== 'string' && (key.value === null || source !== name)) {
      this.#report(
        visit,
        source === '' || source === '~'
          ? 'has a member without a name'
          : `has the name ${source}, which is not text; write it in quotes`,
      );
      return undefined;
    }
    if (!name.isWellFormed()) this.#report(visit, 'has half a character in a name');
    // Assigned to a plain object it would vanish together with its content.
    if (name === '__proto__') {
      this.#report(visit, 'has the name "__proto__", which cannot be used; take another');
      return undefined;
    }
    if (names.has(name)) {
      this.#report(visit, `has the name "${name}" twice`);
      return undefined;
    }
    names.add(name);
    return name;
  }

  #aliasProblem({ inside }: Visit, { source }: Alias): string | undefined {
    const target = this.#anchors.get(source);
    if (target === undefined) {
      const near = nearestName(source, [...this.#anchors.keys()]);
      const hint =
        near === undefined ? `give what is meant the anchor &${source} above this line` : `did you mean *${near}?`;
      return `*${source} has no anchor before it; ${hint}. Text that begins with * is written in quotes`;
    }
    if (inside.includes(source)) return `*${source} stands inside of what it repeats`;
    const before = this.#repeated;
    this.#repeated += this.#sizeOf(target);
    return before <= repeatedMax && this.#repeated > repeatedMax
      ? `*${source} repeats so much that the aliases of this file stand for more than ${repeatedMax} values`
      : undefined;
  }

  /**
   * The number of values in a node, including those that its aliases repeat. Anchors come before
   * their aliases, so the count ends.
   */
  #sizeOf(node: Node): number {
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    // A node that contains itself is reported at the alias.
    this.#sizes.set(node, 0);
    let size = 1;
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      size = target === undefined ? 1 : this.#sizeOf(target);
    } else if (isMap(node)) for (const { value } of node.items) size += isNode(value) ? this.#sizeOf(value) : 1;
    else if (isCollection(node)) for (const item of node.items) size += isNode(item) ? this.#sizeOf(item) : 1;
    this.#sizes.set(node, size);
    return size;
  }

  #report(visit: Pick<Visit, 'node' | 'path'>, message: string): void {
    this.#found.push(this.#problem(visit, message));
  }

  #problem({ node, path }: Pick<Visit, 'node' | 'path'>, message: string): YamlProblem {
    return { ...this.#at(node.range?.[0] ?? 0), path, message };
  }
}

function scalarProblem({ value, source = '' }: Scalar): string | undefined {
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : 'has half a character in it (a lone surrogate)';
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) return `${source} is a number that no event can hold`;
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return `${source} is more than a number holds exactly (2^53), and would be ${value}; write it as text: "${source}"`;
  const written = digitsOf(source);
  if (written !== undefined && written !== digitsOf(String(value)))
    return `${source} has more digits than a number holds, and would be rounded to ${value}; write ${value}, or text: "${source}"`;
  return undefined;
}

/**
 * The significant digits of a decimal number; undefined for other notations, which are integers and
 * checked by size.
 */
function digitsOf(text: string): string | undefined {
  const [, whole, fraction = '', exponent = '0'] = /^[-+]?(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return '0';
  // The position of the last significant digit: 1.50 and 15e-1 are equal.
  return `${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
}
