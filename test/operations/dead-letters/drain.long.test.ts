import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeRawEvent, encodeRawEvent, type RawEvent } from '../../../shared/core/events/raw-event.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { decodeActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { peekDeadLetters } from '../../../shared/operations/dead-letters/dead-letters.ts';
import {
  carryOnDrain,
  type DrainRow,
  previewDrain,
  startDrain,
} from '../../../shared/operations/dead-letters/drain.ts';
import { queueFindings } from '../../../shared/operations/doctor/queue-findings.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { carryOnJob } from '../../../shared/operations/jobs/carry-on-job.ts';
import { readJob } from '../../../shared/operations/jobs/jobs.ts';
import { readQueueDepths } from '../../../shared/operations/queues/queue-depths.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { actionsMessage, actionsRecord, invocation } from '../../support/actions-message.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration({ version: 1 }));
});
afterAll(() => environment.stop());
beforeEach(async () => {
  const { EventsQueueUrl, ActionsQueueUrl, EventsDeadLetterQueueUrl, ActionsDeadLetterQueueUrl } = environment.outputs;
  for (const QueueUrl of [EventsQueueUrl, ActionsQueueUrl, EventsDeadLetterQueueUrl, ActionsDeadLetterQueueUrl])
    await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
});

const both = { queues: ['events', 'actions'] as ('events' | 'actions')[] };
const send = (QueueUrl: string, MessageBody: string) =>
  environment.queueServer.client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
const park = (body: string) => send(environment.outputs.EventsDeadLetterQueueUrl, body);
const parkActions = (body: string) => send(environment.outputs.ActionsDeadLetterQueueUrl, body);
const newEvent = (): RawEvent => rawEvent(trackEvent());

function actionsBody({ id, source }: EventLogEntry): string {
  const invocations = [invocation('workflows_trigger', 'order-completed', { key: 'order-completed' }, id)];
  return actionsRecord(actionsMessage({ eventId: id, execution: id, source, invocations })).body;
}

async function received(QueueUrl: string): Promise<string[]> {
  const { Messages = [] } = await environment.queueServer.client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 60 }),
  );
  return Messages.map(({ Body }) => Body ?? '');
}
const sentEvents = async () => (await received(environment.outputs.EventsQueueUrl)).map(decodeRawEvent);
async function deadLetters(): Promise<number> {
  const depths = await readQueueDepths(environment);
  return depths
    .filter(({ queue }) => queue.endsWith('dead-letter'))
    .reduce((sum, { ready, in_flight }) => sum + ready + in_flight, 0);
}

async function drain(here: Environment = environment): Promise<DrainRow[]> {
  const rows: DrainRow[] = [];
  const job = await startDrain(here, both, { author: 'Ana Sol', reason: 'tables are back', nowMs: Date.now() });
  for await (const _ of carryOnDrain(here, job.id, { onRow: (row) => rows.push(row) }));
  return rows;
}

