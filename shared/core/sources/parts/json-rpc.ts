import type { JsonObject } from '../../json/values.ts';
import type { FieldProblem } from '../source.ts';

/** What a reverse ETL that calls methods of ours, instead of posting rows, is told: no answer of ours would be one of theirs. */
export function rpcProblem(body: JsonObject): FieldProblem | undefined {
  if (!Object.hasOwn(body, 'jsonrpc')) return undefined;
  return {
    field: 'jsonrpc',
    got: 'a JSON-RPC call of a custom destination',
    wanted: 'rows; use a destination of type HTTP Request',
  };
}
