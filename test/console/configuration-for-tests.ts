import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import type { Checkout } from '../../shared/operations/configuration/checkout.ts';
import { fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import type { Environment } from '../../shared/operations/environment.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { configFolder } from '../support/config.ts';
import { createTable, localCredentials } from '../support/dynalite.ts';

/** Three environments with configurations of their own, and a checkout of the frozen files. */
export type TestCheckout = {
  environments: { development: Environment; staging: Environment; production: Environment };
  emulators: TestEnvironment;
  checkout: Checkout;
  /** Replaces text in a file of the checkout, as an editor does. */
  edit(file: string, from: string, to: string): void;
  write(file: string, text: string): void;
  read(file: string): string;
  setSecret(environment: string, name: string): void;
  stop(): Promise<void>;
};

export async function startCheckout(): Promise<TestCheckout> {
  const emulators = await startEnvironment();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-checkout-'));
  const directory = join(folder, 'config');
  cpSync(configFolder, directory, { recursive: true });
  const client = new SecretsManagerClient({ endpoint: emulators.secretServer.endpoint, ...localCredentials });
  const of = async (name: string, where: string): Promise<Environment> => {
    const table = `Configuration-${name}`;
    await createTable(emulators.tables.client, table, tableDefinitions.Configuration);
    const outputs = { ...emulators.outputs, Environment: name, ConfigurationTable: table };
    return {
      ...emulators,
      name,
      where,
      local: where === 'local',
      outputs: { ...outputs, SecretsPrefix: `signalbox/${name}`, GrantedTargets: 'none' },
      configuration: { client: emulators.tables.client, table },
      secrets: async () => client,
    };
  };
  const pathOf = (file: string) => join(directory, file);
  const environments = {
    development: await of('development', 'local'),
    staging: await of('staging', 'local'),
    production: await of('production', 'AWS eu-central-1'),
  };
  const read = (file: string) => readFileSync(pathOf(file), 'utf8');
  return {
    environments,
    emulators,
    checkout: { directory, bases: fileBasesAt(join(folder, 'state', 'file-bases.json')) },
    read,
    write: (file, text) => writeFileSync(pathOf(file), text),
    edit(file, from, to) {
      const text = read(file);
      if (!text.includes(from)) throw new Error(`${file} does not have ${from}`);
      writeFileSync(pathOf(file), text.replace(from, to));
    },
    setSecret: (environment, name) =>
      void emulators.secretServer.secrets.set(`signalbox/${environment}/${name}`, JSON.stringify({ values: ['s'] })),
    async stop() {
      client.destroy();
      await emulators.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
