/** Secrets are cached for about 5 minutes; their values never reach logs, errors or templates. */
export interface Secrets {
  /**
   * The active values of a secret, newest first; undefined when no such secret exists.
   * @throws RetryableError when the store cannot be read and the cache is too old: values serve for
   * an hour, an absence for 30 seconds
   */
  valuesOf(name: string): Promise<string[] | undefined>;
  /**
   * Reads again before refusing a signature, at most once per 30 s and secret; else answers like
   * `valuesOf`.
   */
  refresh(name: string): Promise<string[] | undefined>;
}
