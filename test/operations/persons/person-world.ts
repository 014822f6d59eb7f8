import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { processBatch } from '../../../functions/processor/process-batch.ts';
import { runActions, type WorkflowTriggerDeps } from '../../../functions/workflow-trigger/run-actions.ts';
import { makeAudiences } from '../../../shared/adapters/dynamodb-audiences.ts';
import { makeClaimStore } from '../../../shared/adapters/dynamodb-claim-store.ts';
import { makeConfigurationSource } from '../../../shared/adapters/dynamodb-configuration.ts';
import { makeSeenRegistry } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSubscriptions } from '../../../shared/adapters/dynamodb-subscriptions.ts';
import { makeWorkflowHolds } from '../../../shared/adapters/dynamodb-workflow-holds.ts';
import { makePreprocessor } from '../../../shared/adapters/jsonata-preprocessor.ts';
import { unpackJson } from '../../../shared/adapters/packed-json.ts';
import { unpackText } from '../../../shared/adapters/packed-text.ts';
import { AudienceFile, SourceFile } from '../../../shared/core/configuration/schema.ts';
import { decompressEvent, type RawEvent } from '../../../shared/core/events/raw-event.ts';
import type { ActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { startApi, type TestApi } from '../../functions/api-for-tests.ts';
import { actionsRecord } from '../../support/actions-message.ts';
import { eventRecord, liveConfiguration, rawEvent } from '../../support/build.ts';
import { makeFakeLimiter } from '../../support/fake-run-limits.ts';
import { makeCountedMetrics, makeFakeActionsQueue } from '../../support/fakes.ts';
import { openFakeTarget } from '../../support/fakes-workflow-trigger.ts';
import { makeKeptLog } from '../../support/function-log.ts';

const called = { development: { type: 'http', url: 'https://target.example/' } };
const workflows = {
  order: { name: 'Order', target: { development: { type: 'log' } } },
  later: { name: 'Later', delay: '1h', target: called },
};
const mappings = [
  { id: 'identify', event: 'identify', action: 'users_identify', parameters: { id: 'user_id', properties: 'data' } },
  {
    id: 'order',
    event: 'track/ordered',
    action: 'workflows_trigger',
    parameters: { key: 'order', recipients: 'data.people', actor: 'user_id', data: 'data' },
  },
  {
    id: 'later',
    event: 'track/reminded',
    action: 'workflows_trigger',
    parameters: { key: 'later', recipients: 'data.people', cancellation_key: 'data.key', data: 'data' },
  },
  {
    id: 'follow',
    event: 'track/followed',
    action: 'objects_subscribe',
    parameters: { collection: { value: 'projects' }, id: 'data.project', recipients: 'user_id', properties: 'data' },
  },
  {
    id: 'unfollow',
    event: 'track/unfollowed',
    action: 'objects_unsubscribe',
    parameters: { collection: { value: 'projects' }, id: 'data.project', recipients: 'user_id' },
  },
  {
    id: 'join',
    event: 'track/joined',
    action: 'audiences_add_member',
    parameters: { key: { value: 'vip' }, user: 'user_id', tenant: 'data.tenant' },
  },
];

/** The processor, workflow-trigger and the API in process, over one environment's tables. */
export type PersonWorld = {
  environment: TestEnvironment;
  api: TestApi;
  /** Messages that wait for their time. */
  waiting: ActionsMessage[];
  /** An event of a source, to its end; answers its id. */
  send(body: Record<string, unknown>, source?: string): Promise<string>;
  /** Hands events and messages over as the queues do. */
  deliver(events: RawEvent[], messages?: ActionsMessage[]): Promise<void>;
  /** A call of the REST API, and what it hands over. */
  call(method: string, path: string, body?: unknown): Promise<number>;
  /** Every item of every table as text, with everything unpacked. */
  everything(): Promise<{ table: string; text: string }[]>;
  stop(): Promise<void>;
};

export async function startPersonWorld(): Promise<PersonWorld> {
  const environment = await startEnvironment();
  const { client, names } = environment.tables;
  const live = liveConfiguration({ workflows, file: { mappings } });
  const segment = SourceFile.parse({ kind: 'segment', name: 'Segment', mappings });
  live.snapshot.sources.segment = segment;
  live.snapshot.audiences.vip = AudienceFile.parse({ name: 'VIP' });
  await environment.commit(live);
  const table = environment.configuration;
  // As often as AWS's functions read it after 30 s: at once.
  const configuration = () => makeConfigurationSource(table, { withErased: true }).current();
  const api = await startApi({ configuration }, environment.tables);
  const actionsQueue = makeFakeActionsQueue();
  const log = makeKeptLog();
  const claims = makeClaimStore(client, names.Claims);
  const common = { metrics: makeCountedMetrics(), log, random: () => 0.5, maxReceiveCount: 10, nowMs: Date.now };
  const waiting: ActionsMessage[] = [];
  const trigger: WorkflowTriggerDeps = {
    ...common,
    environment: 'development',
    configuration: { current: configuration, reload: configuration },
    claims,
    actionLog: environment.actionLog,
    actionsQueue,
    directory: environment.directory,
    subscriptions: makeSubscriptions(client, names.Directory),
    audiences: makeAudiences(client, names.Directory),
    runs: environment.runs,
    holds: makeWorkflowHolds({ client, runsTable: names.WorkflowRuns, configurationTable: names.Configuration }),
    limiter: makeFakeLimiter(),
    retentionDays: 30,
    openTarget: openFakeTarget({ recordsOnly: false, timeoutMs: 5000, start: async () => ({ kind: 'accepted' }) }),
  };

  async function deliver(events: RawEvent[], messages: ActionsMessage[] = []): Promise<void> {
    const processor = {
      ...common,
      configuration: { current: configuration, reload: configuration },
      claims,
      eventLog: environment.eventLog,
      actionsQueue,
      receivedMessages: { handBack: async () => undefined },
      seen: makeSeenRegistry(table),
      preprocessor: makePreprocessor(Date.now),
    };
    if (events.length > 0)
      await processBatch(
        events.map((event) => eventRecord(event)),
        processor,
        35_000,
      );
    const ready = [...messages, ...actionsQueue.sent.splice(0)];
    for (let message = ready.shift(); message !== undefined; message = ready.shift()) {
      if (((message as { delaySeconds?: number }).delaySeconds ?? 0) > 0) waiting.push(message);
      else await runActions([actionsRecord(message)], trigger, Date.now() + 50_000);
      ready.push(...actionsQueue.sent.splice(0));
    }
  }

  return {
    environment,
    api,
    waiting,
    deliver,
    async send(body, source = 'rudderstack') {
      const event = rawEvent({ messageId: `msg-${Math.random()}`, ...body }, { source });
      await deliver([event]);
      return event.id;
    },
    async call(method, path, body) {
      const { status } = await api.call(method, path, { ...(body !== undefined && { body }) });
      await deliver(api.events.splice(0), api.messages.splice(0));
      return status;
    },
    everything: () => everythingIn(client, Object.values(names)),
    async stop() {
      await api.stop();
      await environment.stop();
    },
  };
}

/** Every item of some tables as text, with everything unpacked: only a test may scan. */
export async function everythingIn(
  client: DynamoDBDocumentClient,
  tables: readonly string[],
): Promise<{ table: string; text: string }[]> {
  const all: { table: string; text: string }[] = [];
  for (const TableName of tables) {
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await client.send(new ScanCommand({ TableName, ExclusiveStartKey }));
      for (const item of page.Items ?? []) all.push({ table: TableName, text: textOf(item) });
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }
  return all;
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return unpacked(value);
  if (value instanceof Set) return [...value].join('\n');
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .map(([name, inner]) => `${name}=${textOf(inner)}`)
      .join('\n');
  return String(value);
}

function unpacked(bytes: Uint8Array): string {
  const ways = [
    () => unpackText(bytes).toString(),
    () => JSON.stringify(unpackJson(bytes)),
    () => decompressEvent(bytes).toString(),
  ];
  for (const way of ways) {
    try {
      return way();
    } catch {
      // Packed in another way.
    }
  }
  throw new Error(`bytes that no way of ours unpacks: ${Buffer.from(bytes).toString('hex').slice(0, 40)}`);
}
