import type { JsonObject } from '../../json/values.ts';
import type { FieldProblem } from '../source.ts';

/**
 * The refusal for a vendor that calls methods at the URL for rows: calls have an address of their own,
 * and another function answers them.
 */
export function rpcProblem(body: JsonObject): FieldProblem | undefined {
  if (!Object.hasOwn(body, 'jsonrpc')) return undefined;
  return {
    field: 'jsonrpc',
    got: 'a method call',
    wanted: 'rows; add /rpc to the end of the URL for calls',
  };
}
