import { randomBytes } from 'node:crypto';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { makeClaimStore } from '../../../shared/adapters/dynamodb-claim-store.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import { printRunId } from '../../../shared/core/ids/run-id.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { actionLogOf, listActions } from '../../../shared/operations/actions/actions.ts';
import { eventLogOf, listEvents, readEvent } from '../../../shared/operations/events/events.ts';
import { makeNewsFilter } from '../../../shared/operations/events/follow-events.ts';
import { readRun, runsOfExecution, runsOfRecipient, workflowRunsOf } from '../../../shared/operations/runs/runs.ts';
import { type KnownSource, knownSources } from '../../../shared/operations/sources/known-sources.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { resolveId } from '../../../shared/operations/why/resolve-id.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { actionEntry, eventEntry, outcome, run } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration, trackEvent } from '../../support/build.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.now();
const known: KnownSource[] = [
  { key: 'rudderstack', shards: 3 },
  { key: 'segment', shards: 1 },
];

let environment: TestEnvironment;
let rows: EventLogEntry[];
let sent: jest.SpiedFunction<TestEnvironment['documents']['send']>;

/** A row `ageMs` old, on one of the shards of its source. */
function aged(ageMs: number, shard: number, change: Parameters<typeof eventEntry>[0] = {}): EventLogEntry {
  const source = change.source ?? 'rudderstack';
  return eventEntry({ ...change, id: makeEventId(source, shard, now - ageMs, randomBytes(12)) });
}

beforeAll(async () => {
  environment = await startEnvironment();
  sent = jest.spyOn(environment.documents, 'send');
  await environment.commit(liveConfiguration());
  rows = [
    aged(1_000, 0, { key: 'k1' }),
    aged(2_000, 2, { status: 'failed', reason: 'retries_exhausted', userId: 'ada' }),
    aged(3_000, 1, { status: 'no_mapping', reason: 'no_mapping_for_type', eventType: 'page', actionsPlanned: 0 }),
    aged(4_000, 0, { source: 'segment', userId: 'ada' }),
    aged(day + hour, 1, { userId: 'ada' }),
    aged(day + 2 * hour, 2, { status: 'rejected', reason: 'payload_invalid', actionsPlanned: 0 }),
    aged(2 * day, 0, { source: 'segment' }),
    aged(10 * day, 0, { userId: 'ada' }),
  ];
  expect(await environment.eventLog.writeEach(rows)).toEqual(rows.map(() => undefined));
});

afterAll(() => environment.stop());

const ids = (entries: EventLogEntry[]) => entries.map(({ id }) => id);
const picked = (...positions: number[]) => positions.map((i) => rows[i]?.id);
const list = (change: Partial<Parameters<typeof listEvents>[1]> = {}) =>
  listEvents(eventLogOf(environment), {
    sources: known,
    sinceMs: now - 3 * day,
    untilMs: now + hour,
    limit: 20,
    ...change,
  });

