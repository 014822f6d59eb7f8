import { isCollection, parseDocument } from 'yaml';

/**
 * Reads YAML as configuration files are mostly written: block maps and lists, one-line values, comments. Everything else
 * (anchors, tags, block scalars, values over several lines, documents, tabs) and everything doubtful is `undefined`, and for
 * the full parser to read or to refuse. Thousands of files are read about ten times as fast; what is answered is exactly
 * what the full parser would: test/operations/configuration/files/plain-yaml.test.ts.
 */
export function readPlainYaml(text: string): { content: unknown } | undefined {
  if (/[\t\r\ufeff]/.test(text)) return undefined;
  try {
    const reader = new Reader(linesOf(text));
    const content = reader.isAtEnd ? null : reader.block(0);
    return reader.isAtEnd ? { content } : undefined;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

class NotPlain extends Error {
  override name = 'NotPlain';
}

type Line = { indent: number; text: string };

/** Lines that say something, without their indentation. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const whole of text.split('\n')) {
    const trimmed = whole.trimStart();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    lines.push({ indent: whole.length - trimmed.length, text: trimmed.trimEnd() });
  }
  return lines;
}

const entry = /^([A-Za-z_][\w-]*):(?: +(.*))?$/;
const isItem = ({ text }: Line) => text === '-' || text.startsWith('- ');

class Reader {
  readonly #lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#lines.length;
  }

  /** The map or list that begins here. */
  block(indent: number): unknown {
    const line = this.#lines[this.#at];
    if (line?.indent !== indent) throw new NotPlain();
    return isItem(line) ? this.#list(indent) : this.#map(indent);
  }

  #map(indent: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let line = this.#lines[this.#at]; line?.indent === indent && !isItem(line); line = this.#lines[this.#at]) {
      const [, name, value = ''] = entry.exec(line.text) ?? [];
      // A name that is there twice is a mistake that the full parser words; some names are no plain text.
      if (name === undefined || Object.hasOwn(map, name) || unusual.has(name)) throw new NotPlain();
      this.#at++;
      map[name] = isNothing(value) ? this.#below(indent, true) : this.#inline(value, indent);
    }
    return map;
  }

  #list(indent: number): unknown[] {
    const list: unknown[] = [];
    for (let line = this.#lines[this.#at]; line?.indent === indent && isItem(line); line = this.#lines[this.#at]) {
      const value = line.text.slice(1).trimStart();
      if (isNothing(value)) {
        this.#at++;
        list.push(this.#below(indent, false));
      } else if (entry.test(value)) {
        const column = indent + line.text.length - value.length;
        this.#lines[this.#at] = { indent: column, text: value };
        list.push(this.#map(column));
      } else {
        this.#at++;
        list.push(this.#inline(value, indent));
      }
    }
    return list;
  }

  /** What stands below a name or a dash that has nothing beside it. A list may begin right under its name. */
  #below(indent: number, mayBeLevel: boolean): unknown {
    const next = this.#lines[this.#at];
    if (next === undefined || next.indent < indent) return null;
    if (next.indent > indent) return this.block(next.indent);
    return mayBeLevel && isItem(next) ? this.#list(indent) : null;
  }

  /** A value beside its name or dash, which must end there. */
  #inline(value: string, indent: number): unknown {
    const next = this.#lines[this.#at];
    if (next !== undefined && next.indent > indent) throw new NotPlain();
    return inlineValue(value);
  }
}

const unusual = new Set(['__proto__', 'null', 'Null', 'NULL']);
const reserved = /^(?:null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;
const isNothing = (value: string) => value === '' || value.startsWith('#');

function inlineValue(value: string): unknown {
  if (/^[A-Za-z_$/]/.test(value)) {
    const text = value.replace(/ +#.*$/, '');
    if (text.includes(': ') || text.endsWith(':')) throw new NotPlain();
    if (!reserved.test(text)) return text;
  }
  // What many files have in common (`{ type: log }`, numbers, quoted text) is read once.
  if (!known.has(value)) known.set(value, readWhole(value));
  const read = known.get(value);
  if (read === undefined) throw new NotPlain();
  return structuredClone(read.content);
}

const known = new Map<string, { content: unknown } | undefined>();

/** A one-line value by the full parser; undefined when it is not whole by itself, or more than a value. */
function readWhole(value: string): { content: unknown } | undefined {
  if (/^[&*!|>%@`?:-]/.test(value) && !/^-[\d.]/.test(value)) return undefined;
  const document = parseDocument(value);
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  // Beside a name there can be `{ a: b }`, and no `a: b`.
  if (isCollection(document.contents) && !document.contents.flow) return undefined;
  return { content: document.toJS() };
}
