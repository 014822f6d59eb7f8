import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type ProcessorDeps, processBatch } from '../../functions/processor/process-batch.ts';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { valuesMax } from '../../shared/core/ingest/split-events.ts';
import { actionsValuesMax } from '../../shared/core/plan/actions-of.ts';
import { actionsRecord } from '../support/actions-message.ts';
import { eventRecord, liveConfiguration, rawEvent, sqsRecord, trackEvent } from '../support/build.ts';
import { makeCountedMetrics, makeFakeActionsQueue, makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { makeTrigger } from '../support/workflow-trigger.ts';

/*
 * Records of one batch have nothing to do with each other: they may be of ten senders. Whatever one of them is, the others
 * are processed by the same call, and soon.
 */

const leaseMs = 35_000;
// Before the values of a message were left alone, three such events took 20 s of CPU. Generous, for a busy machine.
const cpuSecondsMax = 3;

const mappings = Array.from({ length: 6 }, (_, i) => ({
  id: `all-${i}`,
  event: 'track/order_completed',
  action: 'workflows_trigger',
  parameters: { key: 'order-completed', recipients: { id: 'user_id' }, data: 'data' },
}));
const live = liveConfiguration({ file: { mappings } });

let eventLog: ReturnType<typeof makeFakeEventLog>;
let actionsQueue: ReturnType<typeof makeFakeActionsQueue>;
let log: ReturnType<typeof makeKeptLog>;
let deps: ProcessorDeps;
beforeEach(() => {
  eventLog = makeFakeEventLog();
  actionsQueue = makeFakeActionsQueue();
  log = makeKeptLog();
  deps = {
    configuration: { current: async () => live, reload: async () => live },
    claims: makeFakeClaimStore(),
    eventLog,
    actionsQueue,
    receivedMessages: { handBack: async () => undefined },
    seen: { note: async () => undefined },
    preprocessor: makePreprocessor(() => 0),
    metrics: makeCountedMetrics(),
    log,
    nowMs: Date.now,
    random: Math.random,
    maxReceiveCount: 10,
  };
});

/** An event whose data has a list of `count` times `value`, in the text as given. */
const holding = (count: number, value: string, messageId = 'poison') =>
  JSON.stringify(trackEvent({ messageId })).replace(
    '"properties":{',
    `"properties":{"x":[${Array(count).fill(value)}],`,
  );

const deep = `${'['.repeat(990)}${']'.repeat(990)}`;

const acceptedPoison: [string, string][] = [
  ['120,000 empty maps for six mappings', holding(120_000, '{}')],
  ['as many values as ingest takes', holding(valuesMax - 100, '1')],
  ['as many empty texts', holding(valuesMax - 100, '""')],
  ['what nests as deep as ingest takes', holding(1, deep)],
  ['halves of emoji', holding(1000, '"\\ud83d"')],
  ['a name that a prototype has', holding(1000, '{"__proto__":{"toString":1}}')],
  ['numbers beyond 2^53', holding(1000, '820982911946154508')],
  ['a key of 2 MB', JSON.stringify(trackEvent({ messageId: 'k'.repeat(2_000_000) }))],
  ['a type of 2 MB', JSON.stringify(trackEvent({ event: 't'.repeat(2_000_000), messageId: 'poison' }))],
  ['what does not compress', holding(1, JSON.stringify(randomBytes(270_000).toString('base64')))],
];

const unreadablePoison: [string, () => string][] = [
  ['not JSON', () => '}{'],
  ['of another version', () => JSON.stringify({ ...JSON.parse(encodeRawEvent(rawEvent())), v: 99 })],
  ['of an id that is none', () => JSON.stringify({ ...JSON.parse(encodeRawEvent(rawEvent())), id: '!'.repeat(26) })],
  ['damaged', () => JSON.stringify({ ...JSON.parse(encodeRawEvent(rawEvent())), payload: 'AAAA' })],
  ['of a bomb', () => encodeRawEvent(rawEvent(' '.repeat(60 * 1024 * 1024)))],
];

async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const neighbours = () => Array.from({ length: 7 }, (_, i) => rawEvent(trackEvent({ messageId: `good-${i}` })));

describe('neighbours in the processor', () => {
  test.each(acceptedPoison)('of three events with %s run at once', async (_name, text) => {
    const good = neighbours();
    const bad = [0, 1, 2].map((i) => rawEvent(text.replace('"poison"', `"poison-${i}"`)));
    const records = [...bad, ...good].map((event) => eventRecord(event));
    const seconds = await cpuSeconds(async () => {
      expect(await processBatch(records, deps, leaseMs)).toEqual({ batchItemFailures: [] });
    });
    expect(good.map(({ id }) => eventLog.rows.get(id)?.status)).toEqual(Array(7).fill('processed'));
    expect(bad.map(({ id }) => eventLog.rows.has(id))).toEqual([true, true, true]);
    expect(seconds).toBeLessThan(cpuSecondsMax);
  });

  test.each(unreadablePoison)('of a message that is %s run at once, and it is logged', async (_name, text) => {
    const good = neighbours();
    const poison = sqsRecord(text());
    const records = [poison, ...good.map((event) => eventRecord(event))];
    const { batchItemFailures } = await processBatch(records, deps, leaseMs);
    const isRead = eventLog.rows.size === 8;
    expect(batchItemFailures).toEqual(isRead ? [] : [{ itemIdentifier: poison.messageId }]);
    expect(good.map(({ id }) => eventLog.rows.get(id)?.status)).toEqual(Array(7).fill('processed'));
    expect(log.lines.map(({ message_id }) => message_id)).toEqual(isRead ? [] : [poison.messageId]);
  });

  test('come back at once, and are not failures, when the records before them took half of the time', async () => {
    let nowMs = 0;
    const handedBack: number[] = [];
    const slow = {
      ...deps,
      nowMs: () => {
        nowMs += leaseMs / 8;
        return nowMs;
      },
      random: () => 0,
      receivedMessages: {
        handBack: async (messages: { visibleInSeconds: number }[]) => {
          handedBack.push(...messages.map(({ visibleInSeconds }) => visibleInSeconds));
        },
      },
    };
    const records = neighbours().map((event) => eventRecord(event));
    const { batchItemFailures } = await processBatch(records, slow, leaseMs);
    expect(eventLog.rows.size).toBe(3);
    expect(batchItemFailures).toEqual(records.slice(3).map(({ messageId }) => ({ itemIdentifier: messageId })));
    expect(handedBack).toEqual([0, 0, 0, 0]);
    expect(log.lines).toEqual([]);
  });
});

describe('neighbours in workflow-trigger', () => {
  test.each(acceptedPoison)('of the actions of three events with %s run at once', async (_name, text) => {
    const good = neighbours();
    const bad = [0, 1, 2].map((i) => rawEvent(text.replace('"poison"', `"poison-${i}"`)));
    await processBatch(
      [...bad, ...good].map((event) => eventRecord(event)),
      deps,
      leaseMs,
    );
    const messages = [...actionsQueue.sent];
    const { deps: trigger, deliver, actionLog } = makeTrigger();
    let failures = 0;
    const seconds = await cpuSeconds(async () => {
      failures = await deliver(messages, { configuration: { ...trigger.configuration, current: async () => live } });
    });
    expect(failures).toBe(0);
    expect(good.map(({ id }) => actionLog.rows.get(id)?.actions.map(({ status }) => status))).toEqual(
      Array(7).fill(Array(6).fill('succeeded')),
    );
    expect(seconds).toBeLessThan(cpuSecondsMax);
  });

  test('a message is read once, and its values are left alone', async () => {
    await processBatch(
      [eventRecord(rawEvent(holding(actionsValuesMax - 100, '{}')))],
      {
        ...deps,
        configuration: { ...deps.configuration, current: async () => liveConfiguration() },
      },
      leaseMs,
    );
    const [message] = actionsQueue.sent;
    if (message === undefined) throw new Error('nothing was sent');
    expect(message.invocations.map(({ refused }) => refused)).toEqual([undefined]);
    const { deliver } = makeTrigger();
    expect(await cpuSeconds(() => deliver([message]))).toBeLessThan(1);
    expect(actionsRecord(message).body.length).toBeLessThan(2000);
  });
});

describe('an event whose actions hold too many values', () => {
  test('hands on what fits, and refuses the largest first', async () => {
    const small = {
      ...mappings[0],
      id: 'small',
      parameters: { key: 'order-completed', recipients: 'user_id', data: { total: 'data.total' } },
    };
    const some = liveConfiguration({ file: { mappings: [small, ...mappings.slice(1, 3)] } });
    const deciding = { ...deps, configuration: { ...deps.configuration, current: async () => some } };
    await processBatch([eventRecord(rawEvent(holding(actionsValuesMax - 1000, '1')))], deciding, leaseMs);
    expect(actionsQueue.sent[0]?.invocations.map(({ mapping, refused }) => [mapping, refused?.reason])).toEqual([
      ['small', undefined],
      ['all-1', 'parameters_too_large'],
      ['all-2', undefined],
    ]);
    expect(actionsQueue.sent[0]?.invocations[1]?.refused?.detail).toContain('more than 150000 values');
  });

  test('sends no data along for a trigger that was refused', async () => {
    const bare = { ...mappings[0], parameters: { key: 'order-completed', recipients: 'user_id' } };
    const some = liveConfiguration({ file: { mappings: [bare] } });
    const deciding = { ...deps, configuration: { ...deps.configuration, current: async () => some } };
    await processBatch([eventRecord(rawEvent(holding(actionsValuesMax + 1000, '1')))], deciding, leaseMs);
    expect(actionsQueue.sent[0]).not.toHaveProperty('data');
    expect(actionsQueue.sent[0]?.invocations).toMatchObject([{ refused: { reason: 'parameters_too_large' } }]);
  });
});