describe('a list of events', () => {
  test('is newest first over days, shards and sources', async () => {
    expect(ids(await list())).toEqual(picked(0, 1, 2, 3, 4, 5, 6));
  });

  test('stops at its limit, and at both ends of its range', async () => {
    expect(ids(await list({ limit: 3 }))).toEqual(picked(0, 1, 2));
    expect(ids(await list({ sinceMs: now - 3_000, untilMs: now - 2_000 }))).toEqual(picked(1, 2));
    expect(ids(await list({ sinceMs: now - 2_999, untilMs: now - 2_001 }))).toEqual([]);
  });

  test('keeps to one source, one type, one status', async () => {
    expect(ids(await list({ sources: [{ key: 'segment', shards: 1 }] }))).toEqual(picked(3, 6));
    expect(ids(await list({ eventType: 'page' }))).toEqual(picked(2));
    expect(ids(await list({ statuses: ['no_mapping'] }))).toEqual(picked(2));
  });

  test('finds failed and rejected events by index alone, with whole rows', async () => {
    sent.mockClear();
    const failed = await list({ statuses: ['failed'] });
    expect(ids(failed)).toEqual(picked(1));
    expect(failed[0]?.payload.length).toBeGreaterThan(0);
    expect(indexesAsked()).toEqual(new Set(['problems']));
    expect(ids(await list({ statuses: ['rejected'] }))).toEqual(picked(5));
    expect(ids(await list({ statuses: ['failed', 'rejected'] }))).toEqual(picked(1, 5));
    expect(indexesAsked()).toEqual(new Set(['problems']));
    expect(ids(await list({ statuses: ['failed', 'no_mapping'] }))).toEqual(picked(1, 2));
  });

  test("finds one user's events by index, however old, and filters them like any", async () => {
    sent.mockClear();
    expect(ids(await list({ userId: 'ada', sinceMs: 0 }))).toEqual(picked(1, 3, 4, 7));
    expect(indexesAsked()).toEqual(new Set(['users']));
    expect(ids(await list({ userId: 'ada', statuses: ['failed'] }))).toEqual(picked(1));
    expect(ids(await list({ userId: 'ada', sources: [{ key: 'segment', shards: 1 }] }))).toEqual(picked(3));
    expect(await list({ userId: 'nobody', sinceMs: 0 })).toEqual([]);
  });

  test('finds one run of a sync, alone or among the rejected', async () => {
    const ofRun = (runId: string, ageMs: number, change: Parameters<typeof eventEntry>[0] = {}) =>
      aged(ageMs, 0, { source: 'census', syncId: '3', syncRunId: runId, ...change });
    const refused = { status: 'rejected', reason: 'request_refused', actionsPlanned: 0 } as const;
    const run = [
      ofRun('602', 1_000),
      ofRun('602', 2_000, refused),
      ofRun('603', 3_000),
      aged(4_000, 0, { source: 'census' }),
    ];
    await environment.eventLog.writeEach(run);
    const sources = [{ key: 'census', shards: 1 }];
    const found = (...positions: number[]) => positions.map((i) => run[i]?.id);
    const entries = await list({ sources, syncRunId: '602' });
    expect(ids(entries)).toEqual(found(0, 1));
    expect(entries[0]).toMatchObject({ syncId: '3', syncRunId: '602' });
    expect(ids(await list({ sources, syncRunId: '602', statuses: ['rejected'] }))).toEqual(found(1));
    expect(ids(await list({ sources, syncRunId: '999' }))).toEqual([]);
  });
});

function indexesAsked(): Set<unknown> {
  return new Set(
    sent.mock.calls.flatMap(([command]) =>
      'KeyConditionExpression' in command.input ? [command.input.IndexName] : [],
    ),
  );
}

describe('one event', () => {
  test('is read by its id alone, whatever source it is of', async () => {
    expect((await readEvent(eventLogOf(environment), rows[3]?.id ?? '', known))?.source).toBe('segment');
  });

  test('of a source that is not known is not found, without a read', async () => {
    sent.mockClear();
    expect(
      await readEvent(eventLogOf(environment), makeEventId('elsewhere', 0, now, randomBytes(12)), known),
    ).toBeUndefined();
    expect(sent).not.toHaveBeenCalled();
  });
});

describe('known sources', () => {
  test('are those that are live and those that were, with the most shards that any of them says', () => {
    const live = liveConfiguration({ state: { log_shards: 2 } });
    const registry = [
      { source: 'gone', lastEventAtMs: 5, logShardsEver: 4 },
      { source: 'rudderstack', lastEventAtMs: 6, logShardsEver: 1 },
    ];
    expect(knownSources(live, registry, 1)).toEqual([
      { key: 'gone', shards: 4, lastEventAtMs: 5 },
      { key: 'rudderstack', shards: 2, lastEventAtMs: 6 },
    ]);
    expect(knownSources(liveConfiguration(), [], 8)).toEqual([{ key: 'rudderstack', shards: 8 }]);
  });
});

