import { randomBytes } from 'node:crypto';
import { BatchGetCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { makeClaimStore } from '../../../shared/adapters/dynamodb-claim-store.ts';
import { factAttributes, factsFromItem, itemFromEntry } from '../../../shared/adapters/dynamodb-event-log.ts';
import { noRuns } from '../../../shared/core/executions/no-runs.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import { ActionSearch, searchActions } from '../../../shared/operations/actions/action-search.ts';
import { groupActions } from '../../../shared/operations/actions/group-actions.ts';
import { checkedInput } from '../../../shared/operations/checked-input.ts';
import { EventSearch, searchEvents } from '../../../shared/operations/events/event-search.ts';
import { eventLogOf, findEvents } from '../../../shared/operations/events/events.ts';
import { exportLine } from '../../../shared/operations/events/export-events.ts';
import { groupEvents } from '../../../shared/operations/events/group-events.ts';
import type { SourceDirectory } from '../../../shared/operations/sources/known-sources.ts';
import { trendParts } from '../../../shared/operations/tables/groups.ts';
import { reading } from '../../../shared/operations/tables/reading.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { orderCompleted } from '../../bench/sample-events.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration, trackEvent } from '../../support/build.ts';

const nowMs = Date.now();
const minute = 60_000;
const day = 24 * 60 * minute;
const order = (change: Record<string, unknown>) => ({
  id: 'order-completed',
  event: 'track/order_completed',
  action: 'workflows_trigger',
  parameters: { key: 'order-completed', recipients: 'user_id' },
  ...change,
});
const live = liveConfiguration({
  file: {
    mappings: [
      order({ when: [{ path: 'data.total', gte: 100 }] }),
      order({ id: 'team', parameters: { key: 'team-news', recipients: 'data.team' }, event: 'track/joined' }),
    ],
  },
});
const directory: SourceDirectory = {
  live,
  known: [
    { key: 'rudderstack', shards: 3 },
    { key: 'segment', shards: 1 },
  ],
};

let environment: TestEnvironment;
let sent: jest.SpiedFunction<TestEnvironment['documents']['send']>;
const ids: Record<string, string> = {};
const named = (id: string) => Object.keys(ids).find((name) => ids[name] === id) ?? id;

/** An event by a name, so many minutes old. */
function event(name: string, minutes: number, { source = 'rudderstack', ...change }: EntryChange = {}) {
  const shard = source === 'rudderstack' ? minutes % 3 : 0;
  const id = makeEventId(source, shard, nowMs - minutes * minute, randomBytes(12));
  ids[name] = id;
  return eventEntry({ id, source, key: name, configVersion: 1, ...change });
}

