import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeEventBridgeTargets } from '../../shared/adapters/event-bridge-target.ts';
import type { Target } from '../../shared/core/configuration/targets/index.ts';
import { localCredentials } from '../support/dynalite.ts';
import { cancelRequest, runRequest } from '../support/runs.ts';
import { awsError, awsJson, startWireServer } from '../support/wire-server.ts';

type Entry = { EventBusName: string; Source: string; DetailType: string; Detail: string; Time: number };
let server: Awaited<ReturnType<typeof startWireServer>>;
/** What has become of an entry, by what its detail says; taken unless the test says otherwise. */
let fateOf: (entry: Entry) => { ErrorCode: string; ErrorMessage: string } | undefined;

beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  fateOf = () => undefined;
  server.world.answer = ({ json, headers }, response) => {
    expect(headers['x-amz-target']).toBe('AWSEvents.PutEvents');
    const results = (json.Entries as Entry[]).map((entry, i) => fateOf(entry) ?? { EventId: `event-${i}` });
    const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length;
    awsJson(response, 200, { FailedEntryCount, Entries: results });
  };
});

const requestsSent = () => server.received.map(({ json }) => json.Entries as Entry[]);
const users = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}`);
const batch = { messageId: 'msg_batch', timeoutMs: 2000 };

function open(change: Partial<Extract<Target, { type: 'event-bridge' }>> = {}) {
  return makeEventBridgeTargets({
    endpoint: server.url,
    ...localCredentials,
    region: change.bus?.split(':')[3] ?? 'us-east-1',
  })('order-completed', {
    type: 'event-bridge',
    bus: 'orders',
    source: 'signalbox',
    detail_type: 'workflow.run',
    ...change,
  });
}

describe('runs', () => {
  test('are events on the bus, with the time of what happened and the run as detail', async () => {
    const request = runRequest();
    expect(await open().startMany?.([request], batch)).toEqual([
      { kind: 'accepted', reference: { event_id: 'event-0' } },
    ]);
    const [entry] = requestsSent()[0] ?? [];
    expect(entry).toMatchObject({ EventBusName: 'orders', Source: 'signalbox', DetailType: 'workflow.run' });
    expect(JSON.parse(entry?.Detail ?? '')).toEqual(request.message.data);
    expect(entry?.Time).toBe(Date.parse(request.message.timestamp) / 1000);
  });

  test('carry the source and type that the target names', async () => {
    await open({ source: 'shop', detail_type: 'order' }).start(runRequest());
    expect(requestsSent()[0]?.[0]).toMatchObject({ Source: 'shop', DetailType: 'order' });
  });

  test('go ten to a request, and no more', async () => {
    const target = open();
    expect(target.batchMax).toBe(10);
    const answers = await target.startMany?.(
      users(10).map((user) => runRequest(user)),
      batch,
    );
    expect(answers).toHaveLength(10);
    expect(requestsSent().map((entries) => entries.length)).toEqual([10]);
  });

  test('that are large are split into requests of 256 KB', async () => {
    const large = { data: { text: 'ü'.repeat(50_000) } };
    const answers = await open().startMany?.(
      users(5).map((user) => runRequest(user, large)),
      batch,
    );
    expect(
      requestsSent()
        .map((entries) => entries.length)
        .sort(),
    ).toEqual([1, 2, 2]);
    expect(answers?.map(({ kind }) => kind)).toEqual(Array(5).fill('accepted'));
    for (const { body } of server.received) expect(Buffer.byteLength(body)).toBeLessThan(300_000);
  });

  test('that fail alone wait alone: their neighbours have begun', async () => {
    fateOf = ({ Detail }) =>
      Detail.includes('user-1@')
        ? { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }
        : Detail.includes('user-2@')
          ? { ErrorCode: 'InternalFailure', ErrorMessage: 'oops' }
          : Detail.includes('user-3@')
            ? { ErrorCode: 'MalformedDetail', ErrorMessage: 'bad' }
            : undefined;
    const answers = await open().startMany?.(
      users(5).map((user) => runRequest(user)),
      batch,
    );
    expect(answers).toEqual([
      { kind: 'accepted', reference: { event_id: 'event-0' } },
      { kind: 'unavailable', reason: 'target_busy', detail: 'EventBridge: ThrottlingException: slow down' },
      { kind: 'unavailable', reason: 'target_unavailable', detail: 'EventBridge: InternalFailure: oops' },
      { kind: 'refused', detail: 'EventBridge: MalformedDetail: bad', reference: { error: 'MalformedDetail' } },
      { kind: 'accepted', reference: { event_id: 'event-4' } },
    ]);
  });

  test.each([
    [400, 'ThrottlingException', { kind: 'unavailable', reason: 'target_busy' }],
    [500, 'InternalException', { kind: 'unavailable', reason: 'target_unavailable' }],
    [400, 'AccessDeniedException', { kind: 'unavailable', reason: 'target_unavailable' }],
    [400, 'ValidationException', { kind: 'refused' }],
    [400, 'ResourceNotFoundException', { kind: 'refused' }],
  ])('whose request is answered %d %s all hear the same', async (status, type, expected) => {
    server.world.answer = (_request, response) => awsError(response, status, type);
    const answers = await open().startMany?.([runRequest('a'), runRequest('b')], batch);
    expect(answers).toMatchObject([expected, expected]);
  });

  test('an answer that says nothing of an entry is not a success', async () => {
    server.world.answer = (_request, response) => awsJson(response, 200, { FailedEntryCount: 0, Entries: [] });
    expect(await open().start(runRequest())).toMatchObject({ kind: 'unavailable', reason: 'target_unavailable' });
  });

  test('no answer in time: try again', async () => {
    server.world.answer = () => undefined;
    expect(await open().start(runRequest('lena', {}, 150))).toMatchObject({
      kind: 'unavailable',
      reason: 'target_timeout',
      detail: 'EventBridge did not answer in time',
    });
  });
});

describe('a cancellation', () => {
  test('is an event of its own type, whatever type runs have', async () => {
    const answer = await open({ detail_type: 'order' }).cancel?.(cancelRequest());
    expect(answer).toEqual({ kind: 'cancelled', reference: { event_id: 'event-0' } });
    const [entry] = requestsSent()[0] ?? [];
    expect(entry).toMatchObject({ DetailType: 'workflow_run.cancelled', Source: 'signalbox' });
    expect(JSON.parse(entry?.Detail ?? '')).toMatchObject({
      id: runRequest().message.data.id,
      cancellation_key: 'order-1',
      reason: 'workflows_cancel',
    });
  });

  test('that the bus refuses is too late; one that it throttles is tried again', async () => {
    fateOf = () => ({ ErrorCode: 'MalformedDetail', ErrorMessage: 'bad' });
    expect(await open().cancel?.(cancelRequest())).toMatchObject({ kind: 'too_late' });
    fateOf = () => ({ ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' });
    expect(await open().cancel?.(cancelRequest())).toMatchObject({ kind: 'unavailable', reason: 'target_busy' });
  });
});
