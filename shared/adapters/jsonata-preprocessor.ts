import type { Expression, JsonataOptions } from 'jsonata';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { typeName } from '../core/sources/source.ts';
import type { Preprocessed, Preprocessor } from '../ports/preprocessor.ts';

/** How long one event may keep an expression busy. */
export const expressionTimeMaxMs = 500;
/** How deep functions of an expression may call each other. */
const stackMax = 200;
/** The most values that a step of an expression may make. */
const sequenceMax = 100_000;
/** The most characters, as JSON, of what an expression makes. */
const resultCharactersMax = 256 * 1024;

const limits: JsonataOptions = { timeout: expressionTimeMaxMs, stack: stackMax, sequence: sequenceMax };

/**
 * Functions that an expression may not use, and why: `eval` would make code of what a sender sent, and what differs from
 * call to call would make a redelivery or a replay another event.
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
    compile(jsonata, text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Runs JSONata (https://docs.jsonata.org) within limits of time, depth and size. The library is loaded when the first
 * expression is run, so that functions whose sources have none never load it.
 */
export function makePreprocessor(nowMs: () => number): Preprocessor {
  const compiled = new Map<string, Promise<Expression>>();
  return {
    async run(text, document, receivedAtMs) {
      const startedAtMs = nowMs();
      const outcome = (
        made: { kind: 'made'; values: JsonObject } | { kind: 'failed'; error: string },
      ): Preprocessed => ({
        ms: Math.max(0, Math.round((nowMs() - startedAtMs) * 10) / 10),
        ...made,
      });
      let expression = compiled.get(text);
      if (expression === undefined) {
        expression = import('jsonata').then(({ default: jsonata }) => compile(jsonata, text));
        compiled.set(text, expression);
      }
      try {
        return outcome(valuesOf(await (await expression).evaluate(document, clockAt(receivedAtMs))));
      } catch (error) {
        return outcome({ kind: 'failed', error: messageOf(error) });
      }
    },
  };
}

function compile(jsonata: Jsonata, text: string): Expression {
  const expression = jsonata(text, limits);
  const problem = problemIn(expression.ast());
  if (problem !== undefined) throw new Error(problem);
  for (const name of forbidden.keys()) {
    expression.registerFunction(name, () => {
      throw new Error(`$${name} is not allowed: ${forbidden.get(name)}`);
    });
  }
  return expression;
}

/** Of an expression that was parsed, what must not be in it. */
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

/** The present, as an expression sees it: when the event was received. */
function clockAt(receivedAtMs: number): Record<string, unknown> {
  return { millis: () => receivedAtMs, now: () => new Date(receivedAtMs).toISOString() };
}

function valuesOf(result: unknown): { kind: 'made'; values: JsonObject } | { kind: 'failed'; error: string } {
  // What an expression makes can hold functions, and lists that carry marks of the library's own; JSON holds neither.
  const text = JSON.stringify(result);
  if (text === undefined) return { kind: 'failed', error: 'the expression makes nothing; wanted a map' };
  if (text.length > resultCharactersMax) {
    return {
      kind: 'failed',
      error: `the expression makes ${text.length} characters; at most ${resultCharactersMax} are kept`,
    };
  }
  const values: unknown = JSON.parse(text);
  return isJsonObject(values)
    ? { kind: 'made', values }
    : { kind: 'failed', error: `the expression makes ${typeName(values)}; wanted a map` };
}

/** The library throws objects that are no errors; their messages may quote the event, so that they are cut short. */
function messageOf(error: unknown): string {
  const { message, position } = error as { message?: unknown; position?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  const short = text.length > 300 ? `${text.slice(0, 299)}…` : text;
  return typeof position === 'number' && !/character/.test(short) ? `${short} (at character ${position})` : short;
}
