import type { Breaker } from '../core/targets/breaker.ts';

/** Breakers that all processes of an environment share. */
export interface TargetBreakers {
  /**
   * Reads consistently; undefined when the breaker never opened, or was closed long ago.
   * @throws RetryableError when the table is throttled or unavailable
   */
  read(workflow: string): Promise<Breaker | undefined>;
  /**
   * Writes `next` if the breaker still has the revision before it.
   * @returns false when another function has written
   * @throws RetryableError when the table is throttled or unavailable
   */
  writeIfUnchanged(workflow: string, next: Breaker): Promise<boolean>;
}
