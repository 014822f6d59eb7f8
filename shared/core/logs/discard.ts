/** The mark of a discard whose words may name a person who was erased. */
export function withoutWords<Status extends string>(discard: Discard<Status>): Discard<Status> {
  return { ...discard, reason: '[erased]' };
}

/** An operator's mark on a failure that is closed without a repair. A replay takes it away. */
export type Discard<Status extends string> = {
  /** The status before. */
  was: Status;
  by: string;
  atMs: number;
  /** In the operator's words. */
  reason: string;
};
