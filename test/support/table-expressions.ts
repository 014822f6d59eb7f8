/*
 * What DynamoDB's condition and update expressions come to, as far as our adapters use them: comparisons, AND, OR, NOT,
 * parentheses, attribute_exists, attribute_not_exists and begins_with; SET with values and if_not_exists, and REMOVE.
 * Anything else throws, so that a new expression is added here and not misread.
 */

type Item = Record<string, unknown>;
type Substitutes = {
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
};
type Condition = (item: Item | undefined, substitutes: Substitutes) => boolean;
type Update = (item: Item, substitutes: Substitutes) => Item;

const conditions = new Map<string, Condition>();
const updates = new Map<string, Update>();

export function evaluateCondition(text: string, item: Item | undefined, substitutes: Substitutes): boolean {
  return remembered(conditions, text, parseCondition)(item, substitutes);
}

/** @returns the item as it is afterwards; `item` itself is left alone */
export function evaluateUpdate(text: string, item: Item, substitutes: Substitutes): Item {
  return remembered(updates, text, parseUpdate)(item, substitutes);
}

function remembered<Parsed>(known: Map<string, Parsed>, text: string, parse: (text: string) => Parsed): Parsed {
  const found = known.get(text) ?? parse(text);
  known.set(text, found);
  return found;
}

/** Takes an expression apart from left to right. */
class Tokens {
  readonly #text: string;
  readonly #tokens: string[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/[#:]?\w+|<>|<=|>=|\S/g) ?? [];
  }
  get isOver(): boolean {
    return this.#next >= this.#tokens.length;
  }
  take(): string {
    return this.#tokens[this.#next++] ?? this.fail();
  }
  takeIf(...wanted: string[]): string | undefined {
    const token = this.#tokens[this.#next];
    if (token === undefined || !wanted.includes(token.toUpperCase())) return undefined;
    this.#next++;
    return token.toUpperCase();
  }
  require(wanted: string): void {
    if (this.takeIf(wanted) === undefined) this.fail();
  }
  fail(): never {
    throw new Error(`unknown expression, near token ${this.#next}: ${this.#text}`);
  }
}

function parseCondition(text: string): Condition {
  const tokens = new Tokens(text);
  const condition = anyOf(tokens);
  if (!tokens.isOver) tokens.fail();
  return condition;
}

function anyOf(tokens: Tokens): Condition {
  const parts = [allOf(tokens)];
  while (tokens.takeIf('OR')) parts.push(allOf(tokens));
  return (item, substitutes) => parts.some((part) => part(item, substitutes));
}

function allOf(tokens: Tokens): Condition {
  const parts = [term(tokens)];
  while (tokens.takeIf('AND')) parts.push(term(tokens));
  return (item, substitutes) => parts.every((part) => part(item, substitutes));
}

function term(tokens: Tokens): Condition {
  if (tokens.takeIf('NOT')) {
    const inner = term(tokens);
    return (item, substitutes) => !inner(item, substitutes);
  }
  if (tokens.takeIf('(')) {
    const inner = anyOf(tokens);
    tokens.require(')');
    return inner;
  }
  const call = tokens.takeIf('ATTRIBUTE_EXISTS', 'ATTRIBUTE_NOT_EXISTS', 'BEGINS_WITH');
  if (call) return called(call, tokens);
  const left = operand(tokens.take());
  const sign = tokens.take();
  const holds = comparisons[sign] ?? tokens.fail();
  const right = operand(tokens.take());
  return (item = {}, substitutes) => {
    const [a, b] = [left(item, substitutes), right(item, substitutes)];
    // An attribute that is not there is equal to nothing, and different from everything.
    if (a === undefined || b === undefined) return sign === '<>';
    return typeof a === typeof b ? holds(a as string, b as string) : sign === '<>';
  };
}

function called(name: string, tokens: Tokens): Condition {
  tokens.require('(');
  const attribute = operand(tokens.take());
  if (name !== 'BEGINS_WITH') {
    tokens.require(')');
    const wanted = name === 'ATTRIBUTE_EXISTS';
    return (item = {}, substitutes) => (attribute(item, substitutes) !== undefined) === wanted;
  }
  tokens.require(',');
  const prefix = operand(tokens.take());
  tokens.require(')');
  return (item = {}, substitutes) => {
    const [text, start] = [attribute(item, substitutes), prefix(item, substitutes)];
    return typeof text === 'string' && typeof start === 'string' && text.startsWith(start);
  };
}

const comparisons: Record<string, (a: string, b: string) => boolean> = {
  '=': (a, b) => a === b,
  '<>': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

type Operand = (item: Item, substitutes: Substitutes) => unknown;

/** A value (`:x`), or an attribute by its name or by a stand-in for it (`#x`). */
function operand(token: string): Operand {
  if (!/^[#:]?\w+$/.test(token)) throw new Error(`neither an attribute nor a value: ${token}`);
  if (token.startsWith(':')) return (_item, { ExpressionAttributeValues: values }) => values?.[token];
  return (item, substitutes) => item[nameOf(token, substitutes)];
}

function nameOf(token: string, { ExpressionAttributeNames: names }: Substitutes): string {
  const name = token.startsWith('#') ? names?.[token] : token;
  if (name === undefined) throw new Error(`no name is given for ${token}`);
  return name;
}

function parseUpdate(text: string): Update {
  const tokens = new Tokens(text);
  const steps: ((before: Item, after: Item, substitutes: Substitutes) => void)[] = [];
  while (!tokens.isOver) {
    const clause = tokens.takeIf('SET', 'REMOVE') ?? tokens.fail();
    do {
      const attribute = tokens.take();
      if (clause === 'REMOVE') {
        steps.push((_before, after, substitutes) => delete after[nameOf(attribute, substitutes)]);
        continue;
      }
      tokens.require('=');
      const value = assigned(tokens);
      // Every value is taken from the item as it was before the update.
      steps.push((before, after, substitutes) => {
        after[nameOf(attribute, substitutes)] = value(before, substitutes);
      });
    } while (tokens.takeIf(','));
  }
  return (item, substitutes) => {
    const after = { ...item };
    for (const step of steps) step(item, after, substitutes);
    return after;
  };
}

function assigned(tokens: Tokens): Operand {
  if (!tokens.takeIf('IF_NOT_EXISTS')) return operand(tokens.take());
  tokens.require('(');
  const attribute = operand(tokens.take());
  tokens.require(',');
  const otherwise = operand(tokens.take());
  tokens.require(')');
  return (item, substitutes) => attribute(item, substitutes) ?? otherwise(item, substitutes);
}
