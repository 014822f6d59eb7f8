import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { listErasures } from '../../../shared/adapters/dynamodb-erasures.ts';
import { actionLogOf, readActionLog } from '../../../shared/operations/actions/actions.ts';
import { eventOfRow } from '../../../shared/operations/events/event-text.ts';
import { eventLogOf, readEvent } from '../../../shared/operations/events/events.ts';
import type { JobProgress } from '../../../shared/operations/jobs/carry-on.ts';
import { cancelJob, createJob, listJobs, readJob } from '../../../shared/operations/jobs/jobs.ts';
import {
  carryOnErasure,
  ErasePerson,
  previewErasure,
  startErasure,
} from '../../../shared/operations/persons/erase-person.ts';
import { allowPerson } from '../../../shared/operations/persons/erasures.ts';
import { exportPerson } from '../../../shared/operations/persons/export-person.ts';
import { readPerson } from '../../../shared/operations/persons/person.ts';
import { planEntries } from '../../../shared/operations/replay/plan-entries.ts';
import { findRuns } from '../../../shared/operations/runs/find-runs.ts';
import { runsOfRecipient, workflowRunsOf } from '../../../shared/operations/runs/runs.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { type PersonWorld, startPersonWorld } from './person-world.ts';

let world: PersonWorld;
beforeAll(async () => {
  world = await startPersonWorld();
});
afterAll(() => world.stop());

const by = () => ({ author: 'ana', reason: 'ticket 4711', nowMs: Date.now() });
const traits = (name: string) => ({
  email: `${name}@orchard.example`,
  phone: `+3491000${name.length}123`,
  plan: 'team',
});
const identify = (userId: string, source?: string) =>
  world.send({ type: 'identify', userId, traits: traits(userId) }, source);
const track = (userId: string, event: string, properties: object, source?: string) =>
  world.send({ type: 'track', userId, event, properties }, source);

async function erase(id: string, change: Partial<ErasePerson> = {}): Promise<JobProgress> {
  const request = ErasePerson.parse({ id, ...change });
  const preview = await previewErasure(world.environment, request, Date.now());
  const job = await startErasure(world.environment, preview, by());
  let last: JobProgress | undefined;
  for await (const progress of carryOnErasure(world.environment, job.id)) last = progress;
  return last as JobProgress;
}

async function exported(...ids: string[]): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  for await (const { line } of exportPerson(world.environment, await readPerson(world.environment, ids)))
    lines.push(JSON.parse(line));
  return lines;
}

const known = async () => (await readSources(world.environment)).known;
const entry = async (id: string) => {
  const found = await readEvent(eventLogOf(world.environment), id, await known());
  if (found === undefined) throw new Error(`no event ${id}`);
  return found;
};
const actions = async (id: string) => (await readActionLog(actionLogOf(world.environment), id))?.actions ?? [];
async function runsOf(id: string) {
  const all = [];
  for await (const run of runsOfRecipient(workflowRunsOf(world.environment), id, { sinceMs: 0, untilMs: 2 ** 45 }))
    all.push(run);
  return all;
}

/** Which tables still hold one of these texts. */
async function leftOf(...texts: string[]): Promise<string[]> {
  const all = await world.everything();
  expect(all.length).toBeGreaterThan(20);
  return all
    .filter(({ text }) => texts.some((one) => text.includes(one)))
    .map(({ table, text }) => `${table}: ${text}`);
}

