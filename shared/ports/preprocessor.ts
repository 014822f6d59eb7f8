import type { JsonObject } from '../core/json/values.ts';

/** What a source's expression made of an event, and how long that took. */
export type Preprocessed = { ms: number } & ({ kind: 'made'; values: JsonObject } | { kind: 'failed'; error: string });

/** Runs the expressions in sources' files, which compute what a path cannot reach. */
export interface Preprocessor {
  /**
   * An expression is `failed` when it throws, takes too much time or memory, or does not return a
   * map. The event then goes on without its values. The same expression, document and time always
   * give the same result.
   * @param receivedAtMs the present, as the expression sees it
   * @throws RetryableError when no expression can run at the moment
   */
  run(expression: string, document: object, receivedAtMs: number): Promise<Preprocessed>;
}