beforeAll(async () => {
  environment = await startEnvironment();
  expect(await environment.commit(live)).toBe(1);
  const done = event('done', 1, { body: trackEvent({ properties: { order: 'A-1042', note: 'caf\u00e9 "9"' } }) });
  const small = event('small', 2, {
    status: 'no_mapping',
    reason: 'conditions_not_met',
    actionsPlanned: 0,
    body: trackEvent({ properties: { total: 34 } }),
  });
  const page = event('page', 3, {
    status: 'no_mapping',
    reason: 'no_mapping_for_type',
    eventType: 'page',
    actionsPlanned: 0,
    body: { type: 'page', userId: 'usr_2', messageId: 'm' },
    userId: 'usr_2',
  });
  const joined = { type: 'track', event: 'joined', userId: 'usr_2', messageId: 'm' };
  const skipped = event('skipped', 4, { eventType: 'track/joined', body: joined });
  const lonely = event('lonely', 5, {
    eventType: 'track/joined',
    body: { ...joined, properties: { team: { collection: 'teams', id: 't1' } } },
  });
  const failed = event('failed', 6, { status: 'failed', reason: 'retries_exhausted', actionsPlanned: 0 });
  const rejected = event('rejected', 7, {
    status: 'rejected',
    reason: 'payload_invalid',
    detail: 'userId is a number',
    actionsPlanned: 0,
    source: 'segment',
    configVersion: 2,
  });
  const copy = event('copy', 0, { status: 'idempotent', reason: 'duplicate', key: 'done', actionsPlanned: 0 });
  const odd = event('odd', 9, { source: 'segment', userId: 'usr_3', syncRunId: '602' });
  const waiting = event('waiting', 10, { configVersion: 2 });
  const old = event('old', 2 * 24 * 60, { userId: 'usr_3' });
  const all = [done, small, page, skipped, lonely, failed, rejected, copy, odd, waiting, old];
  expect(await environment.eventLog.writeEach(all)).toEqual(all.map(() => undefined));
  const team = { mapping: 'team', payload: { key: 'team-news', recipients: null } };
  await environment.actionLog.writeEach([
    actionEntry(done, [outcome(done.id)]),
    actionEntry(skipped, [
      outcome(skipped.id, {
        ...team,
        status: 'skipped',
        reason: 'required_field_missing',
        detail: 'recipients is required and resolved to nothing',
        result: { errors: [{ field: 'recipients', message: 'is required' }] },
      }),
    ]),
    actionEntry(lonely, [outcome(lonely.id, { ...team, result: { id: 'x', runs: 0 } })]),
    actionEntry(odd, [
      outcome(odd.id, {
        action: 'users_identify',
        mapping: 'identify',
        result: { id: 'usr_3', created: true },
        warnings: [{ code: 'email_malformed', message: 'lena@ is no address' }],
      }),
      outcome(odd.id, { mapping: 'second', status: 'failed', reason: 'target_refused', detail: 'answered 400: Nope' }),
    ]),
    actionEntry(old, [outcome(old.id, { result: { id: 'x', runs: 0, cancelled: 1 } })]),
  ]);
  const claims = makeClaimStore(environment.documents, environment.outputs.ClaimsTable);
  const claim = { key: 'done', source: 'rudderstack', eventType: 'track/order_completed', eventId: done.id };
  await claims.claim({ ...claim, leaseEndsAtMs: nowMs, expiresAtMs: nowMs + day }, nowMs);
  sent = jest.spyOn(environment.documents, 'send');
});
afterAll(() => environment.stop());

const eventSearch = (search: object, limit = 20, isComplete = false) =>
  searchEvents(environment, directory, checkedInput(EventSearch, search), { nowMs, limit, isComplete });
const actionSearch = (search: object, limit = 20) =>
  searchActions(environment, directory, checkedInput(ActionSearch, search), { nowMs, limit });
const eventsOf = async (search: object) =>
  (await pageOf(eventSearch(search), 50)).rows.map(({ entry }) => named(entry.id));
const actionsOf = async (search: object) =>
  (await pageOf(actionSearch(search), 50)).rows.map(({ log, action }) => `${named(log.eventId)} ${action.mapping}`);

