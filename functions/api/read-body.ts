import { readBody } from '../../shared/core/ingest/read-body.ts';
import { depthMax, valuesMax } from '../../shared/core/ingest/split-events.ts';
import { jsonProblem } from '../../shared/core/json/json-problem.ts';
import { scanChildren, skipSpace } from '../../shared/core/json/scanner.ts';
import { type JsonValue, parseJson } from '../../shared/core/json/values.ts';
import type { Refused } from './answer.ts';

/** `value` is undefined when there is no body. */
export type ReadBody = { kind: 'read'; text: string; value: JsonValue | undefined };

/**
 * The body's JSON. Anything but JSON of a bearable size and depth is refused, with the place where
 * it stops being JSON: templates of reverse-ETL tools break on quotes and commas.
 */
export function readJsonBody(rawBody: Uint8Array, contentEncoding: string | undefined): ReadBody | Refused {
  if (rawBody.length === 0) return { kind: 'read', text: '', value: undefined };
  const body = readBody(rawBody, contentEncoding);
  if (body.kind === 'refused') {
    if (body.reason === 'body_too_large') return tooLarge(body.detail);
    if (body.reason === 'encoding_unsupported')
      return { kind: 'refused', status: 415, code: 'encoding_unsupported', message: body.detail };
    return notJson(body.detail);
  }
  return readJsonText(body.text, 'the body');
}

/** @param what names the text in refusals */
export function readJsonText(text: string, what: string): ReadBody | Refused {
  const open = skipSpace(text, 0);
  if (open === text.length) return { kind: 'read', text: '', value: undefined };
  if (text[open] === '{' || text[open] === '[') {
    const scan = scanChildren(text, open, { depthMax, childrenMax: 0 });
    if (scan.kind === 'too_deep') return notJson(`${what} nests deeper than ${depthMax} levels; flatten it`);
    if (scan.values > valuesMax) return tooLarge(`${what} holds more than ${valuesMax} values; send it in parts`);
  }
  try {
    return { kind: 'read', text, value: parseJson(text) };
  } catch (error) {
    const problem = jsonProblem(text);
    if (problem === undefined) return notJson(`${what} is not JSON: ${(error as Error).message}`);
    const { line, column, expected } = problem;
    return notJson(`${what} is not JSON: line ${line}, column ${column} should be ${expected}`);
  }
}

function notJson(message: string): Refused {
  return { kind: 'refused', status: 400, code: 'invalid_json', message };
}

function tooLarge(message: string): Refused {
  return { kind: 'refused', status: 413, code: 'payload_too_large', message };
}
