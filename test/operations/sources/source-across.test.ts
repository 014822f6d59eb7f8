import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { failure } from '../../../shared/operations/refusal.ts';
import { sourceAcross } from '../../../shared/operations/sources/source-across.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';
import { localCredentials } from '../../support/dynalite.ts';

let environments: TestEnvironment[];

/** With its store of secrets, which the other tests of operations do without. */
const withSecrets = (environment: TestEnvironment): TestEnvironment => ({
  ...environment,
  secrets: async () => new SecretsManagerClient({ endpoint: environment.secretServer.endpoint, ...localCredentials }),
});

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
      { name: 'development', environment: withSecrets(development) },
      { name: 'staging', environment: withSecrets(staging) },
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