describe('events are found', () => {
  const everything = [
    'done',
    'small',
    'page',
    'skipped',
    'lonely',
    'failed',
    'rejected',
    'copy',
    'odd',
    'waiting',
    'old',
  ];

  test.each<[string, object, string[]]>([
    ['all of them', {}, everything],
    ['by source', { source: 'segment' }, ['rejected', 'odd']],
    ['by type', { type: 'track/joined' }, ['skipped', 'lonely']],
    ['by status', { status: ['failed', 'idempotent'] }, ['failed', 'copy']],
    ['by reason', { reason: ['conditions_not_met', 'payload_invalid'] }, ['small', 'rejected']],
    ['by reason, none of another status', { reason: ['payload_invalid'], status: ['failed'] }, []],
    ['by user, however old', { user_id: 'usr_3' }, ['odd', 'old']],
    ['by user and time', { user_id: 'usr_3', since_ms: nowMs - day }, ['odd']],
    ['by configuration version', { config_version: 2 }, ['rejected', 'waiting']],
    ['by run of a sync', { sync_run_id: '602' }, ['odd']],
    ['by time', { since_ms: nowMs - 3.5 * minute, until_ms: nowMs - 1.5 * minute }, ['small', 'page']],
    ['by mapping that ran', { mapping: 'team' }, ['skipped', 'lonely']],
    ['by mapping that was considered', { mapping: 'order-completed' }, ['done', 'small', 'old']],
    ['by workflow', { workflow: 'team-news' }, ['skipped', 'lonely']],
    ['by workflow of a mapping that did not run', { workflow: 'order-completed', status: ['no_mapping'] }, ['small']],
    ['by text, in any case', { text: 'a-1042' }, ['done']],
    ['by text that is written with escapes', { text: 'café "9"' }, ['done']],
    ['by text that is in none', { text: 'nowhere' }, []],
    ['by a warning', { warnings: [] }, ['lonely', 'odd', 'skipped'].sort().reverse()],
    ['by one warning', { warnings: ['email_malformed'] }, ['odd']],
    ['by their having done nothing', { did_nothing: true }, ['small', 'page', 'skipped', 'lonely', 'rejected']],
    ['by several of these', { did_nothing: true, type: 'track/joined', warnings: [noRuns] }, ['skipped', 'lonely']],
  ])('%s', async (_name, search, expected) => {
    const found = await eventsOf(search);
    expect(found.toSorted()).toEqual(expected.toSorted());
    // Newest first, whatever they were found by.
    const times = found.map((name) => ids[name] ?? '');
    expect(times).toEqual(times.toSorted().reverse());
  });

  test('by message id: the one that holds it first, then copies', async () => {
    expect(await eventsOf({ message_id: 'done' })).toEqual(['done', 'copy']);
    expect(await eventsOf({ message_id: 'done', after: ids.copy })).toEqual([]);
    // It made no claim.
    expect(await eventsOf({ message_id: 'rejected' })).toEqual(['rejected']);
    expect(await eventsOf({ message_id: 'unknown' })).toEqual([]);
  });

  test('with what decided that they did nothing: mapping, path and value', async () => {
    const { rows } = await pageOf(eventSearch({ did_nothing: true }), 50);
    const decided = Object.fromEntries(rows.map(({ entry, decidedBy }) => [named(entry.id), decidedBy]));
    const nothing = { test: null, path: null, found: null };
    expect(decided).toEqual({
      small: [
        {
          mapping: 'order-completed',
          reason: 'conditions_not_met',
          path: 'data.total',
          test: { gte: 100 },
          found: 34,
          detail: 'data.total is 34, not gte 100',
        },
      ],
      page: [{ ...nothing, mapping: null, reason: 'no_mapping_for_type', detail: 'no mapping names the type page' }],
      skipped: [
        {
          ...nothing,
          mapping: 'team',
          reason: 'required_field_missing',
          path: 'data.team',
          detail: 'recipients is required and resolved to nothing',
        },
      ],
      lonely: [
        {
          mapping: 'team',
          reason: noRuns,
          path: 'data.team',
          test: null,
          found: { collection: 'teams', id: 't1' },
          detail: expect.stringContaining('no run began'),
        },
      ],
      rejected: [{ ...nothing, mapping: null, reason: 'payload_invalid', detail: 'userId is a number' }],
    });
  });
});

describe('actions are found', () => {
  const second = ['odd second'];
  test.each<[string, object, string[]]>([
    [
      'all of them',
      {},
      ['done order-completed', 'skipped team', 'lonely team', 'odd identify', 'odd second', 'old order-completed'],
    ],
    ['by source', { source: 'segment' }, ['odd identify', 'odd second']],
    ['by type', { type: 'track/joined' }, ['skipped team', 'lonely team']],
    ['by status', { status: ['failed'] }, second],
    ['by reason', { reason: ['target_refused'] }, second],
    ['by kind', { action: 'users_identify' }, ['odd identify']],
    ['by mapping', { mapping: 'team' }, ['skipped team', 'lonely team']],
    ['by workflow', { workflow: 'team-news' }, ['skipped team', 'lonely team']],
    ['by user, however old', { user_id: 'usr_3' }, ['odd identify', 'odd second', 'old order-completed']],
    ['by message id', { message_id: 'done' }, ['done order-completed']],
    ['by event', { event_id: 'odd' }, ['odd identify', 'odd second']],
    ['by configuration version', { config_version: 2 }, []],
    ['by text of what the target answered', { text: 'answered 400: nope' }, second],
    ['by text of their parameters', { text: 'team-news' }, ['skipped team', 'lonely team']],
    ['by a warning', { warnings: [] }, ['skipped team', 'lonely team', 'odd identify']],
    ['by one warning', { warnings: [noRuns] }, ['skipped team', 'lonely team']],
  ])('%s', async (_name, search, expected) => {
    const wanted = 'event_id' in search ? { event_id: ids[String(search.event_id)] } : search;
    expect(await actionsOf(wanted)).toEqual(expected);
  });
});

