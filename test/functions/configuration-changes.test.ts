import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type ProcessorDeps, processBatch } from '../../functions/processor/process-batch.ts';
import { makeConfigurationSource, readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import type { ConfigurationTable } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { Snapshot, WorkflowFile } from '../../shared/core/configuration/schema.ts';
import type { RawEvent } from '../../shared/core/events/raw-event.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { changeState, setMappingActive } from '../../shared/operations/settings/change-state.ts';
import { eventRecord, liveConfiguration, rawEvent, trackEvent } from '../support/build.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { silentLog } from '../support/function-log.ts';
import { memoryTable } from '../support/memory-table.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

/*
 * The configuration is edited while events flow. docs/protocols/configuration.md: an event is planned wholly by one
 * version, the one that its row names; a workflow is taken as it is when an attempt runs.
 */
let table: ConfigurationTable;
let clock: { nowMs: number };
let processor: ReturnType<typeof makeProcessor>;

/** Content in which every mapping says by which version it was made. */
function contentOf(version: number): Snapshot {
  const { snapshot } = liveConfiguration({
    file: {
      mappings: ['first', 'second', 'third'].map((id) => ({
        id,
        event: 'track/order_completed',
        action: 'workflows_trigger',
        parameters: { key: 'order-completed', recipients: { id: 'user_id' }, data: { by: { value: version } } },
      })),
    },
  });
  return Snapshot.parse(snapshot);
}

const commit = (snapshot: Snapshot) =>
  pushAndCommit(table, { snapshot, seed: undefined, author: 'Ana', message: 'edit', nowMs: clock.nowMs });

function makeProcessor() {
  const [eventLog, actionsQueue] = [makeFakeEventLog(), makeFakeActionsQueue()];
  const configuration = makeConfigurationSource(table, { nowMs: () => clock.nowMs });
  const deps: ProcessorDeps = {
    configuration,
    claims: makeFakeClaimStore(),
    eventLog,
    actionsQueue,
    receivedMessages: { handBack: async () => undefined },
    seen: { note: async () => undefined },
    preprocessor: makePreprocessor(() => clock.nowMs),
    metrics: makeCountedMetrics(),
    log: silentLog,
    nowMs: () => clock.nowMs,
    random: Math.random,
    maxReceiveCount: 10,
  };
  return {
    deps,
    eventLog,
    actionsQueue,
    configuration,
    process: (events: RawEvent[], change: Partial<ProcessorDeps> = {}) =>
      processBatch(
        events.map((event) => eventRecord(event)),
        { ...deps, ...change },
        35_000,
      ),
  };
}

const events = (count: number) =>
  Array.from({ length: count }, () => rawEvent(trackEvent({ messageId: randomBytes(8).toString('hex') })));

beforeEach(async () => {
  table = { client: memoryTable(), table: 'Configuration' };
  clock = { nowMs: Date.parse('2026-11-21T03:00:00Z') };
  processor = makeProcessor();
  await commit(contentOf(1));
});

/** Per message: the version that its row names, and those by which its actions were made. */
const versionsOf = () =>
  processor.actionsQueue.sent.map(({ eventId, configVersion, invocations }) => ({
    row: processor.eventLog.rows.get(eventId)?.configVersion,
    message: configVersion,
    actions: invocations.map(({ payload }) => (payload.data as { by: number }).by),
  }));
const allBy = (version: number) => ({ row: version, message: version, actions: [version, version, version] });

describe('a mapping that is edited while events flow', () => {
  test('changes no event of a batch that is at work: each is planned, sent and logged by one version', async () => {
    const { eventLog, actionsQueue } = processor.deps;
    // Between the claims and the sending, and between the sending and the rows, somebody commits; functions look at once.
    const meanwhile = async (version: number) => {
      await commit(contentOf(version));
      clock.nowMs += 20_000;
      await processor.configuration.reload();
    };
    await processor.process(events(5), {
      actionsQueue: {
        async sendEach(messages) {
          await meanwhile(2);
          return actionsQueue.sendEach(messages);
        },
      },
      eventLog: {
        ...eventLog,
        async writeEach(entries) {
          await meanwhile(3);
          return eventLog.writeEach(entries);
        },
      },
    });
    expect(versionsOf()).toEqual(Array(5).fill(allBy(1)));
    await processor.process(events(1));
    expect(versionsOf().at(-1)).toEqual(allBy(3));
  });

  test('gives each of many batches one version, never a mixture, and never an older one again', async () => {
    for (let version = 2; version < 40; version++) {
      const batch = processor.process(events(3));
      await Promise.all([batch, version % 3 === 0 ? commit(contentOf(version)) : undefined]);
      clock.nowMs += 7_000;
    }
    const seen = versionsOf();
    for (const { row, message, actions } of seen) {
      expect(row).toBe(message);
      expect(new Set(actions).size).toBe(1);
    }
    const rows = seen.map(({ row = 0 }) => row);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
    expect(new Set(rows).size).toBeGreaterThan(5);
  });

  test('that is switched off or removed after its event was planned still runs, as it was then', async () => {
    await processor.process(events(1));
    await changeState(table, (state) => setMappingActive(state, 'rudderstack', 'first', false), {
      author: 'Ben',
      message: 'off',
      nowMs: clock.nowMs,
    });
    const { workflows } = contentOf(1);
    await commit(Snapshot.parse({ sources: {}, workflows }));
    const trigger = makeTrigger();
    const live = await readLive(table);
    const [message] = processor.actionsQueue.sent;
    if (message === undefined) throw new Error('nothing was sent');
    await trigger.deliver([message], { configuration: { current: async () => live, reload: async () => live } });
    const row = trigger.actionLog.rows.get(message.execution);
    expect(row).toMatchObject({
      configVersion: 1,
      actions: ['first', 'second', 'third'].map((mapping) => ({ mapping, status: 'succeeded' })),
    });
    expect([...trigger.runs.runs.values()].map(({ data }) => data)).toEqual(Array(3).fill({ by: 1 }));
  });

  test('a workflow is taken as it is when its action runs, by one version for all actions of the attempt', async () => {
    await processor.process(events(1));
    const [message] = processor.actionsQueue.sent;
    if (message === undefined) throw new Error('nothing was sent');
    const trigger = makeTrigger();
    let reads = 0;
    const current = async () => {
      reads++;
      return readLive(table);
    };
    const { sources } = contentOf(1);
    const renamed = { 'another-one': WorkflowFile.parse({ name: 'Another', target: {} }) };
    await commit(Snapshot.parse({ sources, workflows: renamed }));
    await trigger.deliver([message], { configuration: { current, reload: current } });
    expect(reads).toBe(1);
    expect(trigger.actionLog.rows.get(message.execution)).toMatchObject({
      configVersion: 1,
      actions: Array(3).fill({ status: 'failed', reason: 'workflow_missing' }),
    });
  });
});