describe('a drain of dead letters', () => {
  test('hands an event without a row to its queue, for a new origin, and then removes the message', async () => {
    const event = newEvent();
    await park(encodeRawEvent(event));
    expect(await drain()).toMatchObject([
      { queue: 'events', event_id: event.id, source: event.source, outcome: 'replayed' },
    ]);
    const [sent] = await sentEvents();
    expect(sent).toMatchObject({ id: event.id, execution: event.id, replay: expect.any(String) });
    expect([await deadLetters(), sent?.payload]).toEqual([0, event.payload]);
  });

  test('hands actions to their queue, above the number that their row waits for', async () => {
    const event = eventEntry();
    const body = actionsBody(event);
    const [invocation] = decodeActionsMessage(body).invocations;
    await environment.actionLog.writeEach([
      actionEntry(event, [outcome(event.id, { id: invocation?.id ?? '', status: 'pending' })], { next: 7 }),
    ]);
    await parkActions(body);
    expect(await drain()).toMatchObject([{ queue: 'actions', event_id: event.id, outcome: 'replayed' }]);
    const [sent = ''] = await received(environment.outputs.ActionsQueueUrl);
    expect(decodeActionsMessage(sent)).toMatchObject({ execution: event.id, again: true, n: 7 });
    expect(await deadLetters()).toBe(0);
  });

  test('runs nothing again of which the rows say that it is done', async () => {
    const done = newEvent();
    await environment.eventLog.writeEach([eventEntry({ id: done.id, status: 'processed' })]);
    const event = eventEntry();
    const body = actionsBody(event);
    const actions = decodeActionsMessage(body).invocations.map(({ id }) => outcome(event.id, { id }));
    await environment.actionLog.writeEach([actionEntry(event, actions)]);
    await park(encodeRawEvent(done));
    await parkActions(body);
    expect(await drain()).toMatchObject([{ outcome: 'done' }, { outcome: 'done' }]);
    const { EventsQueueUrl, ActionsQueueUrl } = environment.outputs;
    expect([await received(EventsQueueUrl), await received(ActionsQueueUrl), await deadLetters()]).toEqual([[], [], 0]);
  });

  test('writes the row of a message whose version is unknown here', async () => {
    const { id, source } = newEvent();
    await park(JSON.stringify({ v: 99, id, source }));
    expect(await drain()).toMatchObject([{ event_id: id, outcome: 'row_written' }]);
    expect(await environment.eventLog.statusOf(id, source)).toBe('failed');
    expect(await deadLetters()).toBe(0);
  });

  test('leaves what names no event in its queue, visible to others at once', async () => {
    await park('no message of ours');
    expect(await drain()).toMatchObject([
      { event_id: null, outcome: 'left', detail: expect.stringContaining('names no event') },
    ]);
    expect(await received(environment.outputs.EventsDeadLetterQueueUrl)).toEqual(['no message of ours']);
  });

  test('takes one queue alone when it is told so', async () => {
    await park(encodeRawEvent(newEvent()));
    const job = await startDrain(environment, { queues: ['actions'] }, { author: 'a', nowMs: Date.now() });
    for await (const _ of carryOnJob(environment, job));
    expect(await deadLetters()).toBe(1);
  });

  test('that dies between the hand-over and the removal loses nothing, and its repetition is the same', async () => {
    const event = newEvent();
    await park(encodeRawEvent(event));
    const dying: Environment = {
      ...environment,
      queues: async () => {
        const { client } = environment.queueServer;
        return {
          ...client,
          send: async (command: unknown) => {
            if (!(command instanceof DeleteMessageBatchCommand)) return client.send(command as never);
            // Its minute is over at once.
            const { QueueUrl, Entries = [] } = command.input;
            const visible = Entries.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
            await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: visible }));
            throw new Error('the process is gone');
          },
        } as unknown as typeof client;
      },
    };
    await expect(drain(dying)).rejects.toThrow('the process is gone');
    expect(await deadLetters()).toBe(1);
    const [first] = await sentEvents();

    expect(await drain()).toMatchObject([{ outcome: 'replayed' }]);
    const [second] = await sentEvents();
    expect(second).toEqual(first);
    expect(await deadLetters()).toBe(0);
  });

  test('drains more than a batch, each once, and is recorded', async () => {
    const events = Array.from({ length: 23 }, newEvent);
    for (const event of events) await park(encodeRawEvent(event));
    const job = await startDrain(environment, both, {
      author: 'Ana Sol',
      reason: 'tables are back',
      nowMs: Date.now(),
    });
    const rows: DrainRow[] = [];
    for await (const _ of carryOnDrain(environment, job.id, { onRow: (row) => rows.push(row) }));
    expect(rows.map(({ event_id }) => event_id).sort()).toEqual(events.map(({ id }) => id).sort());
    expect(await readJob(environment.configuration, job.id)).toMatchObject({
      kind: 'drain',
      author: 'Ana Sol',
      reason: 'tables are back',
      state: 'done',
      total: 23,
      counts: { replayed: 23, row_written: 0, done: 0, left: 0 },
    });
    expect(await deadLetters()).toBe(0);
  });
});

describe('a look at dead letters', () => {
  test('shows what a drain would do, and changes nothing', async () => {
    const event = newEvent();
    await park(encodeRawEvent(event));
    await park('no message of ours');
    const rows = await previewDrain(environment, both, { nowMs: Date.now() });
    expect(rows.map(({ event_id, outcome }) => [event_id, outcome]).sort()).toEqual(
      [
        [event.id, 'replayed'],
        [null, 'left'],
      ].sort(),
    );
    expect(await sentEvents()).toEqual([]);
    // Visible at once, for the next reader.
    expect(await received(environment.outputs.EventsDeadLetterQueueUrl)).toHaveLength(2);
  });

  test('tells doctor the oldest, an example and when it is lost, and takes no message', async () => {
    const event = newEvent();
    await park(encodeRawEvent(event));
    const peeked = await peekDeadLetters(environment);
    const depths = await readQueueDepths(environment);
    const range = { sinceMs: 0, untilMs: Date.now() };
    expect(queueFindings(depths, undefined, range, environment, peeked)).toMatchObject([
      {
        id: 'dead_letters_stuck',
        count: 1,
        example: event.id,
        since: expect.stringMatching(/^20/),
        cause: expect.stringMatching(/The oldest of those looked at is lost on 20\d\d-/),
        next: 'npx signalbox replay --dlq --dry-run',
      },
    ]);
    expect(await received(environment.outputs.EventsDeadLetterQueueUrl)).toHaveLength(1);
  });
});
