import { setTimeout as sleep } from 'node:timers/promises';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonMap = { [name: string]: Json };

/** How a vendor reaches a destination. */
export type Connection = {
  url: string;
  headers?: Record<string, string>;
  /** Default: the network. */
  fetch?: typeof fetch;
  /** Between attempts; default: real time. */
  wait?(ms: number): Promise<unknown>;
};

/** The destination answered, and said no: repeating the call does not help. */
export class MethodRefused extends Error {
  override name = 'MethodRefused';
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message} (${code})`);
    this.code = code;
  }
}

const attemptsMax = 8;

/**
 * Calls methods by JSON-RPC 2.0 as a vendor's client does: one map per POST, an id that the answer must
 * repeat, and another attempt after 429, 5xx and broken connections.
 */
export function makeMethodCaller({ url, headers = {}, fetch: send = fetch, wait = sleep }: Connection) {
  let calls = 0;
  const told: { requestsPerSecond?: number } = {};

  async function call(method: string, params: JsonMap): Promise<JsonMap | null> {
    const id = `${method}-${++calls}`;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    for (let attempt = 1; ; attempt++) {
      const response = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      }).catch((error: Error) => error);
      const mayPass = response instanceof Error || response.status === 429 || response.status >= 500;
      if (mayPass && attempt < attemptsMax) {
        await wait(retryAfterMs(response) ?? 50 * 2 ** attempt);
        continue;
      }
      if (response instanceof Error) throw response;
      const limit = response.headers.get('x-ratelimit-limit');
      if (limit !== null) told.requestsPerSecond = Number(limit);
      return resultOf(method, id, response.status, await response.text());
    }
  }

  return { call, told };
}

function retryAfterMs(response: Response | Error): number | undefined {
  const seconds = response instanceof Error ? null : response.headers.get('retry-after');
  return seconds === null ? undefined : Number(seconds) * 1000;
}

/** @throws MethodRefused for an `error`; Error for what is no answer of the protocol */
function resultOf(method: string, id: string, status: number, text: string): JsonMap | null {
  if (status !== 200) throw new Error(`${method}: answered ${status}: ${text}`);
  const answer = JSON.parse(text) as { jsonrpc?: Json; id?: Json; result?: JsonMap | null; error?: JsonMap };
  if (answer.jsonrpc !== '2.0' || answer.id !== id)
    throw new Error(`${method}: the answer is not of JSON-RPC 2.0, or to another call: ${text}`);
  const { result, error } = answer;
  if ((result === undefined) === (error === undefined))
    throw new Error(`${method}: the answer must have either a result or an error: ${text}`);
  if (error !== undefined) throw new MethodRefused(method, Number(error.code), String(error.message));
  return result as JsonMap | null;
}