describe('a person with a life', () => {
  const lena = 'usr_lena_8841';
  const ivo = 'usr_ivo_9000';
  const ids = {} as Record<'identify' | 'order' | 'copy' | 'shared' | 'late' | 'reminder' | 'own', string>;

  beforeAll(async () => {
    await identify(ivo);
    ids.identify = await identify(lena);
    await identify(lena, 'segment');
    // Their own event begins runs for both.
    ids.order = await track(lena, 'ordered', { people: [lena, ivo], note: `for ${lena}` });
    ids.copy = await track(lena, 'ordered', { people: lena }, 'segment');
    await track(lena, 'followed', { project: 'p1' });
    await track(lena, 'followed', { project: 'p2' });
    await track(lena, 'unfollowed', { project: 'p2' });
    await track(lena, 'joined', { tenant: 't1' });
    // Another person's event names them, with all that is known of them.
    ids.shared = await track(ivo, 'ordered', {
      people: [{ id: lena, name: 'Lena Orchard', ...traits(lena) }, ivo],
      note: `see ${traits(lena).email}`,
      big: 42,
    });
    // A run that waits for a delay, of each of them.
    ids.reminder = await track(ivo, 'reminded', { people: [lena, ivo], key: 'k1' });
    ids.own = await track(lena, 'reminded', { people: [ivo, lena], key: `k-${lena}` });
    expect(await world.call('PUT', `/v1/users/${lena}`, { email: traits(lena).email, seats: 5 })).toBe(200);
    expect(await world.call('POST', '/v1/workflows/order/trigger', { recipients: [lena] })).toBe(200);
    await createJob(
      world.environment.configuration,
      { kind: 'replay', author: 'ben', reason: `for ${lena}`, request: { filter: { user: lena } }, total: 1 },
      Date.now(),
    );
  });

  test('is exported whole: each line says what it is, and holds what was sent', async () => {
    const lines = await exported(lena);
    const count = (kind: string) => lines.filter((line) => line.kind === kind).length;
    expect({
      user: count('user'),
      subscription: count('subscription'),
      membership: count('membership'),
      event: count('event'),
      request: count('request'),
      run: count('run'),
    }).toEqual({ user: 1, subscription: 1, membership: 1, event: 9, request: 2, run: 6 });
    // Each event and request has its action, but the trigger of the API is handed over.
    expect(count('action')).toBe(11);
    expect(lines.find(({ id }) => id === ids.order)).toMatchObject({
      kind: 'event',
      event: { event: 'ordered', properties: { note: `for ${lena}` } },
    });
    expect(lines.find(({ kind }) => kind === 'user')).toMatchObject({
      attributes: { email: traits(lena).email, seats: 5 },
    });
  });

  test('is erased: no table holds the id, the address or the phone number, and nothing is left to find', async () => {
    const before = await leftOf(lena);
    expect(before.length).toBeGreaterThan(20);
    const rows = (await world.everything()).length;
    const preview = await previewErasure(world.environment, ErasePerson.parse({ id: lena }), Date.now());
    expect(preview).toMatchObject({ ids: [lena], erased_at: null });
    // Looking changes nothing.
    expect(await leftOf(lena)).toEqual(before);

    const { state, counts } = await erase(lena);
    expect(state).toBe('done');
    expect(counts).toEqual({ ...preview.counts, failed: 0 });
    expect(counts).toMatchObject({ events: 11, actions: 11, runs: 8, mentions: 6, jobs: 1 });
    expect(await leftOf(lena, traits(lena).email, traits(lena).phone, 'Lena Orchard')).toEqual([]);
    expect((await world.everything()).length).toBeLessThan(rows);
    expect((await exported(lena)).length).toBe(0);
    const [job] = await listJobs(world.environment.configuration);
    expect(job).toMatchObject({ kind: 'erase', state: 'done', author: 'ana', reason: 'ticket 4711' });
    expect(job).not.toHaveProperty('secret');
    const [erasure] = await listErasures(world.environment.configuration);
    expect(erasure).toMatchObject({ author: 'ana', reason: 'ticket 4711', job: job?.id });
    expect(job?.request).toEqual({ person: erasure?.hash });
  });

  test('leaves rows that count: ids, times, statuses and numbers of actions', async () => {
    const order = await entry(ids.order);
    expect(order).toMatchObject({
      status: 'processed',
      execution: ids.order,
      actionsPlanned: 1,
      eventType: 'track/ordered',
      erasedAtMs: expect.any(Number),
    });
    expect(order).not.toHaveProperty('userId');
    expect(order).not.toHaveProperty('key');
    expect(eventOfRow(order)).toEqual({ headers: {}, body: '{}' });
    expect(await actions(ids.order)).toMatchObject([{ status: 'succeeded', payload: {}, result: { runs: 2 } }]);
  });

  test('leaves others what is theirs, without the person', async () => {
    const shared = await entry(ids.shared);
    expect(shared).toMatchObject({ userId: ivo, status: 'processed' });
    expect(shared).not.toHaveProperty('erasedAtMs');
    expect(JSON.parse(eventOfRow(shared)?.body ?? '')).toMatchObject({
      userId: ivo,
      properties: { people: [{ id: '[erased]' }, ivo], note: 'see [erased]', big: 42 },
    });
    expect(await actions(ids.shared)).toMatchObject([{ status: 'succeeded', payload: { recipients: [ivo] } }]);
    // The run that the person's event began keeps that it happened; the one of Ivo's own its data.
    const runs = new Map((await runsOf(ivo)).map((run) => [run.eventId, run]));
    expect(runs.get(ids.order)).toMatchObject({ status: 'handed_off', data: {} });
    expect(runs.get(ids.order)).not.toHaveProperty('actor');
    expect(runs.get(ids.shared)).toMatchObject({ status: 'handed_off', data: { big: 42 } });
    expect(await runsOf(lena)).toEqual([]);
    expect((await exported(ivo)).filter(({ kind }) => kind === 'user')).toHaveLength(1);
  });

  test('what waits: the pending actions of the person have ended, those of others go on without them', async () => {
    expect(await actions(ids.own)).toMatchObject([{ status: 'skipped', reason: 'person_erased', payload: {} }]);
    expect(await actions(ids.reminder)).toMatchObject([{ status: 'pending', payload: { recipients: [ivo] } }]);
    const runs = new Map((await runsOf(ivo)).map((run) => [run.eventId, run]));
    expect(runs.get(ids.own)).toMatchObject({ status: 'cancelled', cancelReason: 'person_erased' });
    expect(runs.get(ids.reminder)).toMatchObject({ status: 'pending' });
    const due = world.waiting.splice(0).map(({ retryAtMs: _, ...message }) => ({ ...message, delaySeconds: 0 }));
    expect(due.length).toBeGreaterThanOrEqual(2);
    await world.deliver([], due);
    expect(await leftOf(lena, traits(lena).email)).toEqual([]);
    expect(await runsOf(lena)).toEqual([]);
  });

  test('why, the list of runs and a replay say what became of an erased event', async () => {
    const story = await tellEvent(world.environment, ids.order, await known(), Date.now());
    expect(story).toMatchObject({ event: { erased_at: expect.any(String), user_id: null } });
    expect(JSON.stringify(story)).not.toContain(lena);
    for (const force of [true, false]) {
      const asked = { force, again: true, nowMs: Date.now(), actionsQueueEmpty: true };
      const plans = await planEntries(world.environment, [{ entry: await entry(ids.order), newId: ids.order }], asked);
      expect(plans).toEqual([{ kind: 'nothing', detail: expect.stringContaining('its person was erased') }]);
    }
    const directory = await readSources(world.environment);
    const found = [];
    for await (const run of findRuns(world.environment, directory, { event: ids.order }, { sinceMs: 0, untilMs: 0 }))
      found.push(run);
    expect(found).toEqual([]);
  });

  test('does not come back: a late event, a call of the API and an event of others are refused', async () => {
    const late = await track(lena, 'ordered', { people: [lena], email: traits(lena).email });
    expect(await entry(late)).toMatchObject({ status: 'rejected', reason: 'person_erased' });
    await identify(lena, 'segment');
    expect(await world.call('PUT', `/v1/users/${lena}`, { email: traits(lena).email })).toBe(422);
    expect(await world.call('DELETE', `/v1/users/${lena}`)).toBe(204);
    expect(await leftOf(lena, traits(lena).email)).toEqual([]);

    expect(await world.call('POST', `/v1/users/${ivo}/merge`, { from_user_id: lena })).toBe(422);
    const named = await track(ivo, 'ordered', { people: [lena, ivo] });
    expect(await actions(named)).toMatchObject([
      { status: 'succeeded', payload: { recipients: [ivo] }, warnings: [{ code: 'person_erased' }] },
    ]);
    const alone = await track(ivo, 'ordered', { people: { id: lena, ...traits(lena) } });
    expect(await actions(alone)).toMatchObject([{ status: 'skipped', reason: 'person_erased', payload: {} }]);
    expect((await exported(lena)).length).toBe(0);
    // What Ivo sent of them is in Ivo's events, where a search finds it.
    const { counts } = await erase(lena, { searchSinceMs: Date.now() - 3_600_000 });
    expect(counts).toMatchObject({ mentions: 5, failed: 0 });
    expect(await leftOf(lena, traits(lena).email)).toEqual([]);
  });

  test('may come in again once that is allowed, from nothing', async () => {
    await allowPerson(world.environment, lena, by());
    await expect(allowPerson(world.environment, lena, by())).rejects.toThrow('allowed again already');
    await identify(lena);
    const lines = await exported(lena);
    expect(lines.map(({ kind }) => kind)).toEqual(['user', 'event', 'action']);
    expect(JSON.stringify(lines)).not.toContain('seats');
  });
});

