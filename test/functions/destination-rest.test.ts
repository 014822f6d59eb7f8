import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isTombstone } from '../../shared/core/directory/entity.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { unpackEventText } from '../../shared/core/events/raw-event.ts';
import type { EntityRef } from '../../shared/core/ids/entity-ref.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import type { JsonValue } from '../../shared/core/json/values.ts';
import { startApi, type TestApi } from './api-for-tests.ts';
import {
  call,
  censusPath,
  configure,
  directoryWrites,
  planned,
  rowsOf,
  syncBatch,
  syncCensus,
} from './destination-for-tests.ts';

/* docs/destinations.md: audiences, workflow triggers, deletes, mappings, and what rows there are. */

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  configure(api, { audiences: { vip: { name: 'VIP' } } });
  api.events.length = 0;
});

const user = (id: string): EntityRef => ({ kind: 'user', id });
const succeeded = (...identifiers: JsonValue[]) => identifiers.map((identifier) => ({ identifier, success: true }));
const toAudience = { object: 'audiences', operation: 'insert', key: 'user_id' };
const fromAudience = { ...toAudience, operation: 'delete' };
const membersOf = async (key: string) => {
  const { entries } = await api.deps.audiences.membersOf(key, { limit: 1000 });
  return entries.map(({ userId, tenant }) => (tenant === null ? userId : `${userId} in ${tenant}`));
};
const log = { kind: 'census', name: 'W' };
const target = { development: { type: 'log' } };

describe('an audience', () => {
  const members = (...ids: string[]) => ids.map((user_id) => ({ user_id, audience_key: 'vip' }));

  test('gets members, with a tenant and without; an empty tenant is none', async () => {
    const records = [
      { user_id: 'm1', audience_key: 'vip' },
      { user_id: 'm2', audience_key: 'vip', tenant: '' },
      { user_id: 'm3', audience_key: 'vip', tenant: null },
      { user_id: 'm3', audience_key: 'vip', tenant: 'acme', extra: 'ignored' },
      { user_id: 4242, audience_key: 'vip' },
    ];
    expect(await syncCensus(api, records, toAudience)).toEqual(succeeded('m1', 'm2', 'm3', 'm3', 4242));
    expect(await membersOf('vip')).toEqual(['4242', 'm1', 'm2', 'm3', 'm3 in acme']);
  });

  test('costs no write for who is a member already, and none for who is none and leaves', async () => {
    await syncCensus(api, members('m1', 'm2'), toAudience);
    const again = await directoryWrites(api, async () => {
      for (const operation of ['insert', 'upsert'])
        expect(await syncCensus(api, members('m1', 'm2'), { ...toAudience, operation })).toEqual(succeeded('m1', 'm2'));
      expect(await syncCensus(api, members('nobody', 'no-one'), fromAudience)).toEqual(succeeded('nobody', 'no-one'));
    });
    expect(again).toBe(0);
  });

  test('loses members by a record that has nothing but the identifier and constants', async () => {
    await syncCensus(api, members('l1', 'l2'), toAudience);
    expect(await syncCensus(api, members('l1'), fromAudience)).toEqual(succeeded('l1'));
    expect(await membersOf('vip')).toEqual(expect.not.arrayContaining(['l1']));
    expect(await syncCensus(api, members('l1'), toAudience)).toEqual(succeeded('l1'));
    expect(await membersOf('vip')).toEqual(expect.arrayContaining(['l1', 'l2']));
  });

  test('that is not there fails its records alone, and is not made', async () => {
    const records = [...members('m5'), { user_id: 'm6', audience_key: 'nope' }];
    expect(await syncCensus(api, records, toAudience)).toEqual([
      { identifier: 'm5', success: true },
      { identifier: 'm6', success: false, error_message: 'Audience nope does not exist in development' },
    ]);
    expect(await membersOf('nope')).toEqual([]);
  });

  test.each([
    ['no key', { user_id: 'm7' }, 'audience_key is missing'],
    [
      'a key that none can have',
      { user_id: 'm7', audience_key: 'V I P' },
      'audience_key must be 1-255 lower-case letters',
    ],
    ['no user', { audience_key: 'vip' }, 'user_id is missing'],
    [
      'a tenant that none can be',
      { user_id: 'm7', audience_key: 'vip', tenant: 'a b' },
      'tenant must not contain whitespace',
    ],
  ])('record with %s fails with a sentence', async (_name, record, message) => {
    const [result] = await syncCensus(api, [record], toAudience);
    expect(result).toMatchObject({ success: false, error_message: expect.stringContaining(message) });
  });

  test('takes no updates: the whole batch is an error', async () => {
    const { body } = await call(
      api,
      censusPath,
      'sync_batch',
      syncBatch(members('m8'), { ...toAudience, operation: 'update' }),
    );
    expect(body).toMatchObject({
      error: { code: -32602, message: expect.stringContaining('Audiences take insert, upsert, delete') },
    });
  });

  test('with a workflow that greets hands each new member over, before it is added, under the id that finds it new', async () => {
    configure(api, {
      audiences: { vip: { name: 'VIP' } },
      workflows: { welcome: { name: 'Welcome', audience: 'vip', target } },
    });
    const { audiences } = api.deps;
    const steps: string[] = [];
    api.deps.eventsQueue = {
      async sendEach(events) {
        steps.push(`queued ${events.length}`);
        api.events.push(...events);
        return events.map(() => ({ sent: true }));
      },
    };
    const by: string[] = [];
    api.deps.audiences = {
      ...audiences,
      add(key, keys, wish) {
        steps.push(`added ${keys.length}`);
        by.push(wish.by);
        return audiences.add(key, keys, wish);
      },
    };
    await syncCensus(api, members('g1', 'g2'), toAudience);
    expect(steps).toEqual(['queued 2', 'added 1', 'added 1']);
    const plans = await planned(api);
    expect(plans.map(({ plan }) => plan)).toEqual(
      ['g1', 'g2'].map((id) => ({
        kind: 'run',
        invocations: [
          {
            mapping: '$record',
            action: 'audiences_add_member',
            payload: { key: 'vip', members: [{ user: id, tenant: null }] },
          },
        ],
      })),
    );
    expect(by.sort()).toEqual(api.events.map(({ id }) => invocationId(id, '$record')).sort());
    // Those who are members already are greeted no more.
    api.events.length = 0;
    await syncCensus(api, members('g1'), toAudience);
    expect(api.events).toEqual([]);
    api.deps.audiences = audiences;
  });
});

