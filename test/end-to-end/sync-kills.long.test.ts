import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildApp } from '../../infra/app.ts';
import { environmentNamed } from '../../infra/environments.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { PipelineStack } from '../../infra/pipeline-stack.ts';
import { entityFromItem } from '../../shared/adapters/dynamodb-directory.ts';
import { entryFromItem } from '../../shared/adapters/dynamodb-event-log.ts';
import { AudienceFile, SourceFile, WorkflowFile } from '../../shared/core/configuration/schema.ts';
import type { Entity } from '../../shared/core/directory/entity.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../shared/operations/verify/verify-events.ts';
import { verifyRange } from '../../shared/operations/verify/verify-range.ts';
import { type CensusObject, type CensusRun, makeCensusClient } from '../clients/census-client.ts';
import type { JsonMap } from '../clients/method-caller.ts';
import { configFolder, configure } from '../support/config.ts';
import { makeRandom } from '../support/random.ts';

/*
 * A vendor's sync, while the API's function dies in the middle of its work again and again. The vendor repeats what it got no answer
 * for. In the end everything is accounted for, and everything is as if nothing had died.
 * `.ci/nightly` has 10,000 records: SIGNALBOX_EVENTS=10000 npm run test:long -- test/end-to-end/sync-kills.
 */

const recordsCount = Number(process.env.SIGNALBOX_EVENTS ?? 3_000);
const usersCount = recordsCount * 0.8;
const membersCount = recordsCount * 0.15;
const triggersCount = recordsCount * 0.05;

const random = makeRandom(6);

let outdir: string;
let runtime: Runtime;
let local: RuntimeEnvironment;
let environment: Environment;
let client: ReturnType<typeof makeCensusClient>;
let objects: Map<string, CensusObject>;
const startedMs = Date.now();

beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'signalbox-sync-kills-'));
  const app = buildApp({ outdir, environments: [] });
  // As fast as the stack lets a sync be where development does not ask for less.
  const syncSpeed = { batchSize: 500, parallelBatches: 8, recordsPerSecond: 500 };
  new PipelineStack(app, { ...environmentNamed('development'), syncSpeed });
  app.synth();
  runtime = await startRuntime({ environments: ['development'], port: 0, outdir, configure });
  local = runtime.environments.development as RuntimeEnvironment;
  const { region, credentials, endpoints, outputs } = local;
  environment = openEnvironment(
    'development',
    'local',
    StackOutputs.parse(outputs),
    { region, credentials },
    endpoints,
  );
  await commit();
  const asked = { author: 'test', nowMs: Date.now(), entropy: new Uint8Array(32).fill(7) };
  const { key } = await createKey(environment, { name: 'census', kind: 'secret' }, asked);
  client = makeCensusClient({
    url: `${local.ingestUrl}/v1/integrations/census/custom-destination`,
    headers: { authorization: `Bearer ${key}` },
  });
  objects = new Map((await client.connect()).map((object) => [object.object_api_name, object]));
});
afterAll(async () => {
  environment.documents.destroy();
  await runtime.stop();
  rmSync(outdir, { recursive: true, force: true });
});

/** An audience with a greeting, one without, a workflow to trigger, and a mapping for members. */
async function commit(): Promise<void> {
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const target = { development: { type: 'log' } };
  snapshot.sources.warehouse = SourceFile.parse({ kind: 'census', name: 'Warehouse' });
  snapshot.audiences.greeted = AudienceFile.parse({ name: 'Greeted' });
  snapshot.audiences.plain = AudienceFile.parse({ name: 'Plain' });
  snapshot.workflows.welcome = WorkflowFile.parse({ name: 'Welcome', audience: 'greeted', target });
  snapshot.workflows.receipt = WorkflowFile.parse({ name: 'Receipt', target });
  const asked = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { snapshot, seed: environments.development, ...asked });
}

const users = Array.from({ length: usersCount }, (_, i) => ({
  id: `u-${i}`,
  name: `User ${i}`,
  email: `u${i}@orchard.example`,
  seats: i % 50,
}));
const members = Array.from({ length: membersCount }, (_, i) => ({
  user_id: `u-${i}`,
  audience_key: i % 10 === 0 ? 'greeted' : 'plain',
}));
const triggers = Array.from({ length: triggersCount }, (_, i) => ({
  event_id: `order-${i}`,
  workflow: 'receipt',
  recipient: `u-${i}`,
  total: i,
}));

const sync = (
  name: string,
  behaviour: 'upsert' | 'insert',
  records: JsonMap[],
  syncRunId: number,
): Promise<CensusRun> =>
  client.run(
    { object: objects.get(name) as CensusObject, behaviour, newFields: { seats: 'integer' }, syncRunId },
    records,
  );

