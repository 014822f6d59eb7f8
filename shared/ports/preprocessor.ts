import type { JsonObject } from '../core/json/values.ts';

/** What a source's expression made of an event, and how long that took. */
export type Preprocessed = { ms: number } & ({ kind: 'made'; values: JsonObject } | { kind: 'failed'; error: string });

/** Runs the expressions that sources' files give for what no path can say. */
export interface Preprocessor {
  /**
   * Never throws: an expression that fails, takes too long or makes no map is `failed`, and the event goes on without it.
   * The same expression, document and time always make the same.
   *
   * @param receivedAtMs what the expression takes for the present
   */
  run(expression: string, document: object, receivedAtMs: number): Promise<Preprocessed>;
}