describe('actions', () => {
  test('are listed newest first, and problems by index alone, a skip beside a failure included', async () => {
    const good = aged(5_000, 0);
    const bad = aged(6_000, 1);
    const mixed = [
      outcome(bad.id, { status: 'failed', reason: 'target_refused' }),
      outcome(bad.id, { mapping: 'm2', status: 'skipped', reason: 'required_field_missing' }),
    ];
    await environment.actionLog.writeEach([actionEntry(good, [outcome(good.id)]), actionEntry(bad, mixed)]);
    const range = { sinceMs: now - hour, untilMs: now, shards: 3 };
    const find = async (change: object, limit = 10) =>
      (await listActions(actionLogOf(environment), { ...range, ...change, limit })).map(({ log, action }) => [
        log.eventId,
        action.status,
      ]);
    expect(await find({})).toEqual([
      [good.id, 'succeeded'],
      [bad.id, 'failed'],
      [bad.id, 'skipped'],
    ]);
    sent.mockClear();
    expect(await find({ statuses: ['skipped'] })).toEqual([[bad.id, 'skipped']]);
    expect(await find({ statuses: ['failed'] })).toEqual([[bad.id, 'failed']]);
    expect(indexesAsked()).toEqual(new Set(['problems']));
    expect(await find({ workflow: 'other' })).toEqual([]);
    expect(await find({}, 1)).toHaveLength(1);
  });
});

describe('runs', () => {
  test('are found by recipient, by execution and by their printed id', async () => {
    const event = aged(7_000, 0);
    const started = run(event);
    await environment.runs.createIfAbsent(started);
    const table = workflowRunsOf(environment);
    const ofUser = await take(runsOfRecipient(table, 'usr_8841', { sinceMs: 0, untilMs: now }), 10);
    expect(ofUser.map(({ eventId }) => eventId)).toEqual([event.id]);
    // The trigger names somebody who got no run, too.
    const log = actionEntry(event, [
      outcome(event.id, { payload: { key: 'order-completed', recipients: ['usr_8841', { id: 'new' }, 'usr_8841'] } }),
    ]);
    expect((await runsOfExecution(table, log)).map(({ key }) => printRunId(key))).toEqual([printRunId(started.key)]);
    expect((await readRun(table, started.key))?.data).toEqual({ total: 42.5 });
  });
});

describe('an id of unknown kind', () => {
  test('is an event, a message, a user, a run or an action, in this order', async () => {
    const event = aged(8_000, 0, { key: 'msg-77' });
    const claims = makeClaimStore(environment.documents, environment.outputs.ClaimsTable);
    const claim = (source: string, key: string) =>
      claims.claim(
        { key, source, eventType: 'track/a#b', eventId: event.id, leaseEndsAtMs: now, expiresAtMs: now + day },
        now,
      );
    await claim('rudderstack', 'msg-77');
    await claim('rudderstack', 'msg-78');
    await claim('segment', 'msg-78');
    const failed = outcome(event.id, { mapping: 'm3', status: 'failed', reason: 'target_refused' });
    await environment.actionLog.writeEach([actionEntry(event, [failed])]);

    const as = (text: string) => resolveId(environment, text, known);
    expect(await as(event.id)).toEqual({ as: 'event', eventId: event.id });
    expect(await as('msg-77')).toMatchObject({
      as: 'message',
      eventId: event.id,
      claims: [{ source: 'rudderstack', eventType: 'track/a#b' }],
    });
    expect(await as('msg-78')).toMatchObject({
      as: 'messages',
      claims: [{ source: 'rudderstack' }, { source: 'segment' }],
    });
    expect(await as('ada')).toMatchObject({ as: 'user', id: 'ada', events: [{ userId: 'ada' }, {}, {}, {}] });
    expect(await as(`${event.id}-5e884898-gone`)).toEqual({ as: 'run', eventId: event.id });
    expect(await as(failed.id)).toMatchObject({
      as: 'action',
      eventId: event.id,
      found: { action: { id: failed.id } },
    });
    expect(await as('nothing of the kind')).toEqual({ as: 'nothing' });
    // Too long for any key of a table: asked of none.
    expect(await as('x'.repeat(3000))).toEqual({ as: 'nothing' });
  });
});

