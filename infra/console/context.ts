import type { Checkout } from '../../shared/operations/configuration/checkout.ts';
import type { PromotionOrder } from '../../shared/operations/configuration/promotion-order.ts';
import type { Environment } from '../../shared/operations/environment.ts';
import type { OpenEnvironments } from './environments.ts';
import type { RunningJobs } from './jobs.ts';
import type { PageFiles } from './page-files.ts';

/** What a console was started with. */
export type ConsoleContext = {
  readOnly: boolean;
  /** Recorded with what the page changes. */
  author: string;
  jobs: RunningJobs;
  /** The configuration files that the page reads and writes; undefined when the console was given none. */
  checkout: Checkout | undefined;
  /** Notes in which state the page leaves these files. */
  pageFiles: PageFiles | undefined;
  /** In which environments content is committed, and to which it is promoted. */
  order: PromotionOrder;
  /** All of them, for what concerns two. */
  environments: OpenEnvironments;
};

/** What each route finds in `c.var`. */
export type ConsoleEnv = { Variables: { environment: Environment; context: ConsoleContext } };