describe('a workflow trigger', () => {
  const trigger = { object: 'workflows', operation: 'insert', key: 'event_id' };
  const record = {
    event_id: 'order-1',
    workflow: 'receipt',
    recipient: 'ana',
    tenant: 'acme',
    total: 12.5,
    note: null,
  };

  test('is queued, done once the queue has it, and asks for the workflow with its columns as data', async () => {
    configure(api, { workflows: { receipt: { name: 'Receipt', target } } });
    expect(await syncCensus(api, [record], { ...trigger, syncRunId: 71 })).toEqual(succeeded('order-1'));
    const [one] = await planned(api);
    expect(one).toMatchObject({ key: 'order-1', event: { eventType: 'record.insert', sync: { runId: '71' } } });
    expect(one?.plan).toEqual({
      kind: 'run',
      invocations: [
        {
          mapping: '$record',
          action: 'workflows_trigger',
          payload: { key: 'receipt', recipients: 'ana', tenant: 'acme', data: { total: 12.5, note: null } },
        },
      ],
    });
    expect((await rowsOf(api)).filter(({ syncRunId }) => syncRunId === '71')).toEqual([]);
  });

  test.each([
    ['no event id', { event_id: null }, 'event_id is missing'],
    ['an event id that is too long', { event_id: 'x'.repeat(256) }, 'event_id must be 1 to 255 characters'],
    ['no workflow', { workflow: '' }, 'workflow is missing'],
    ['a workflow that is not there', { workflow: 'reciept' }, 'reciept'],
    ['no recipient', { recipient: null }, 'recipient is missing'],
    ['a recipient that is none', { recipient: 'a/b' }, 'recipient "a/b" must not contain'],
    ['an actor that is none', { actor: 'a/b' }, 'actor "a/b" must not contain'],
  ])('with %s fails with a sentence, and is not queued', async (_name, change, message) => {
    configure(api, { workflows: { receipt: { name: 'Receipt', target } } });
    const [result] = await syncCensus(api, [{ ...record, ...change }], trigger);
    expect(result).toMatchObject({ success: false, error_message: expect.stringContaining(message) });
    expect(api.events).toEqual([]);
  });

  test('that no message can hold is refused alone', async () => {
    configure(api, { workflows: { receipt: { name: 'Receipt', target } } });
    const noise = randomBytes(600_000).toString('base64');
    const results = await syncCensus(
      api,
      [
        { ...record, noise },
        { ...record, event_id: 'order-2' },
      ],
      trigger,
    );
    expect(results).toMatchObject([
      { success: false, error_message: expect.stringContaining('bytes compressed; at most 389120 fit') },
      { success: true },
    ]);
    expect(api.events).toHaveLength(1);
  });

  test('that the queue does not take is no success: the whole batch is a 503', async () => {
    configure(api, { workflows: { receipt: { name: 'Receipt', target } } });
    const { eventsQueue } = api.deps;
    api.deps.eventsQueue = {
      sendEach: async (events) => events.map(() => ({ sent: false, error: new RetryableError('away') })),
    };
    expect(await call(api, censusPath, 'sync_batch', syncBatch([record], trigger))).toMatchObject({ status: 503 });
    api.deps.eventsQueue = eventsQueue;
  });
});

