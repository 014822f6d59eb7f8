import type { Breaker } from '../core/targets/breaker.ts';

/** Breakers that all processes of an environment share. */
export interface TargetBreakers {
  /**
   * Consistently read; undefined when it never opened, or has been closed for long.
   * @throws RetryableError when the table is throttled or away
   */
  read(workflow: string): Promise<Breaker | undefined>;
  /**
   * Writes `next` if the breaker still has the revision before it.
   * @returns false when another function has written
   * @throws RetryableError when the table is throttled or away
   */
  writeIfUnchanged(workflow: string, next: Breaker): Promise<boolean>;
}
