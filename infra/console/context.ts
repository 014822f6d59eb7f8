import type { Environment } from '../../shared/operations/environment.ts';
import type { RunningJobs } from './jobs.ts';

/** What a console was started with. */
export type ConsoleContext = {
  readOnly: boolean;
  /** Recorded with what the page changes. */
  author: string;
  jobs: RunningJobs;
};

/** What each route finds in `c.var`. */
export type ConsoleEnv = { Variables: { environment: Environment; context: ConsoleContext } };