describe('a delete, where the file of the source allows it', () => {
  const on = { sources: { warehouse: { ...log, destination: { deletes: true } } } };
  const stored = async (ref: EntityRef) => {
    const [one] = await api.deps.directory.readStoredEach([ref]);
    return one === undefined ? 'nothing' : isTombstone(one) ? 'deleted' : 'there';
  };

  test.each<[string, EntityRef, Record<string, string>, object]>([
    ['users', user('d1'), { id: 'd1' }, { action: 'users_delete', payload: { id: 'd1' } }],
    [
      'tenants',
      { kind: 'object', collection: '$tenants', id: 'd1' },
      { id: 'd1' },
      { action: 'tenants_delete', payload: { id: 'd1' } },
    ],
    [
      'objects',
      { kind: 'object', collection: 'projects', id: 'd1' },
      { id: 'd1', collection: 'projects' },
      { action: 'objects_delete', payload: { collection: 'projects', id: 'd1' } },
    ],
  ])('of %s is done at once, and what hangs on them is left to the event', async (object, ref, record, invocation) => {
    configure(api, on);
    await syncCensus(api, [{ ...record, name: 'N' }], { object });
    api.events.length = 0;
    expect(await syncCensus(api, [record], { object, operation: 'delete' })).toEqual(succeeded('d1'));
    expect(await stored(ref)).toBe('deleted');
    const [one] = await planned(api);
    expect(one?.plan).toEqual({ kind: 'run', invocations: [{ mapping: '$record', ...invocation }] });
  });

  test('of what is not there succeeds, costs no write and queues nothing; so does the same delete again', async () => {
    configure(api, on);
    await syncCensus(api, [{ id: 'd2' }]);
    await syncCensus(api, [{ id: 'd2' }], { operation: 'delete' });
    api.events.length = 0;
    const writes = await directoryWrites(api, async () => {
      expect(await syncCensus(api, [{ id: 'never' }, { id: 'd2' }], { operation: 'delete' })).toEqual(
        succeeded('never', 'd2'),
      );
    });
    expect([writes, api.events.length]).toEqual([0, 0]);
    expect(await stored(user('never'))).toBe('nothing');
  });

  test('needs the collection of an object', async () => {
    configure(api, on);
    const [result] = await syncCensus(api, [{ id: 'd3' }], { object: 'objects', operation: 'delete' });
    expect(result).toMatchObject({ success: false, error_message: 'collection is missing' });
  });

  test('deletes nothing by its event where the file does not allow it any more', async () => {
    configure(api, on);
    await syncCensus(api, [{ id: 'd4' }]);
    await syncCensus(api, [{ id: 'd4' }], { operation: 'delete' });
    configure(api, { sources: { warehouse: log } });
    const plans = await planned(api);
    expect(plans.map(({ plan }) => plan)).toContainEqual({ kind: 'run', invocations: [] });
  });
});

