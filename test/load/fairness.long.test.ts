import type { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from '@jest/globals';
import { makeActionsQueue, makeEventsQueue } from '../../shared/adapters/sqs-queues.ts';
import { actionsMessage } from '../support/actions-message.ts';
import { rawEvent } from '../support/build.ts';
import { type Arrival, type Consumers, delaysOf, percentile } from './queue-model.ts';

/** The groups that the adapters really give to messages of these sources. */
async function groupsOf(queue: 'events' | 'actions', sources: string[]): Promise<Map<string, string | undefined>> {
  const groups: (string | undefined)[] = [];
  const send = async ({ input }: SendMessageBatchCommand) => {
    groups.push(...(input.Entries ?? []).map(({ MessageGroupId }) => MessageGroupId));
    return { Successful: (input.Entries ?? []).map(({ Id }) => ({ Id })) };
  };
  const client = { send } as unknown as SQSClient;
  const url = 'https://sqs.test/queue';
  for (const source of sources) {
    if (queue === 'events') await makeEventsQueue(client, url).sendEach([rawEvent({}, { source })]);
    else await makeActionsQueue(client, url).sendEach([actionsMessage({ source })]);
  }
  return new Map(sources.map((source, i) => [source, groups[i]]));
}

// As the smallest environment has it: five batches of ten at once.
const consumers: Consumers = { concurrency: 5, batchSize: 10, batchMs: 400 };
const quiet = Array.from({ length: 9 }, (_, i) => `source-${i}`);
const noisy = 'source-noisy';
const seconds = 60;

/** Each quiet source sends one event in half a second; the noisy one `times` as many. */
function arrivals(times: number, groups?: Map<string, string | undefined>): Arrival[] {
  const of = (source: string, perSecond: number, offset: number): Arrival[] => {
    const group = groups?.get(source);
    return Array.from({ length: seconds * perSecond }, (_, i) => ({
      atMs: ((i + offset) * 1000) / perSecond,
      source,
      ...(group !== undefined && { group }),
    }));
  };
  return [...quiet.flatMap((source, i) => of(source, 2, i / quiet.length)), ...of(noisy, 2 * times, 0.5)].sort(
    (a, b) => a.atMs - b.atMs,
  );
}

/** The 95th percentile of the delay of the quiet sources. */
function quietP95Ms(messages: Arrival[]): number {
  const delays = delaysOf(messages, consumers);
  return percentile(
    delays.filter((_, i) => messages[i]?.source !== noisy),
    0.95,
  );
}

describe.each(['events', 'actions'] as const)('F27: one source sends 100 times as much into the %s queue', (queue) => {
  test('with our message groups the others wait less than twice as long as ever; without, 20 times', async () => {
    const groups = await groupsOf(queue, [...quiet, noisy]);
    expect(new Set(groups.values()).size).toBe(quiet.length + 1);
    const normal = quietP95Ms(arrivals(1, groups));
    expect(normal).toBeLessThan(2 * consumers.batchMs);
    expect(quietP95Ms(arrivals(100, groups))).toBeLessThan(2 * normal);
    // The same load without groups: the model must be able to show the harm, or it proves nothing.
    expect(quietP95Ms(arrivals(100))).toBeGreaterThan(20 * normal);
    // And one group for all is no better than none.
    const oneGroup = new Map([...groups.keys()].map((source) => [source, 'all'] as const));
    expect(quietP95Ms(arrivals(100, oneGroup))).toBeGreaterThan(20 * normal);
  });

  test('nothing of the noisy source is dropped: it waits longer, and ends when its backlog is worked off', async () => {
    const messages = arrivals(100, await groupsOf(queue, [...quiet, noisy]));
    const delays = delaysOf(messages, consumers);
    expect(delays.every((delay) => delay >= consumers.batchMs)).toBe(true);
    const lastMs = Math.max(...delays.map((delay, i) => delay + (messages[i]?.atMs ?? 0)));
    const capacityPerSecond = (consumers.concurrency * consumers.batchSize * 1000) / consumers.batchMs;
    // No capacity is lost to fairness.
    expect(lastMs / 1000).toBeLessThan((messages.length / capacityPerSecond) * 1.1);
  });
});
