/**
 * What a workflow's limits still allow, shared by all processes of an environment. Times are epoch
 * milliseconds. All methods throw RetryableError when the table is throttled or unavailable.
 */
export interface RunLimits {
  /**
   * Takes tokens, if that many are there: in any second at most a second's worth more than the rate.
   * @param isNew false for runs that waited for their turn; new ones do not overtake these
   * @returns the tokens that there were instead, if not
   */
  takeTokens(
    workflow: string,
    wish: { count: number; perSecond: number; isNew: boolean; nowMs: number },
  ): Promise<{ taken: true } | { taken: false; left: number }>;
  /** Takes the next places in the line of runs that wait: when the first of them has its turn. */
  takePlaces(workflow: string, wish: { count: number; perSecond: number; nowMs: number }): Promise<number>;
  /** Takes permits for calls, as many as there are and at most `count`. They end by themselves at `untilMs`. */
  takePermits(
    workflow: string,
    wish: { lease: string; count: number; max: number; untilMs: number; nowMs: number },
  ): Promise<number>;
  /** All of one lease, once its calls have ended. */
  givePermitsBack(workflow: string, lease: string): Promise<void>;
}
