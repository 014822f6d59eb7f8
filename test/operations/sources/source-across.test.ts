import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { failure } from '../../../shared/operations/refusal.ts';
import { sourceAcross } from '../../../shared/operations/sources/source-across.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

let environments: TestEnvironment[];
beforeAll(async () => {
  environments = await Promise.all([startEnvironment(), startEnvironment()]);
  const [development] = environments as [TestEnvironment];
  for (const { secretServer } of environments)
    secretServer.secrets.set('signalbox/development/ingest', JSON.stringify({ current: 'ingest-key' }));
  await development.commit(liveConfiguration({ file: { mappings: [] } }));
});
afterAll(() => Promise.all(environments.map((environment) => environment.stop())));

test('a source is shown in every environment, also where it is not and where nothing answers', async () => {
  const [development, staging] = environments as [TestEnvironment, TestEnvironment];
  const refusal = failure('no stack', 'deploy it');
  const rows = await sourceAcross(
    [
      { name: 'development', environment: development },
      { name: 'staging', environment: staging },
      { name: 'production', refusal },
    ],
    'rudderstack',
  );
  expect(rows).toEqual([
    { environment: 'development', kind: 'there', row: expect.objectContaining({ key: 'rudderstack', enabled: true }) },
    { environment: 'staging', kind: 'absent' },
    { environment: 'production', kind: 'unreachable', message: 'no stack', remedies: ['deploy it'] },
  ]);
});
