import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../../shared/operations/configuration/files/configuration-files.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { addSuggestion } from '../../../shared/operations/mappings/add-suggestion.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startCheckout, type TestCheckout } from '../../console/configuration-for-tests.ts';
import { trackEvent } from '../../support/build.ts';

let world: TestCheckout;
let environment: Environment;
let directory: string;

beforeAll(async () => {
  world = await startCheckout();
  environment = world.environments.development;
  ({ directory } = world.checkout);
  const { snapshot } = readConfigurationFiles(directory);
  const about = { seed: undefined, author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { ...about, snapshot });
  const body = trackEvent({ event: 'plan_changed', properties: { plan: 'pro' } });
  await world.emulators.eventLog.writeEach([eventEntry({ body, eventType: 'track/plan_changed', key: 'm-1' })]);
});
afterAll(() => world.stop());

const request = { source: 'rudderstack', type: 'track/plan_changed' };
const file = 'sources/rudderstack.yaml';
const mappings = () => readConfigurationFiles(directory).snapshot.sources.rudderstack?.mappings ?? [];
const errors = () => readConfigurationFiles(directory).problems.filter(({ severity }) => severity === 'error');

test('a suggestion goes to the end of its file, beside comments that stay, with the workflow that it starts', async () => {
  const before = world.read(file);
  const { id, files } = await addSuggestion(environment, directory, request);
  expect(files).toEqual([join(directory, file), join(directory, 'workflows', `${id}.yaml`)]);
  expect(mappings().at(-1)).toMatchObject({ id, event: 'track/plan_changed', action: 'workflows_trigger' });
  for (const line of before.split('\n').filter((one) => one.trim().startsWith('#')))
    expect(world.read(file)).toContain(line);
  expect(errors()).toEqual([]);
});

test('a second one takes an id of its own, since the file has the first', async () => {
  const { id, files } = await addSuggestion(environment, directory, { ...request, action: 'users_identify' });
  expect(id).toMatch(/-2$/);
  expect(files).toEqual([join(directory, file)]);
  expect(errors()).toEqual([]);
});

test('nothing is written while another file has errors, nor for a type that never came', async () => {
  await expect(addSuggestion(environment, directory, { ...request, type: 'track/never' })).rejects.toThrow(
    'no event of type "track/never" is stored',
  );
  const before = world.read(file);
  world.edit(file, 'kind: rudderstack', 'kind: ruddrstack');
  const broken = world.read(file);
  await expect(addSuggestion(environment, directory, { ...request, action: 'users_identify' })).rejects.toThrow();
  expect(world.read(file)).toBe(broken);
  world.edit(file, 'kind: ruddrstack', 'kind: rudderstack');
  expect(world.read(file)).toBe(before);
  expect(existsSync(join(directory, 'workflows', 'plan-changed-3.yaml'))).toBe(false);
});
