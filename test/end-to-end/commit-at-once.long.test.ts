import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { eventLogOf, readEvent } from '../../shared/operations/events/events.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { trackEvent } from '../support/build.ts';
import { configFolder, configure } from '../support/config.ts';

/* On this machine the very next event runs by what was committed, on the stack as `npm start` runs it. */

let runtime: Runtime;
let local: RuntimeEnvironment;
let environment: Environment;

beforeAll(async () => {
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  local = runtime.environments.development as RuntimeEnvironment;
  const { region, credentials, endpoints, outputs } = local;
  const config = { region, credentials };
  environment = openEnvironment('development', 'local', StackOutputs.parse(outputs), config, endpoints);
});
afterAll(async () => {
  environment?.documents.destroy();
  await runtime?.stop();
});

test('an event that is sent right after a commit is processed by it, every time', async () => {
  const { snapshot } = readConfigurationFiles(configFolder);
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the test configuration has no source rudderstack');
  const url = local.configuration.sources.find(({ key }) => key === 'rudderstack')?.ingestUrl ?? '';
  const committed: number[] = [];
  const processedBy: (number | undefined)[] = [];
  for (let i = 0; i < 6; i++) {
    rudderstack.name = `RudderStack ${i}`;
    const asked = { author: 'Ben', message: 'test', nowMs: Date.now() };
    await pushAndCommit(environment.configuration, { snapshot, seed: undefined, ...asked });
    const body = JSON.stringify(trackEvent({ messageId: `m-${i}` }));
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { ids } = (await response.json()) as { ids: string[] };
    committed.push(local.configuration.version + i + 1);
    processedBy.push(await versionOf(ids[0] ?? ''));
  }
  expect(processedBy).toEqual(committed);
});

/** The version that the event's row names, which comes soon after the answer. */
async function versionOf(id: string): Promise<number | undefined> {
  const { known } = await readSources(environment);
  for (let i = 0; i < 400; i++) {
    const row = await readEvent(eventLogOf(environment), id, known);
    if (row !== undefined) return row.configVersion;
    await sleep(50);
  }
  return undefined;
}
