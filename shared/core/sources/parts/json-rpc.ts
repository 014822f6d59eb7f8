import type { JsonObject } from '../../json/values.ts';
import type { FieldProblem } from '../source.ts';

/**
 * The refusal for a reverse ETL that calls methods instead of posting rows: we cannot answer in its
 * protocol.
 */
export function rpcProblem(body: JsonObject): FieldProblem | undefined {
  if (!Object.hasOwn(body, 'jsonrpc')) return undefined;
  return {
    field: 'jsonrpc',
    got: 'a JSON-RPC call of a custom destination',
    wanted: 'rows; use a destination of type HTTP Request',
  };
}
