import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type MetricHistory, openMetricHistory } from '../../infra/local/metric-history.ts';
import { startMetricsApi } from '../../infra/local/metrics-api.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { capabilities, capabilityOutputs } from '../../shared/operations/configuration/capabilities.ts';
import type { Environment, StackOutputs } from '../../shared/operations/environment.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import { localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { startQueues, type TestQueues } from '../support/fauxqs.ts';
import { startSecrets, type TestSecrets } from '../support/secrets-manager.ts';

/** An environment of emulators, with the adapters that the functions write with. */
export type TestEnvironment = Environment & {
  tables: TestTables;
  queueServer: TestQueues;
  secretServer: TestSecrets;
  /** What ingest counted, as CloudWatch would answer it. */
  history: MetricHistory;
  metricsEndpoint: string;
  eventLog: ReturnType<typeof makeEventLog>;
  actionLog: ReturnType<typeof makeActionLog>;
  runs: ReturnType<typeof makeWorkflowRuns>;
  directory: ReturnType<typeof makeDirectory>;
  /** Makes a configuration live; answers its version. */
  commit(configuration: LiveConfiguration): Promise<number>;
  stop(): Promise<void>;
};

const retentionDays = 30;

/** @param tablesPath a folder that keeps the tables; absent: they are in memory, and empty */
export async function startEnvironment(tablesPath?: string): Promise<TestEnvironment> {
  const history = openMetricHistory(undefined);
  const [tables, queueServer, secretServer, metricsApi] = await Promise.all([
    startTables(tablesPath),
    startQueues(),
    startSecrets(),
    startMetricsApi(history, localCredentials.credentials),
  ]);
  const metricsClient = new CloudWatchClient({ endpoint: metricsApi.endpoint, ...localCredentials });
  const { client, names } = tables;
  const outputs: StackOutputs = {
    Environment: 'development',
    IngestUrl: 'http://127.0.0.1:1',
    EventsQueueUrl: queueServer.create('events'),
    ActionsQueueUrl: queueServer.create('actions'),
    EventsDeadLetterQueueUrl: queueServer.create('events-dlq'),
    ActionsDeadLetterQueueUrl: queueServer.create('actions-dlq'),
    ClaimsTable: names.Claims,
    EventLogTable: names.EventLog,
    ActionLogTable: names.ActionLog,
    WorkflowRunsTable: names.WorkflowRuns,
    DirectoryTable: names.Directory,
    ConfigurationTable: names.Configuration,
    SecretsPrefix: 'signalbox/development',
    LogShards: 1,
    LogRetentionDays: retentionDays,
    ...capabilityOutputs(capabilities),
  };
  secretServer.secrets.set('signalbox/development/ingest', JSON.stringify({ current: 'ingest-key' }));
  const configuration = { client, table: names.Configuration };
  return {
    name: 'development',
    where: 'local',
    local: true,
    outputs,
    documents: client,
    configuration,
    queues: async () => queueServer.client,
    secrets: async () => {
      throw new Error('not used by these tests');
    },
    metrics: async () => metricsClient,
    tables,
    queueServer,
    secretServer,
    history,
    metricsEndpoint: metricsApi.endpoint,
    eventLog: makeEventLog({ client, table: names.EventLog, retentionDays, usersIndex: true }),
    actionLog: makeActionLog({ client, table: names.ActionLog, retentionDays }),
    runs: makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays }),
    directory: makeDirectory(client, names.Directory),
    async commit({ snapshot, state }) {
      const hash = await writeSnapshot(configuration, snapshot);
      const change = {
        kind: 'commit',
        author: 'test',
        message: 'test',
        createdAtMs: Date.now(),
        snapshot: hash,
        state,
      } as const;
      return (await goLive(configuration, await readCurrent(configuration), change)).version;
    },
    async stop() {
      metricsClient.destroy();
      await Promise.all([tables.stop(), queueServer.stop(), secretServer.stop(), metricsApi.stop()]);
    },
  };
}
