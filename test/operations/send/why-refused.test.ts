import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSecretStore, type SecretStore } from '../../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../../infra/local/secrets-api.ts';
import { SourceState } from '../../../shared/core/configuration/schema.ts';
import { capabilities, capabilityOutputs } from '../../../shared/operations/configuration/capabilities.ts';
import { whyRefused } from '../../../shared/operations/send/why-refused.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';
import { localCredentials } from '../../support/dynalite.ts';

let environment: TestEnvironment;
let store: SecretStore;
let api: Awaited<ReturnType<typeof startSecretsApi>>;
beforeAll(async () => {
  store = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  api = await startSecretsApi(store, localCredentials.credentials);
  const started = await startEnvironment();
  const client = new SecretsManagerClient({ endpoint: api.endpoint, ...localCredentials });
  environment = { ...started, secrets: async () => client };
  const live = liveConfiguration();
  const { rudderstack } = live.snapshot.sources;
  if (rudderstack === undefined) throw new Error('the configuration of tests has no source rudderstack');
  live.snapshot.sources = { rudderstack, stripe: { ...rudderstack, kind: 'stripe', mappings: [] } };
  live.state.sources.stripe = SourceState.parse({});
  await environment.commit(live);
});
afterAll(() => Promise.all([environment.stop(), api.stop()]));

describe('why every request of a source is answered 503', () => {
  test('a secret that must be there is not: the command that sets it', async () => {
    const [reason] = await whyRefused(environment, 'stripe');
    expect(reason).toContain('npx signalbox secrets set stripe');
  });

  test('functions that do not know a kind are named, with the step that replaces them', async () => {
    store.create('signalbox/development/sources/stripe', JSON.stringify({ values: ['whsec_x'] }));
    const known = capabilityOutputs({ ...capabilities, kinds: ['rudderstack'] });
    const older = { ...environment, outputs: { ...environment.outputs, ...known } };
    const reasons = await whyRefused(older, 'stripe');
    expect(reasons).toEqual(['the running functions do not know kind "stripe"; start it again: npm start']);
  });

  test('a source that is not live is told so', async () => {
    expect(await whyRefused(environment, 'clerk')).toEqual([expect.stringContaining('"clerk" is not live')]);
  });

  test('nothing is made up where nothing is wrong', async () => {
    expect(await whyRefused(environment, 'stripe')).toEqual([]);
    expect(await whyRefused(environment, 'rudderstack')).toEqual([]);
  });
});