describe('mappings of the source run as well', () => {
  const mapping = {
    id: 'greet',
    event: 'record.insert',
    action: 'workflows_trigger',
    parameters: { key: 'receipt', recipients: 'user_id', data: 'data' },
    when: [{ path: 'preprocess.object', is: 'users' }],
  };
  const files = {
    sources: { warehouse: { ...log, mappings: [mapping] } },
    workflows: { receipt: { name: 'Receipt', target } },
    audiences: { vip: { name: 'VIP' } },
  };

  test('after the record is stored, as for any event: its data is the record', async () => {
    configure(api, files);
    const record = { id: 'mapped', name: 'Ana', plan: null };
    expect(await syncCensus(api, [record, { name: 'wrong' }], { operation: 'insert', syncRunId: 81 })).toMatchObject([
      { success: true },
      { success: false },
    ]);
    const [one, ...others] = await planned(api);
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      event: { userId: 'mapped', data: record, preprocess: { object: 'users' }, sync: { id: '3', runId: '81' } },
    });
    expect(one?.plan).toEqual({
      kind: 'run',
      invocations: [
        {
          mapping: 'greet',
          action: 'workflows_trigger',
          payload: { key: 'receipt', recipients: 'mapped', data: record },
        },
      ],
    });
    // The row of the queued one is the processor's.
    const rows = (await rowsOf(api, 'warehouse')).filter(({ syncRunId }) => syncRunId === '81');
    expect(rows).toMatchObject([{ status: 'rejected', detail: 'id is missing' }]);
  });

  test('a record whose mapping does not run is processed all the same: the request did its work', async () => {
    configure(api, files);
    await syncCensus(api, [{ user_id: 'm9', audience_key: 'vip' }], toAudience);
    const [one] = await planned(api);
    expect(one?.considered).toMatchObject([{ verdict: 'conditions_not_met' }]);
    expect(one?.plan).toEqual({ kind: 'run', invocations: [] });
  });

  test('records of another type are not queued', async () => {
    configure(api, files);
    await syncCensus(api, [{ id: 'not-mapped' }]);
    expect(api.events).toEqual([]);
  });
});

