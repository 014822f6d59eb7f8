import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { processBatch } from '../../functions/processor/process-batch.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { type ConfigurationTable, readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { eventRecord, liveConfiguration, rawEvent, trackEvent } from '../support/build.ts';
import { createTable, startTables, type TestTables } from '../support/dynalite.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { silentLog } from '../support/function-log.ts';
import { ingestRequestOf, makeTestIngest } from '../support/ingest.ts';

/* What ingest and the processor do while the live snapshot is damaged: warm ones go on, cold ones wait. */

let tables: TestTables;
let table: ConfigurationTable;
let made = 0;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const { snapshot } = liveConfiguration();
const changed = { ...snapshot, workflows: { ...snapshot.workflows, another: { name: 'Another', target: {} } } };
const push = (content: typeof snapshot) =>
  pushAndCommit(table, { snapshot: content, seed: undefined, author: 'Ana', message: 'm', nowMs: 0 });

beforeEach(async () => {
  const name = `Configuration-${++made}`;
  await createTable(tables.client, name, tableDefinitions.Configuration);
  table = { client: tables.client, table: name };
  await push(snapshot);
});

/** A commit whose content is gone: as after a restore, or a hand that deleted the wrong item. */
async function pushAndDamage(): Promise<void> {
  await push(changed);
  const { snapshot: hash } = await readCurrent(table);
  await tables.client.send(new DeleteCommand({ TableName: table.table, Key: { pk: `snapshot#${hash}`, sk: '0000' } }));
}

/** The configuration as a handler composes it, with its counts and lines, and a clock that the test moves. */
function makeWatched() {
  const clock = { nowMs: 0 };
  const metrics = { ...makeCountedMetrics(), flushes: 0, flush: () => void metrics.flushes++ };
  const lines: Record<string, unknown>[] = [];
  const nowMs = () => clock.nowMs;
  const error = (message: string, context: Record<string, unknown>) => void lines.push({ message, ...context });
  const onUnreadable = reportUnreadable({ metrics, error, nowMs });
  return { clock, metrics, lines, configuration: makeConfigurationSource(table, { nowMs, onUnreadable }) };
}

const minuteMs = 60_000;

describe('ingest', () => {
  const makeIngest = () => {
    const watched = makeWatched();
    const deps = Object.assign(makeTestIngest(), { configuration: watched.configuration });
    return { ...watched, deps, post: async () => (await ingestRequest(ingestRequestOf(trackEvent()), deps)).answer };
  };

  test('goes on accepting with the last good configuration, counts it, and says so once in five minutes', async () => {
    const { post, clock, metrics, lines } = makeIngest();
    expect(await post()).toMatchObject({ kind: 'accepted' });
    await pushAndDamage();
    for (let i = 0; i < 4; i++) {
      clock.nowMs += minuteMs;
      expect(await post()).toMatchObject({ kind: 'accepted' });
    }
    expect(metrics.counts.get('ConfigurationUnreadable')).toBe(4);
    expect(metrics.counts.get('ConfigurationUnreadable snapshot_missing')).toBe(4);
    expect(lines).toMatchObject([{ reason: 'snapshot_missing', version_in_force: 1 }]);
    clock.nowMs += 2 * minuteMs;
    await post();
    expect(lines).toHaveLength(2);
  });

  test('that starts anew answers 503, never 4xx, and accepts as soon as the configuration can be read', async () => {
    await pushAndDamage();
    const { post, metrics, lines } = makeIngest();
    expect(await post()).toMatchObject({ kind: 'unavailable' });
    expect(metrics.counts.get('ConfigurationUnreadable')).toBe(1);
    expect(lines).toMatchObject([{ version_in_force: 'none' }]);
    await push(changed);
    expect(await post()).toMatchObject({ kind: 'accepted' });
  });
});

describe('the processor', () => {
  const makeProcessor = () => {
    const watched = makeWatched();
    const eventLog = makeFakeEventLog();
    const deps = {
      ...watched,
      eventLog,
      claims: makeFakeClaimStore(),
      actionsQueue: makeFakeActionsQueue(),
      receivedMessages: { handBack: async () => undefined },
      seen: { note: async () => undefined },
      preprocessor: makePreprocessor(() => watched.clock.nowMs),
      log: silentLog,
      nowMs: () => watched.clock.nowMs,
      random: Math.random,
      maxReceiveCount: 10,
    };
    const process = async (messageId: string) => {
      const event = rawEvent(trackEvent({ messageId }));
      await processBatch([eventRecord(event)], deps, 35_000);
      return eventLog.rows.get(event.id);
    };
    return { ...watched, process };
  };

  test('goes on with the last good configuration, which its rows name, until there is a better one', async () => {
    const { process, clock, metrics } = makeProcessor();
    expect(await process('m1')).toMatchObject({ status: 'processed', configVersion: 1 });
    await pushAndDamage();
    clock.nowMs += minuteMs;
    expect(await process('m2')).toMatchObject({ status: 'processed', configVersion: 1 });
    expect(metrics.counts.get('ConfigurationUnreadable')).toBe(1);
    await push(changed);
    clock.nowMs += minuteMs;
    expect(await process('m3')).toMatchObject({ status: 'processed', configVersion: 3 });
    expect(metrics.counts.get('ConfigurationUnreadable')).toBe(1);
  });

  test('that starts anew fails the batch, which is delivered again, and logs nothing as done', async () => {
    await pushAndDamage();
    const { process, metrics } = makeProcessor();
    await expect(process('m1')).rejects.toMatchObject({ name: 'RetryableError' });
    expect([metrics.counts.get('ConfigurationUnreadable'), metrics.flushes]).toEqual([1, 1]);
    await push(changed);
    expect(await process('m1')).toMatchObject({ status: 'processed', configVersion: 3 });
  });
});