/** Ends a busy worker of the API every few hundred milliseconds, until the work is done. */
async function whileDying<Result>(work: Promise<Result>): Promise<{ result: Result; kills: number }> {
  const api = [...local.functions.values()].find(({ name }) => name.includes('-ApiFunction'));
  if (api === undefined) throw new Error('the stack has no API');
  let kills = 0;
  let isOver = false;
  const killing = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1_200));
      if (!isOver && api.killBusyWorker()) kills++;
    }
  })();
  try {
    const result = await work;
    return { result, kills };
  } finally {
    isOver = true;
    await killing;
  }
}

async function scan(table: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await environment.documents.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ...(ExclusiveStartKey && { ExclusiveStartKey }) }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items;
}

/** Users by id, and the keys and versions of everything else in the directory. */
async function directory(): Promise<{ users: Map<string, Entity>; versions: string[] }> {
  const items = await scan(environment.outputs.DirectoryTable);
  const found = items.filter(({ pk, sk }) => String(pk).startsWith('user#u-') && sk === 'profile').map(entityFromItem);
  return {
    users: new Map(found.map((user) => [user.ref.id, user])),
    versions: items.map(({ pk, sk, version, source_time }) => `${pk} ${sk} ${version} ${source_time}`).sort(),
  };
}

async function verify() {
  const nowMs = Date.now();
  const { known } = await readSources(environment);
  const range = verifyRange({ since: startedMs }, { nowMs, local: true, retentionDays: 14 });
  return verifyEvents(environment, makeAcceptedCounts(await environment.metrics(), 'development'), {
    known,
    range,
    all: true,
  });
}

describe(`${recordsCount} records, while the function dies`, () => {
  test('are all done, and everything is as if nothing had died', async () => {
    const runs = await whileDying(
      (async () => [
        await sync('users', 'upsert', users, 1),
        await sync('audiences', 'insert', members, 2),
        await sync('workflows', 'insert', triggers, 3),
      ])(),
    );
    expect(runs.kills).toBeGreaterThanOrEqual(3);
    const [ofUsers, ofMembers, ofTriggers] = runs.result as [CensusRun, CensusRun, CensusRun];
    expect([ofUsers, ofMembers, ofTriggers].map(({ done, rejected }) => [done.length, rejected])).toEqual([
      [usersCount, []],
      [membersCount, []],
      [triggersCount, []],
    ]);
    await runtime.idle(120_000);

    const stored = await directory();
    for (const { id, ...attributes } of users) expect(stored.users.get(id)?.attributes).toEqual(attributes);
    // Made once each, however often it was sent.
    expect(new Set([...stored.users.values()].map(({ version }) => version))).toEqual(new Set([1]));
    const rows = (await scan(environment.outputs.DirectoryTable)).filter(({ sk }) => String(sk).startsWith('member#'));
    expect(rows).toHaveLength(membersCount);

    const started = (await scan(environment.outputs.WorkflowRunsTable)).map(({ workflow }) => String(workflow));
    const count = (workflow: string) => started.filter((one) => one === workflow).length;
    expect({ receipt: count('receipt'), welcome: count('welcome') }).toEqual({
      receipt: triggersCount,
      welcome: membersCount / 10,
    });
  }, 600_000);

  test('are accounted for: verify balances, and each record has a row that says what the vendor was told', async () => {
    const verification = await verify();
    expect(verification).toMatchObject({
      balanced: true,
      events: { missing: 0, lost: 0, surplus: 0 },
      actions: { lost: 0 },
    });
    const rows = (await scan(environment.outputs.EventLogTable))
      .map(entryFromItem)
      .filter(({ source }) => source === 'warehouse');
    const done = new Map(rows.filter(({ status }) => status === 'processed').map((row) => [row.syncRunId, 0]));
    for (const { syncRunId, status } of rows)
      if (status === 'processed' || status === 'idempotent') done.set(syncRunId, (done.get(syncRunId) ?? 0) + 1);
    expect(done.get('1')).toBeGreaterThanOrEqual(usersCount);
    expect(done.get('2')).toBeGreaterThanOrEqual(membersCount);
    expect(done.get('3')).toBeGreaterThanOrEqual(triggersCount);
    expect(rows.filter(({ status }) => status === 'rejected' || status === 'failed')).toEqual([]);
  });

  test('cost the directory no write when they come again', async () => {
    const before = await directory();
    await sync('users', 'upsert', users, 4);
    await sync('audiences', 'insert', members, 5);
    await runtime.idle(120_000);
    expect((await directory()).versions).toEqual(before.versions);
    expect(await verify()).toMatchObject({ balanced: true });
  }, 300_000);
});