describe('rows and counts', () => {
  /** The sums of the counts of one source since the last look. */
  function counts(source: string): Record<string, number> {
    api.deps.metrics.flush();
    const sums: Record<string, number> = {};
    for (const line of api.counted.splice(0)) {
      if (line.source !== source) continue;
      for (const [name, value] of Object.entries(line))
        if (/^(Events|Records)/.test(name)) sums[name] = (sums[name] ?? 0) + Number(value);
    }
    return sums;
  }

  test('each row counts as accepted, and nothing is left unanswered', async () => {
    configure(api, { sources: { warehouse: log } });
    counts('warehouse');
    await syncCensus(api, [{ id: 'c1' }, { id: 'c2' }, {}]);
    expect(counts('warehouse')).toEqual({
      EventsAccepted: 3,
      EventsUnanswered: 0,
      EventsProcessed: 2,
      EventsRejected: 1,
      RecordsApplied: 2,
      RecordsRefused: 1,
    });
  });

  test('with log_rows off only the refused have rows; all are counted', async () => {
    configure(api, { sources: { warehouse: { ...log, destination: { log_rows: false } } } });
    counts('warehouse');
    expect(await syncCensus(api, [{ id: 'c3' }, {}], { syncRunId: 91 })).toMatchObject([
      { success: true },
      { success: false },
    ]);
    expect((await rowsOf(api, 'warehouse')).filter(({ syncRunId }) => syncRunId === '91')).toMatchObject([
      { status: 'rejected' },
    ]);
    expect(counts('warehouse')).toEqual({
      EventsAccepted: 1,
      EventsUnanswered: 0,
      EventsRejected: 1,
      RecordsApplied: 1,
      RecordsRefused: 1,
    });
  });

  test('rows that may be written stay counted as unanswered when the batch fails', async () => {
    configure(api, { sources: { warehouse: log } });
    const { eventLog } = api.deps;
    api.deps.eventLog = {
      ...eventLog,
      writeEach: async (rows) => rows.map((_, i) => (i < 2 ? new RetryableError('lost') : undefined)),
    };
    counts('warehouse');
    expect(
      await call(api, censusPath, 'sync_batch', syncBatch([{ id: 'c4' }, { id: 'c5' }, { id: 'c6' }])),
    ).toMatchObject({ status: 503 });
    api.deps.eventLog = eventLog;
    expect(counts('warehouse')).toMatchObject({ EventsAccepted: 1, EventsUnanswered: 2 });
  });

  test('a function that stops in the middle has printed before how many rows no answer may name', async () => {
    configure(api, {
      sources: { warehouse: { ...log, mappings: [{ id: 'm', event: 'record.insert', action: 'users_identify' }] } },
    });
    const { eventLog, eventsQueue } = api.deps;
    const printed: unknown[] = [];
    const look = () =>
      printed.push(
        api.counted.filter(({ source }) => source === 'warehouse').map(({ EventsUnanswered }) => EventsUnanswered),
      );
    api.deps.eventLog = {
      ...eventLog,
      writeEach(rows) {
        look();
        return eventLog.writeEach(rows);
      },
    };
    api.deps.eventsQueue = {
      sendEach(events) {
        look();
        return eventsQueue.sendEach(events);
      },
    };
    for (const operation of ['upsert', 'insert']) {
      api.deps.metrics.flush();
      api.counted.length = 0;
      await syncCensus(api, [{ id: `s1-${operation}` }, { id: `s2-${operation}` }, { id: `s3-${operation}` }], {
        operation,
      });
    }
    Object.assign(api.deps, { eventLog, eventsQueue });
    // Rows of the first; events of the second, and no row of it.
    expect(printed).toEqual([[3], [3]]);
  });

  test('a batch whose effects fail half way leaves no count behind, and none unanswered', async () => {
    configure(api, { sources: { warehouse: log } });
    const { directory } = api.deps;
    let left = 1;
    api.deps.directory = {
      ...directory,
      async writeIfUnchanged(...given) {
        if (left-- <= 0) throw new RetryableError('throttled');
        return directory.writeIfUnchanged(...given);
      },
    };
    counts('warehouse');
    const records = [{ id: 'h1' }, { id: 'h2' }];
    expect(await call(api, censusPath, 'sync_batch', syncBatch(records))).toMatchObject({ status: 503 });
    api.deps.directory = directory;
    expect(counts('warehouse')).toEqual({ EventsUnanswered: 0 });
    // The same batch again gets there, and writes what is missing.
    expect(await directoryWrites(api, () => syncCensus(api, records))).toBe(1);
  });

  test('records of a source that is switched off are refused, and nothing is stored', async () => {
    configure(api, { sources: { warehouse: log } }, { sources: { warehouse: { enabled: false } } });
    const [result] = await syncCensus(api, [{ id: 'of-an-off-source' }]);
    expect(result).toMatchObject({
      success: false,
      error_message: 'the source warehouse is switched off in development',
    });
    expect(await api.deps.directory.readEach([user('of-an-off-source')])).toEqual([undefined]);
  });

  test('members that the file of the source redacts are blotted out in rows, and stored in the directory', async () => {
    configure(api, { sources: { warehouse: { ...log, redact: ['email'] } } });
    await syncCensus(api, [{ id: 'redacted', email: 'a@b.example' }], { syncRunId: 95 });
    const [row] = (await rowsOf(api, 'warehouse')).filter(({ syncRunId }) => syncRunId === '95');
    expect(Buffer.from(unpackEventText(row?.payload as Uint8Array).body).toString()).not.toContain('a@b.example');
    expect(await api.deps.directory.readEach([user('redacted')])).toMatchObject([
      { attributes: { email: 'a@b.example' } },
    ]);
  });
});
