/** A trigger whose runs are held: one action of one execution. */
export type HeldTrigger = {
  workflow: string;
  execution: string;
  /** The id of its invocation. */
  action: string;
  /** The hold that keeps it: when that began. */
  since: string;
  runs: number;
  /** When its row ages out, and with it what a release needs. */
  expiresAtSeconds: number;
};

export type HeldTriggerKey = Pick<HeldTrigger, 'workflow' | 'execution' | 'action'>;

/** All methods throw RetryableError when a table is throttled or unavailable. */
export interface WorkflowHolds {
  /**
   * Notes a trigger, and then reads consistently whether the hold is still on. A release ends the
   * hold first and then looks for triggers, so whichever comes second finds the other.
   * @returns false when the hold is over: then nothing is noted, and the runs may begin
   */
  note(trigger: HeldTrigger, nowMs: number): Promise<boolean>;
  /** Some of its runs were cancelled; `isOver`: none is left, and it is held no more. */
  noteCancelled(trigger: HeldTriggerKey, runs: number, isOver: boolean): Promise<void>;
}
