import type { Expression, JsonataOptions } from 'jsonata';
import { isJsonObject } from '../core/json/values.ts';
import { typeName } from '../core/sources/source.ts';

/** How long one event may keep an expression busy. */
export const expressionTimeMaxMs = 500;
/** How deep functions of an expression may call each other. */
const stackMax = 200;
/** The most values that a step of an expression may make. */
const sequenceMax = 100_000;
/** The most characters of an expression's result, as JSON. */
const resultCharactersMax = 256 * 1024;
/** The most characters of a text that a library function builds from shorter ones. */
const textCharactersMax = 1024 * 1024;
/** The most characters of an error: it may quote the event, and is kept in a log row. */
const errorCharactersMax = 300;

const limits: JsonataOptions = { timeout: expressionTimeMaxMs, stack: stackMax, sequence: sequenceMax };

/**
 * Functions that an expression may not use. `eval` would run a sender's text as code. Functions
 * whose result differs from call to call would make a redelivery or a replay a different event.
 */
const forbidden = new Map([
  ['eval', 'it would run text of an event as code'],
  ['random', 'the same event must always give the same result'],
  ['shuffle', 'the same event must always give the same result'],
]);

type Jsonata = typeof import('jsonata');

/**
 * Why a text cannot be an expression, with the place in it; undefined when it can.
 *
 * @param jsonata given by the caller, so that a function loads it only where it is needed
 */