describe('a search reads', () => {
  const indexes = () =>
    sent.mock.calls.flatMap(([command]) => ((command as unknown) instanceof QueryCommand ? [command.input] : [])) as {
      TableName: string;
      IndexName?: string;
    }[];
  const looks = async (search: object) => {
    sent.mockClear();
    await eventsOf(search);
    return new Set(indexes().map(({ TableName, IndexName }) => IndexName ?? TableName));
  };

  test('one index alone where a key leads to the events', async () => {
    expect(await looks({ reason: ['payload_invalid'] })).toEqual(new Set(['problems']));
    expect(await looks({ status: ['failed'], type: 'track/joined' })).toEqual(new Set(['problems']));
    expect(await looks({ user_id: 'usr_3' })).toEqual(new Set(['users']));
  });

  test('no whole row of an event that the index tells apart', async () => {
    sent.mockClear();
    expect(await eventsOf({ status: ['failed'], reason: ['message_unreadable'] })).toEqual([]);
    expect(sent.mock.calls.filter(([command]) => (command as unknown) instanceof BatchGetCommand)).toEqual([]);
  });

  test('the index alone to count what failed', async () => {
    sent.mockClear();
    const search = { status: ['failed', 'rejected'] as const };
    const { count } = await groupEvents(environment, directory, checkedInput(EventSearch, search), 'reason', {
      nowMs,
    });
    expect(count).toBe(2);
    expect(sent.mock.calls.filter(([command]) => (command as unknown) instanceof BatchGetCommand)).toEqual([]);
  });

  test('the same facts to count a row as to show it, packed or not', () => {
    const bodies = [trackEvent(), orderCompleted()];
    const items = bodies.map((body) => {
      const entry = eventEntry({ body, source: 'segment', syncRunId: '7' });
      return { entry, item: itemFromEntry(entry, { retentionDays: 30, usersIndex: true }) };
    });
    expect(items.map(({ item }) => 'packed' in item)).toEqual([false, true]);
    for (const { entry, item } of items) {
      const projected = Object.fromEntries(['pk', 'sk', ...factAttributes].map((name) => [name, item[name]]));
      expect(entry).toMatchObject(factsFromItem(projected));
      expect(Object.keys(factsFromItem(projected))).toHaveLength(8);
    }
  });

  test('no table as a whole', () => {
    expect(sent.mock.calls.filter(([command]) => (command as unknown) instanceof ScanCommand)).toEqual([]);
  });

  test.each([1, 3, 4, 7, 100])(
    'at most %d rows and a page at a time, and finds the same when it goes on where it stopped',
    async (rowsMax) => {
      const range = { sinceMs: nowMs - 3 * day, untilMs: nowMs, sources: directory.known, limit: 2 };
      for (const filter of [{}, { statuses: ['failed', 'rejected'] as const }, { eventType: 'page' }]) {
        const all: string[] = [];
        let after: string | undefined;
        for (let parts = 0; parts === 0 || after !== undefined; parts++) {
          const from = after;
          after = undefined;
          const wanted = { ...range, ...filter, ...(from !== undefined && { after: from }) };
          for await (const { id, row } of findEvents(eventLogOf(environment), wanted, reading(rowsMax))) {
            if (row === undefined) after = id;
            else all.push(id);
          }
          expect(parts).toBeLessThan(100);
        }
        const whole: string[] = [];
        for await (const { id } of findEvents(eventLogOf(environment), { ...range, ...filter }, reading()))
          whole.push(id);
        expect(all).toEqual(whole);
      }
    },
  );

  test('says how many rows it looked at, and that it came to the end', async () => {
    const search = eventSearch({ text: 'A-1042' });
    expect((await pageOf(search, 20)).looked).toEqual({ rows: Object.keys(ids).length, next: null, back_to: null });
  });
});

