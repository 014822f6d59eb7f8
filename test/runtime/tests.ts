import { test } from '@jest/globals';
import { makeControlGroup } from './control-group.ts';
import { findLambdaClient, type LambdaClient } from './lambda-client.ts';

const found = findLambdaClient();
const probe = makeControlGroup(128);
if (!('why' in probe)) probe.remove();

/** Only for tests that `testWithClient` runs. */
export const client = (found.kind === 'found' ? found.client : undefined) as LambdaClient;

/** A test that needs Lambda's runtime client; where that is missing it is skipped, and its title says why. */
export const testWithClient = found.kind === 'found' ? test : skippedBecause(found.why);

/** One that also needs a processor and a memory that can be limited. */
export const testLimited = found.kind === 'found' && 'why' in probe ? skippedBecause(probe.why) : testWithClient;

function skippedBecause(why: string): typeof test {
  return ((title: string, run: () => void) => test.skip(`${title} (not run: ${why})`, run)) as typeof test;
}
