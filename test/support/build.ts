import { randomBytes } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import { Snapshot, SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { encodeRawEvent, packEventText, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';

/** A RudderStack track event as its webhook destination posts it. */
export function trackEvent(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'track',
    event: 'order_completed',
    messageId: 'msg-1',
    userId: 'usr_8841',
    anonymousId: 'a-5521',
    channel: 'web',
    properties: { order_id: 'A-1', total: 42.5 },
    context: { library: { name: 'RudderLabs JavaScript SDK', version: '3.7.1' } },
    timestamp: '2026-05-04T08:15:30.310Z',
    ...change,
  };
}

/** An accepted event, as ingest hands it on. Unique unless `id` is given. */
export function rawEvent(
  body: unknown = trackEvent(),
  change: Partial<RawEvent> & { receivedAtMs?: number } = {},
): RawEvent {
  const { receivedAtMs = Date.now(), ...rest } = change;
  const source = rest.source ?? 'rudderstack';
  return {
    id: makeEventId(source, 0, receivedAtMs, randomBytes(12)),
    source,
    verification: 'not_enforced:skipped',
    payload: packEventText({
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
    ...rest,
  };
}

let receipts = 0;

/** A message as Lambda gets it from a queue. */
export function sqsRecord(body: string, receiveCount = 1): SQSRecord {
  const messageId = `message-${++receipts}`;
  return {
    messageId,
    receiptHandle: `receipt-${receipts}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: '0',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:events',
    awsRegion: 'us-east-1',
  };
}

export function eventRecord(event: RawEvent, receiveCount = 1): SQSRecord {
  return sqsRecord(encodeRawEvent(event), receiveCount);
}

const orderMapping = {
  id: 'order-completed',
  event: 'track/order_completed',
  action: 'workflows_trigger',
  parameters: { key: 'order-completed', recipients: 'user_id', data: 'data' },
};
const identifyMapping = {
  id: 'identify',
  event: 'identify',
  action: 'users_identify',
  parameters: { id: 'user_id', email: 'data.email' },
};

/** A RudderStack source with the two shipped mappings, a `log` workflow, and what a test changes of it. */
export function liveConfiguration(
  change: {
    file?: Record<string, unknown>;
    state?: Record<string, unknown>;
    workflows?: Record<string, unknown>;
    version?: number;
  } = {},
): LiveConfiguration {
  return {
    version: change.version ?? 7,
    snapshot: Snapshot.parse({
      sources: {
        rudderstack: SourceFile.parse({
          kind: 'rudderstack',
          name: 'RudderStack',
          mappings: [identifyMapping, orderMapping],
          ...change.file,
        }),
      },
      workflows: change.workflows ?? {
        'order-completed': { name: 'Order completed', target: { development: { type: 'log' } } },
      },
    }),
    state: { sources: { rudderstack: SourceState.parse(change.state ?? {}) }, inactive_workflows: [] },
  };
}
