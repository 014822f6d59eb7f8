import { join } from 'node:path';
import { pushLocalConfiguration } from '../../infra/local/configuration.ts';

/**
 * Configuration files that tests read: what infra/config ships, frozen. People change infra/config as the README tells them to,
 * so no test may count on what is in it. One test checks that it is valid: test/infra/config.test.ts.
 */
export const configFolder = join(import.meta.dirname, '../fixtures/config');

/** For `startRuntime`: makes the frozen files live. */
export const configure: typeof pushLocalConfiguration = (environment, running) =>
  pushLocalConfiguration(environment, running, configFolder);