describe('the story of an event', () => {
  test('has its claim, its mappings with values, its actions and its runs', async () => {
    const event = aged(9_000, 0, { key: 'msg-story', body: trackEvent({ messageId: 'msg-story' }), configVersion: 1 });
    const claims = makeClaimStore(environment.documents, environment.outputs.ClaimsTable);
    await claims.claim(
      {
        key: 'msg-story',
        source: 'rudderstack',
        eventType: 'track/order_completed',
        eventId: event.id,
        leaseEndsAtMs: now,
        expiresAtMs: now + day,
      },
      now,
    );
    await environment.eventLog.writeEach([event]);
    await environment.actionLog.writeEach([actionEntry(event, [outcome(event.id)])]);
    await environment.runs.createIfAbsent(run(event));
    const story = await tellEvent(environment, event.id, known, now);
    expect(story).toMatchObject({
      event: { id: event.id, actions: { succeeded: 1 } },
      claim: { owner: event.id, is_owner: true, expired: false, released: false },
      configuration: { version: 1, exact: true },
      mappings: [
        {
          mapping: 'order-completed',
          verdict: 'runs',
          parameters: [
            { name: 'data', from: 'data', value: { order_id: 'A-1', total: 42.5 } },
            { name: 'key', from: 'order-completed', value: 'order-completed' },
            { name: 'recipients', from: 'user_id', value: 'usr_8841' },
          ],
        },
      ],
      actions: [{ status: 'succeeded' }],
      runs: [{ recipient: 'usr_8841', status: 'handed_off' }],
      now: { state: 'done' },
    });
  });

  test('is told by the configuration that the row names, not by the one that came after', async () => {
    const event = aged(9_500, 0, { key: 'msg-old', body: trackEvent({ messageId: 'msg-old' }), configVersion: 1 });
    await environment.eventLog.writeEach([event]);
    await environment.commit(liveConfiguration({ file: { mappings: [] } }));
    expect((await tellEvent(environment, event.id, known, now))?.mappings).toHaveLength(1);
  });

  test('of a valid id without a row says where it may be; of an impossible one there is none', async () => {
    const id = makeEventId('rudderstack', 0, now, randomBytes(12));
    expect(await tellEvent(environment, id, known, now)).toMatchObject({ event: null, now: { state: 'unknown' } });
    const client = await environment.queues();
    const { SendMessageCommand } = await import('@aws-sdk/client-sqs');
    await client.send(new SendMessageCommand({ QueueUrl: environment.outputs.EventsQueueUrl, MessageBody: 'x' }));
    expect(await tellEvent(environment, id, known, now)).toMatchObject({ now: { state: 'waiting' } });
    expect(await tellEvent(environment, makeEventId('elsewhere', 0, now, randomBytes(12)), known, now)).toBeUndefined();
  });
});

test('following shows a row once, and again only when its status changed', () => {
  const filter = makeNewsFilter();
  const row = eventEntry({ status: 'failed', reason: 'retries_exhausted' });
  expect(filter.isNew(row)).toBe(true);
  filter.remember(row);
  expect(filter.isNew(row)).toBe(false);
  expect(filter.isNew(eventEntry({ receivedAtMs: now - hour }))).toBe(true);
  const replayed = { ...row, status: 'processed' as const };
  expect(filter.isNew(replayed)).toBe(true);
  filter.forgetBefore(row.receivedAtMs + 1);
  expect(filter.isNew(row)).toBe(true);
});

test('no reader scans a table', () => {
  expect(sent.mock.calls.filter(([command]) => (command as unknown) instanceof ScanCommand)).toEqual([]);
});