describe('one person under several ids', () => {
  test('users that were merged are erased together, whichever id is given', async () => {
    for (const [old, kept] of [
      ['usr_old_1', 'usr_kept_1'],
      ['usr_old_2', 'usr_kept_2'],
    ] as const) {
      await identify(old);
      await identify(kept);
      expect(await world.call('POST', `/v1/users/${kept}/merge`, { from_user_id: old })).toBe(200);
    }
    expect((await readPerson(world.environment, ['usr_old_1'])).ids).toEqual(['usr_old_1', 'usr_kept_1']);
    expect((await readPerson(world.environment, ['usr_kept_2'])).ids).toEqual(['usr_kept_2', 'usr_old_2']);
    await erase('usr_old_1');
    await erase('usr_kept_2');
    expect(await leftOf('usr_old_1', 'usr_kept_1', 'usr_old_2', 'usr_kept_2')).toEqual([]);
  });

  test('an alias that only the sender knows is erased with --also', async () => {
    await identify('usr_main_3');
    await identify('anon_3');
    const { counts } = await erase('usr_main_3', { also: ['anon_3'] });
    expect(counts).toMatchObject({ events: 2, failed: 0 });
    expect(await leftOf('usr_main_3', 'anon_3')).toEqual([]);
  });
});

describe('the record of an erasure', () => {
  test('takes a call for each row that is written anew; reading and deleting take no more for more rows', async () => {
    const callsFor = async (id: string, orders: number) => {
      await identify(id);
      for (let order = 0; order < orders; order++) await track(id, 'ordered', { people: id, order });
      const sent = jest.spyOn(world.environment.documents, 'send');
      const { counts } = await erase(id);
      const puts = sent.mock.calls.filter(([command]) => (command as unknown) instanceof PutCommand).length;
      const others = sent.mock.calls.length - puts;
      sent.mockRestore();
      expect(counts).toMatchObject({ events: orders + 1, actions: orders + 1, runs: orders, claims: orders + 1 });
      return { puts, others };
    };
    const [few, many] = [await callsFor('usr_calm_77', 2), await callsFor('usr_busy_77', 22)];
    expect(await leftOf('usr_calm_77', 'usr_busy_77')).toEqual([]);
    // The event and its actions.
    expect(many.puts - few.puts).toBe(2 * 20);
    expect(many.others - few.others).toBeLessThan(5);
  });

  test('may not name the person', async () => {
    const request = ErasePerson.parse({ id: 'usr_named' });
    const preview = await previewErasure(world.environment, request, Date.now());
    const named = { ...by(), reason: 'usr_named asked' };
    await expect(startErasure(world.environment, preview, named)).rejects.toThrow('the reason names the person');
    expect(await leftOf('usr_named')).toEqual([]);
  });

  test('loses what it knows of the person when it is cancelled, and is never shown', async () => {
    const preview = await previewErasure(world.environment, ErasePerson.parse({ id: 'usr_cancelled' }), Date.now());
    const job = await startErasure(world.environment, preview, by());
    expect((await readJob(world.environment.configuration, job.id))?.secret).toMatchObject({ ids: ['usr_cancelled'] });
    expect(await cancelJob(world.environment.configuration, job.id, Date.now())).toBe(true);
    expect(await leftOf('usr_cancelled')).toEqual([]);
  });
});

describe('what stays of others', () => {
  test('an id that is a word of another text, or a part of another id, is not taken for the person', async () => {
    await identify('42');
    await identify('usr_9');
    await identify('usr_99');
    const other = await track('usr_99', 'ordered', {
      people: ['42', 'usr_9', 'usr_99'],
      total: 42,
      text: '42 of usr_9-b, usr_9.',
    });
    await erase('42');
    await erase('usr_9');
    expect(JSON.parse(eventOfRow(await entry(other))?.body ?? '').properties).toEqual({
      people: ['[erased]', '[erased]', 'usr_99'],
      total: 42,
      text: '42 of usr_9-b, [erased].',
    });
  });
});