describe('groups', () => {
  const groups = async (by: Parameters<typeof groupEvents>[3], search: object = {}) =>
    groupEvents(environment, directory, checkedInput(EventSearch, search), by, { nowMs });

  test('count the events of each value, with first, last and the newest as an example', async () => {
    const { groups: found, count: events } = await groups('status');
    expect(events).toBe(11);
    expect(found.map(({ value, count }) => [value, count])).toEqual([
      ['processed', 6],
      ['no_mapping', 2],
      // Of equal numbers the newest first.
      ['idempotent', 1],
      ['failed', 1],
      ['rejected', 1],
    ]);
    expect(found[0]).toMatchObject({
      example: ids.done,
      first_at: new Date(nowMs - 2 * day).toISOString(),
      last_at: new Date(nowMs - minute).toISOString(),
    });
  });

  test('show the course of each number over the time that was looked at', async () => {
    const [{ trend } = { trend: [] }] = (await groups('source', { since_ms: nowMs - 3 * day, until_ms: nowMs })).groups;
    expect(trend).toHaveLength(trendParts);
    expect([trend.at(-1), trend.reduce((sum, count) => sum + count)]).toEqual([8, 9]);
    expect(trend.findIndex((count) => count > 0)).toBe(trendParts / 3);
  });

  test.each<[Parameters<typeof groupEvents>[3], object, [string | null, number][]]>([
    [
      'type',
      { status: ['no_mapping'] },
      [
        ['track/order_completed', 1],
        ['page', 1],
      ],
    ],
    [
      'reason',
      { status: ['failed', 'rejected'] },
      [
        ['retries_exhausted', 1],
        ['payload_invalid', 1],
      ],
    ],
    ['workflow', { type: 'track/joined' }, [['team-news', 2]]],
    [
      'mapping',
      { source: 'segment' },
      [
        [null, 1],
        ['identify', 1],
        ['second', 1],
      ],
    ],
    [
      'mapping',
      { did_nothing: true },
      [
        ['team', 2],
        [null, 2],
        ['order-completed', 1],
      ],
    ],
    [
      'reason',
      { did_nothing: true },
      [
        ['conditions_not_met', 1],
        ['no_mapping_for_type', 1],
        ['required_field_missing', 1],
        ['no_runs', 1],
        ['payload_invalid', 1],
      ],
    ],
  ])('by %s of %j', async (by, search, expected) => {
    const { groups: found } = await groups(by, search);
    expect(found.map(({ value, count }) => [value, count]).toSorted()).toEqual(expected.toSorted());
  });

  test('count actions alike', async () => {
    const grouped = await groupActions(environment, directory, {}, 'status', { nowMs });
    expect(grouped.groups.map(({ value, count }) => [value, count])).toEqual([
      ['succeeded', 4],
      ['skipped', 1],
      ['failed', 1],
    ]);
    expect(grouped.groups[0]?.example).toBe(ids.done);
  });
});

describe('an export', () => {
  const line = (body: string | undefined) => {
    const entry = eventEntry({ body: body ?? '' });
    return exportLine(body === undefined ? { entry: { ...entry, payload: Buffer.from('damaged') } } : { entry });
  };

  test('has the event exactly as it came, in one line', () => {
    const text = '{\n\t"n": 12345678901234567890.10,\r\n "s": "a\u202eb \\n"}';
    expect(line(text)).toContain('"event":{ "n": 12345678901234567890.10,  "s": "a\\u202eb \\n"},"event_text":null}');
    expect(line(text)).not.toMatch(/[\n\r\t\u202e]/);
    expect(JSON.parse(line(text)).event.s).toBe('a\u202eb \n');
  });

  test('has text that is not JSON as text, and nothing of bytes that cannot be read', () => {
    expect(JSON.parse(line('{"half'))).toMatchObject({ event: null, event_text: '{"half', status: 'processed' });
    expect(JSON.parse(line(undefined))).toMatchObject({ event: null, event_text: null, headers: null });
  });
});

test.each([
  [EventSearch, { type: '' }, 'type'],
  [EventSearch, { status: ['done'] }, 'status'],
  [EventSearch, { since: 5 }, 'since'],
  [ActionSearch, { reason: [] }, 'reason'],
])('a search is refused with the name of its wrong field: %#', (schema, search, field) => {
  expect(() => checkedInput(schema, search)).toThrow(field);
});
