import { describeType, isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';

/** A call's id: text or a number, which the answer repeats. */
export type RpcId = string | number | null;

/** Where something is wrong, and what, in words for the person at the vendor's form. */
export type RpcProblem = { path: string; message: string };

/** https://www.jsonrpc.org/specification#error_object */
export type RpcError = { code: -32600 | -32601 | -32602 | -32000; message: string; data?: RpcProblem[] };

export type RpcCall =
  | { kind: 'call'; id: RpcId; method: string; params: JsonObject }
  /** A call without an id: its sender wants no answer, so nothing is done. */
  | { kind: 'notification' }
  | { kind: 'refused'; id: RpcId; error: RpcError };

/**
 * Reads the envelope of a JSON-RPC 2.0 call. Absent or null `params` are an empty map. Lists of calls
 * are refused: no vendor sends them.
 */
export function readRpcCall(body: JsonValue | undefined): RpcCall {
  if (!isJsonObject(body)) return refused(null, -32600, `the body must be one call, a map, not ${describeType(body)}`);
  const { jsonrpc, method, params } = body;
  const id = body.id ?? null;
  if (id !== null && typeof id !== 'string' && typeof id !== 'number')
    return refused(null, -32600, `id must be text or a number, not ${describeType(id)}`);
  if (jsonrpc !== '2.0') return refused(id, -32600, 'jsonrpc must be "2.0"');
  if (typeof method !== 'string') return refused(id, -32600, `method must be text, not ${describeType(method)}`);
  if (!Object.hasOwn(body, 'id')) return { kind: 'notification' };
  if (params !== undefined && params !== null && !isJsonObject(params))
    return { kind: 'refused', id, error: wrongParams([{ path: 'params', message: mustBeMap(params) }]) };
  return { kind: 'call', id, method, params: params ?? {} };
}

function mustBeMap(value: JsonValue): string {
  return `must be a map, not ${describeType(value)}`;
}

function refused(id: RpcId, code: RpcError['code'], message: string): RpcCall {
  return { kind: 'refused', id, error: { code, message } };
}

export function unknownMethod(method: string, known: Iterable<string>): RpcError {
  return { code: -32601, message: `there is no method ${method}; there are: ${[...known].join(', ')}` };
}

/** The message repeats the first problem, since that is what vendors show. */
export function wrongParams(problems: [RpcProblem, ...RpcProblem[]]): RpcError {
  const [{ path, message }, ...others] = problems;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return { code: -32602, message: `${path} ${message}${more}`, data: problems };
}
