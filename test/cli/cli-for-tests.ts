import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecretStore, type SecretStore } from '../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../infra/local/secrets-api.ts';
import type { ConfigurationTable } from '../../shared/adapters/dynamodb-configuration-table.ts';
import type { Snapshot } from '../../shared/core/configuration/schema.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { type CliEnded, startWarmCli } from '../support/warm-cli.ts';

export type CliAnswer = CliEnded;

/** The CLI in a process of its own, on an environment of tables and secrets that looks like a local runtime's. */
export type TestCli = {
  tables: TestTables;
  table: ConfigurationTable;
  secrets: SecretStore;
  secretsEndpoint: string;
  /** @param env variables of this command alone */
  signalbox(args: string[], input?: string, env?: Record<string, string>): Promise<CliAnswer>;
  stop(): Promise<void>;
};

/**
 * @param snapshot what is live at first
 * @param moreOutputs of the stack, besides those that every stack has
 */
export async function startCli(snapshot: Snapshot, moreOutputs: Record<string, string> = {}): Promise<TestCli> {
  const tables = await startTables();
  const secrets = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  secrets.create('signalbox/development/ingest', JSON.stringify({ current: 'ingest-key' }));
  const secretsApi = await startSecretsApi(secrets, localCredentials.credentials);
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-cli-'));
  const file = join(directory, 'runtime.json');
  const queue = 'http://127.0.0.1:9/000000000000/q';
  const outputs = {
    Environment: 'development',
    IngestUrl: 'http://127.0.0.1:9',
    EventsQueueUrl: queue,
    ActionsQueueUrl: queue,
    EventsDeadLetterQueueUrl: queue,
    ActionsDeadLetterQueueUrl: queue,
    ...Object.fromEntries(Object.keys(tables.names).map((name) => [`${name}Table`, name])),
    SecretsPrefix: 'signalbox/development',
    LogShards: '1',
    LogRetentionDays: '14',
    ...moreOutputs,
  };
  const endpoints = {
    dynamodb: tables.endpoint,
    sqs: 'http://127.0.0.1:9',
    secretsmanager: secretsApi.endpoint,
    cloudwatch: 'http://127.0.0.1:9',
  };
  const environments = { development: { ...localCredentials, endpoints, outputs } };
  writeFileSync(file, JSON.stringify({ pid: process.pid, started_at: '2026-11-21T00:00:00Z', environments }));
  const table = { client: tables.client, table: tables.names.Configuration };
  await pushAndCommit(table, { snapshot, seed: undefined, author: 'a', message: 'm', nowMs: 0 });
  const cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: file });
  return {
    tables,
    table,
    secrets,
    secretsEndpoint: secretsApi.endpoint,
    signalbox: (args, input, env) =>
      cli.run(args, { ...(input !== undefined && { input }), ...(env !== undefined && { env }) }),
    async stop() {
      cli.stop();
      await Promise.all([tables.stop(), secretsApi.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
