import type { JsonObject } from '../core/json/values.ts';

/** What a source's expression made of an event, and how long that took. */
export type Preprocessed = { ms: number } & ({ kind: 'made'; values: JsonObject } | { kind: 'failed'; error: string });

/** Runs the expressions that sources' files give for what no path can say. */
export interface Preprocessor {
  /**
   * An expression that fails, takes too long or too much memory, or makes no map is `failed`: the event goes on without what
   * it would have made. The same expression, document and time always make the same.
   *
   * @param receivedAtMs what the expression takes for the present
   * @throws RetryableError when expressions cannot be run at the moment, which is no fault of this one
   */
  run(expression: string, document: object, receivedAtMs: number): Promise<Preprocessed>;
}