export function expressionProblem(jsonata: Jsonata, text: string): string | undefined {
  try {
    parse(jsonata, text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

export type Job = { text: string; document: object; receivedAtMs: number };
/**
 * `json` is a map. It crosses between processes as text, because its length is checked on the text
 * anyway.
 */
export type Outcome = { kind: 'made'; json: string } | { kind: 'failed'; error: string };

const compiled = new Map<string, Promise<Expression>>();

/**
 * Runs an expression on a document, within limits of time, depth and size. The time is checked
 * between the steps of an expression, so it does not interrupt a library function, and memory has
 * no limit here. So this runs in a process that can be ended: jsonata-preprocessor.ts.
 */
export async function evaluate(jsonata: Jsonata, { text, document, receivedAtMs }: Job): Promise<Outcome> {
  let expression = compiled.get(text);
  if (expression === undefined) {
    expression = compile(jsonata, text);
    compiled.set(text, expression);
  }
  try {
    return outcomeOf(await (await expression).evaluate(document, { [receivedAt]: receivedAtMs }));
  } catch (error) {
    return { kind: 'failed', error: messageOf(error) };
  }
}

function parse(jsonata: Jsonata, text: string): Expression {
  const expression = jsonata(text, limits);
  const problem = problemIn(expression.ast());
  if (problem !== undefined) throw new Error(problem);
  return expression;
}

async function compile(jsonata: Jsonata, text: string): Promise<Expression> {
  const expression = parse(jsonata, text);
  for (const name of forbidden.keys()) {
    expression.registerFunction(name, () => {
      throw new Error(`$${name} is not allowed: ${forbidden.get(name)}`);
    });
  }
  const own = await builtInsOf(jsonata);
  for (const [name, implementation] of Object.entries(replacements(own))) {
    expression.registerFunction(name, implementation, own[name as keyof typeof own].signature.definition);
  }
  return expression;
}

/** The `this` of the library's functions. https://docs.jsonata.org/embedding-extending */
type Focus = { environment: { lookup(name: string): unknown } };
/** A library function, as the library stores it. */
type BuiltIn = {
  implementation(this: unknown, ...parameters: unknown[]): unknown;
  signature: { definition: string };
};
const replacedNames = ['now', 'millis', 'fromMillis', 'toMillis', 'pad', 'join', 'replace'] as const;
type BuiltIns = Record<(typeof replacedNames)[number], BuiltIn>;

let builtIns: Promise<BuiltIns> | undefined;

function builtInsOf(jsonata: (text: string) => Expression): Promise<BuiltIns> {
  builtIns ??= Promise.all(
    replacedNames.map(async (name) => [name, await jsonata(`$${name}`).evaluate(null)] as const),
  ).then((entries) => Object.fromEntries(entries) as BuiltIns);
  return builtIns;
}

/** The event's time is bound under this name, which no expression can write. */
const receivedAt = 'received at';

const timeOf = ({ environment }: Focus) => environment.lookup(receivedAt) as number;

/**
 * Our versions of library functions. The present is when the event was received, also where
 * `$toMillis` fills in missing parts of a date. Functions that build a long text have a length
 * limit: they run in one step, which the time limit cannot stop, and an event may choose the
 * length. Parameters have plain names, because the library reads them from the source of a
 * partially applied function.
 */
function replacements(own: BuiltIns): Record<string, (this: Focus, ...parameters: unknown[]) => unknown> {
  return {
    millis() {
      return timeOf(this);
    },
    now(picture, zone) {
      return own.fromMillis.implementation.call(this, timeOf(this), picture, zone);
    },
    toMillis(text, picture) {
      const focus = { environment: { timestamp: new Date(timeOf(this)) } };
      return own.toMillis.implementation.call(focus, text, picture);
    },
    pad(text, width, filling) {
      checkLength('pad', Math.abs(Number(width)));
      return own.pad.implementation.call(this, text, width, filling);
    },
    join(texts, separator) {
      const between = typeof separator === 'string' ? separator.length : 0;
      if (Array.isArray(texts))
        checkLength(
          'join',
          texts.reduce((sum, text) => sum + String(text).length + between, 0),
        );
      return own.join.implementation.call(this, texts, separator);
    },
    async replace(text, pattern, replacement, limit) {
      const replaced = await own.replace.implementation.call(this, text, pattern, replacement, limit);
      if (typeof replaced === 'string') checkLength('replace', replaced.length);
      return replaced;
    },
  };
}

function checkLength(name: string, characters: number): void {
  if (characters > textCharactersMax)
    throw new Error(`$${name} would make ${characters} characters; at most ${textCharactersMax} are allowed`);
}

/** Finds in a parsed expression what it must not contain. */
function problemIn(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const { type, value, position } = node as { type?: unknown; value?: unknown; position?: number };
  const where = typeof position === 'number' ? ` at character ${position}` : '';
  if (type === 'regex')
    return `regular expressions are not allowed${where}: one can hang on a hostile text; use $contains, $substringBefore, $split with text`;
  if (type === 'variable' && typeof value === 'string' && forbidden.has(value)) {
    return `$${value} is not allowed${where}: ${forbidden.get(value)}`;
  }
  for (const inner of Object.values(node)) {
    const problem = Array.isArray(inner) ? firstProblem(inner) : problemIn(inner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function firstProblem(nodes: unknown[]): string | undefined {
  for (const node of nodes) {
    const problem = Array.isArray(node) ? firstProblem(node) : problemIn(node);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function outcomeOf(result: unknown): Outcome {
  // A result can hold functions, and lists with the library's own marks; JSON cannot hold either.
  const json = JSON.stringify(result, (_name, value: unknown) => (isFunction(value) ? undefined : value));
  if (json === undefined) return { kind: 'failed', error: 'the expression makes nothing; wanted a map' };
  if (json.length > resultCharactersMax) {
    return {
      kind: 'failed',
      error: `the expression makes ${json.length} characters; at most ${resultCharactersMax} are kept`,
    };
  }
  const value: unknown = JSON.parse(json);
  return isJsonObject(value)
    ? { kind: 'made', json }
    : { kind: 'failed', error: `the expression makes ${typeName(value)}; wanted a map` };
}

/** The library represents functions as maps, and one inside them holds the whole document. */
function isFunction(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.hasOwn(value, '_jsonata_lambda') || Object.hasOwn(value, '_jsonata_function'))
  );
}

/**
 * The library throws plain objects instead of errors. Their messages may quote the event, so they
 * are cut short.
 */
function messageOf(error: unknown): string {
  const { message, position } = error as { message?: unknown; position?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  const where = typeof position === 'number' && !/character \d+/.test(text) ? ` (at character ${position})` : '';
  const lengthMax = errorCharactersMax - where.length;
  return (text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text) + where;
}
