import type { EnvironmentState, Snapshot } from '../core/configuration/schema.ts';
import type { ErasedPersons } from '../core/ids/erased-persons.ts';

/**
 * One consistent state of an environment's configuration. `version` grows by one with every commit
 * and state change.
 */
export type LiveConfiguration = {
  version: number;
  snapshot: Snapshot;
  state: EnvironmentState;
  /** The snapshot is empty because no content was ever committed in this environment. */
  uncommitted?: true;
  /** Absent while no person was erased; `ingest` and tools do not ask for it. */
  erased?: ErasedPersons;
};

export interface ConfigurationSource {
  /**
   * The configuration now in force, at most about 15 s old while the table answers.
   * @throws RetryableError when none was ever read; after that a failure returns the last good one
   */
  current(): Promise<LiveConfiguration>;
  /**
   * Reads again at once, at most every few seconds per process: before a request is refused for an
   * unknown source or URL.
   */
  reload(): Promise<LiveConfiguration>;
}
