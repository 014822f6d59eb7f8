import { randomBytes } from 'node:crypto';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { entryFromItem, makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { listApiKeys, writeApiKey } from '../../shared/adapters/dynamodb-api-keys.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { readDraft, replaceDraft } from '../../shared/adapters/dynamodb-configuration-drafts.ts';
import { goLive, readHistory } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { ItemTooLarge } from '../../shared/adapters/dynamodb-configuration-parts.ts';
import { readSnapshot, writeSnapshot } from '../../shared/adapters/dynamodb-configuration-snapshots.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { listEventTypes, makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeTargetBreakers } from '../../shared/adapters/dynamodb-target-breakers.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { idProblem } from '../../shared/core/actions/parts/params.ts';
import type { Snapshot } from '../../shared/core/configuration/schema.ts';
import { actionsPerEventMax } from '../../shared/core/configuration/triggers.ts';
import type { Entity } from '../../shared/core/directory/entity.ts';
import { mapProblem } from '../../shared/core/directory/entity-write.ts';
import { mergeEntity } from '../../shared/core/directory/merge-entity.ts';
import { payloadBytesMax } from '../../shared/core/events/raw-event.ts';
import { validKey } from '../../shared/core/ids/claim-key.ts';
import type { EntityRef, ObjectRef } from '../../shared/core/ids/entity-ref.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import { runKey } from '../../shared/core/ids/run-id.ts';
import type { JsonObject, JsonValue } from '../../shared/core/json/values.ts';
import type { ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import { actionsMessageBytesMax } from '../../shared/core/plan/actions-message.ts';
import { opened } from '../../shared/core/targets/breaker.ts';
import { clip } from '../../shared/core/text.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import type { TestTables } from '../support/dynalite.ts';
import { actionEntry, actionOutcome } from './action-log.ts';
import { workflowRun } from './workflow-runs.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');

/** Text that brotli cannot make smaller than `bytes`. */
const incompressible = (bytes: number) => randomBytes(Math.floor((bytes * 3) / 4)).toString('base64');
/** Three bytes of UTF-8 for each UTF-16 unit: the most that a clipped text can take. */
const wide = (length: number) => '€'.repeat(length);
const megabyte = 1024 * 1024;

const idMax = `${wide(166)}${'i'.repeat(2)}`;
const keyMax = 'k'.repeat(255);
const user: EntityRef = { kind: 'user', id: idMax };
const object: ObjectRef = { kind: 'object', collection: `c${idMax.slice(1)}a`, id: idMax };

let events = 0;
const eventId = () => makeEventId('limits', 0, nowMs + ++events, randomBytes(12));

/** Entities of more than a hundred thousand values: they take the emulators seconds. */
const small: [string, number, (count: number) => JsonObject][] = [
  ['small numbers', 130_500, (count) => ({ list: Array.from({ length: count }, () => 1) })],
  ['empty lists', 87_000, (count) => ({ list: Array.from({ length: count }, (): JsonValue => []) })],
];

/**
 * What every table must take: for each kind of row the largest that is accepted further up, with the longest keys. Run by the
 * embedded emulator and, where Java is found, DynamoDB Local.
 *
 * @param isLong whether to try rows of very many values too
 */
export function rowLimitsContract(tables: () => TestTables, { isLong }: { isLong: boolean }): void {
  const of = (name: keyof TestTables['names']) => ({ client: tables().client, table: tables().names[name] });

  test('ids of the longest kind are accepted, so that the rows below have the longest keys', () => {
    expect([idMax, object.collection, object.id].map(idProblem)).toEqual([undefined, undefined, undefined]);
    expect(idProblem(`${idMax}x`)).toContain('bytes long');
    expect(Buffer.byteLength(idMax)).toBe(500);
  });

  describe('an event row', () => {
    const log = () => makeEventLog({ ...of('EventLog'), retentionDays: 30, usersIndex: true });
    const largest = () =>
      eventEntry({
        id: eventId(),
        source: keyMax,
        eventType: clip(wide(megabyte)),
        userId: clip(wide(megabyte)),
        key: validKey('😀'.repeat(255)) as string,
        status: 'failed',
        reason: 'retries_exhausted',
        detail: clip(wide(megabyte)),
        preprocessError: clip(wide(megabyte)),
        payload: randomBytes(payloadBytesMax),
      });

    test('with the largest payload and the longest texts is written, by each of its writers', async () => {
      const [entry, failed] = [largest(), largest()];
      expect(await log().writeEach([entry])).toEqual([undefined]);
      expect(await log().writeFailed(failed)).toBe('written');
      // A second failure keeps the first explanation beside the new payload.
      expect(await log().writeFailed({ ...failed, detail: 'later' })).toBe('rewritten');
      expect(await log().statusOf(entry.id, keyMax)).toBe('failed');
    });
  });

  describe('an action row', () => {
    const log = () => makeActionLog({ ...of('ActionLog'), retentionDays: 30 });
    const written = async (actions: ActionOutcome[], change: Partial<ReturnType<typeof actionEntry>> = {}) => {
      const execution = eventId();
      const entry = actionEntry({ ...change, execution, eventId: execution, actions });
      expect(await log().writeIfUnchanged(entry, 0)).toBe(true);
      expect(await log().writeEach([entry])).toEqual([undefined]);
      const row = await log().read(execution);
      if (row === undefined) throw new Error('the row is not there');
      return row;
    };
    const outcomes = (count: number, change: Partial<ActionOutcome> = {}) =>
      Array.from({ length: count }, (_, i) => {
        const mapping = `${i}${'m'.repeat(255)}`.slice(0, 255);
        return actionOutcome({ mapping, id: invocationId('x', mapping), ...change });
      });
    const warnings = Array.from({ length: 20 }, () => ({ code: 'property_ignored', message: wide(512) }));
    const origins = Array.from({ length: 1000 }, () => crypto.randomUUID());

    test('of five mappings that all take the data of a 131 KB event keeps all parameters', async () => {
      const payload = { key: 'order', recipients: 'u', data: { text: incompressible(131 * 1024) } };
      const row = await written(outcomes(5, { payload }));
      expect(row.actions.map((action) => action.payload)).toEqual(Array.from({ length: 5 }, () => payload));
    });

    test('of as many actions as an event may have, with all words and origins there can be, is cut and says so', async () => {
      const payload = { text: incompressible(actionsMessageBytesMax) };
      const result = { changed: Array.from({ length: 600 }, (_, i) => `property_${i}`) };
      const row = await written(outcomes(actionsPerEventMax, { payload, warnings, detail: wide(512), result }), {
        origins,
        eventType: wide(megabyte),
      });
      expect(row.actions).toHaveLength(actionsPerEventMax);
      expect(row.eventType).toBe(clip(wide(megabyte)));
      expect(row.actions[0]?.warnings).toContainEqual(expect.objectContaining({ code: 'parameters_not_kept' }));
    });

    test('of a dead letter keeps the parameters, which a replay needs, and not the text of the message', async () => {
      const payload = { text: incompressible(250 * 1024) };
      const message = incompressible((actionsMessageBytesMax * 4) / 3);
      const row = await written(outcomes(1, { payload, status: 'failed', reason: 'dead_lettered' }), { message });
      expect(row).toMatchObject({ actions: [{ payload }] });
      expect(row.message).toBeUndefined();
    });

    test('that replays under ever new mappings have filled loses its oldest finished actions, and says how many', async () => {
      const finished = outcomes(1000, { payload: {}, detail: wide(512) });
      const pending = { ...actionOutcome({ mapping: 'p', status: 'pending' }), id: invocationId('x', 'p') };
      const row = await written([pending, ...finished], { origins });
      const lost = finished.length + 1 - row.actions.length;
      expect(lost).toBeGreaterThan(0);
      const [first, second] = row.actions;
      expect(first?.id).toBe(pending.id);
      expect(first?.warnings).toContainEqual(
        expect.objectContaining({ message: expect.stringContaining(`${lost} older`) }),
      );
      expect(second?.id).toBe(finished[lost]?.id);
      expect(row.actions.at(-1)?.id).toBe(finished.at(-1)?.id);
    });

    test('that was cut is read and written again', async () => {
      const row = await written(outcomes(1000, { payload: {} }), { origins });
      expect(await log().writeIfUnchanged({ ...row, next: 2 }, row.revision)).toBe(true);
      const { Item } = await tables().client.send(
        new GetCommand({
          TableName: tables().names.ActionLog,
          Key: { pk: `20261121#0`, sk: row.execution },
          ConsistentRead: true,
        }),
      );
      expect(Item && entryFromItem(Item).next).toBe(2);
    });
  });

  describe('a run', () => {
    const runs = () => makeWorkflowRuns({ ...of('WorkflowRuns'), retentionDays: 30 });
    let mappings = 0;
    const largest = (properties: JsonObject, dataBytes: number) =>
      workflowRun({
        key: runKey(object, eventId(), `m${++mappings}`),
        workflow: keyMax,
        mapping: keyMax,
        source: keyMax,
        target: 'event-bridge',
        actor: object,
        tenant: idMax.replaceAll('€', 'x'),
        audience: keyMax,
        cancellationKey: 'c'.repeat(1024),
        batch: `msg_${crypto.randomUUID()}`,
        notBeforeMs: nowMs,
        data: { text: incompressible(dataBytes) },
        subscription: { object, properties },
      });
    // Numbers take the most bytes for their text.
    const numbers: JsonObject = { list: Array.from({ length: isLong ? 50_000 : 5000 }, () => -1.2) };

    test.each<[string, JsonObject, number]>([
      ['that fits with its subscription by a hair', { text: 'p'.repeat(90 * 1024) }, 292 * 1024],
      ['whose subscription does not fit beside its data', { text: 'p'.repeat(250 * 1024) }, 292 * 1024],
      ['whose subscription holds negative fractions', numbers, isLong ? 100 * 1024 : 290 * 1024],
    ])('%s is written, ended with the longest reason, and closed', async (_name, properties, dataBytes) => {
      expect(mapProblem(properties)).toBeUndefined();
      const run = largest(properties, dataBytes);
      expect(await runs().createIfAbsent(run)).toBeUndefined();
      expect(
        await runs().end(run.key, {
          status: 'failed',
          origin: eventId(),
          attempts: 100,
          error: clip(wide(megabyte)),
          targetReference: { status: 503, response: wide(341) },
          updatedAtMs: nowMs,
        }),
      ).toBe(true);
      expect(await runs().statesOf([run.key])).toMatchObject([{ status: 'failed' }]);
    });

    test('is found by the longest cancellation key, and a cancellation is marked whatever its words', async () => {
      const run = largest({}, 10);
      await runs().createIfAbsent(run);
      const page = await runs().unfinishedOf(keyMax, 'c'.repeat(1024), { limit: 10 });
      expect(page.entries.map(({ key }) => key)).toContainEqual(run.key);
      const mark = {
        workflow: wide(megabyte),
        cancellationKey: wide(megabyte),
        recipient: `${object.collection}/${idMax}`,
        beforeMs: 1,
      };
      await runs().markCancelled([mark], nowMs);
      expect(await runs().cancellationsOf(mark.workflow, mark.cancellationKey)).toMatchObject([{ beforeMs: 1 }]);
    });
  });

  describe('an entity', () => {
    const directory = () => makeDirectory(tables().client, tables().names.Directory);
    const merged = (ref: EntityRef, attributes: JsonObject, stored?: Entity) =>
      mergeEntity(stored, { ref, attributes, sourceTimeMs: nowMs + (stored?.version ?? 0) }, nowMs);
    /** Written at two times, so that each property has a time of its own. */
    const entityOf = (ref: EntityRef, attributes: JsonObject) => {
      const first = merged(ref, attributes);
      return first.kind === 'changed' ? merged(ref, { name: wide(10) }, first.entity) : first;
    };
    const named = (count: number, value: JsonValue) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, value]));
    const values: [string, number, (count: number) => JsonObject][] = [
      ['negative fractions', 16_400, (count) => named(count, -1.2)],
      ['wide text', 87_000, (count) => ({ text: wide(count) })],
      ...(isLong ? small : []),
    ];

    test.each(values)(
      'with the most %s that is accepted is written, and one with more is refused',
      async (name, count, of) => {
        const ref = { ...object, id: `${name}${idMax}`.slice(0, 170) };
        const made = entityOf(ref, of(count));
        if (made.kind !== 'changed') throw new Error(JSON.stringify(made).slice(0, 200));
        expect(entityOf(ref, of(Math.ceil(count * 1.02)))).toMatchObject({ kind: 'refused' });
        expect(await directory().writeIfUnchanged(made.entity, 0)).toBe(true);
        expect(await directory().readEach([ref])).toEqual([made.entity]);
      },
    );
  });

  describe('a subscription', () => {
    test('with the most properties that are accepted and the longest ids is written on both sides', async () => {
      const propertiesOf = (count: number): JsonObject =>
        isLong ? { list: Array.from({ length: count }, () => 1) } : { text: '1,'.repeat(count) };
      const properties = propertiesOf(131_000);
      expect(mapProblem(properties)).toBeUndefined();
      expect(mapProblem(propertiesOf(131_100))).toContain('bytes');
      const subscriptions = makeSubscriptions(tables().client, tables().names.Directory);
      const other: EntityRef = { ...object, collection: `d${object.collection.slice(1)}` };
      const wish = { properties, by: 'x', sourceTimeMs: nowMs, nowMs };
      expect(await subscriptions.subscribe(object, [user, other], wish)).toEqual(['created', 'created']);
      expect((await subscriptions.subscriptionsOf(other, { limit: 10 })).entries).toMatchObject([{ object }]);
    });
  });

  test('a member with the longest ids is in its audience, and the audience in the list', async () => {
    const audiences = makeAudiences(tables().client, tables().names.Directory);
    const member = { userId: idMax, tenant: idMax };
    await audiences.ensure(keyMax, true, nowMs);
    await audiences.add(keyMax, [member], { by: 'x', sourceTimeMs: nowMs, nowMs });
    expect((await audiences.membersOf(keyMax, { limit: 10 })).entries).toMatchObject([member]);
    expect((await audiences.membershipsOf(idMax, { limit: 10 })).entries).toMatchObject([{ audience: keyMax }]);
  });

  test('a breaker keeps the beginning of an endless reason', async () => {
    const breakers = makeTargetBreakers(tables().client, tables().names.Directory);
    const trouble = { kind: 'unavailable', reason: 'target_busy', detail: wide(megabyte) } as const;
    expect(await breakers.writeIfUnchanged(keyMax, opened(undefined, trouble, nowMs))).toBe(true);
    expect((await breakers.read(keyMax))?.detail).toBe(clip(trouble.detail));
  });

  test('a claim has a key, whatever the event type and however long the message id', async () => {
    const claims = makeClaimStore(tables().client, tables().names.Claims);
    const key = validKey('😀'.repeat(255)) as string;
    for (const eventType of [wide(megabyte), wide(256), '\ud800']) {
      const request = {
        key,
        source: keyMax,
        eventType,
        eventId: eventId(),
        leaseEndsAtMs: nowMs + 1,
        expiresAtMs: nowMs + 2,
      };
      expect(await claims.claim(request, nowMs)).toMatchObject({ kind: 'taken' });
      expect(await claims.claim({ ...request, eventId: eventId() }, nowMs)).toMatchObject({ kind: 'refused' });
    }
  });

  test('the registry notes types that can be keys, and passes over others', async () => {
    const registry = makeSeenRegistry(of('Configuration'));
    const types = ['t'.repeat(1024), 't'.repeat(1025), wide(342), '', '\ud800'];
    await registry.note(
      types.map((eventType) => ({ source: keyMax, eventType, eventId: eventId() })),
      nowMs,
    );
    expect((await listEventTypes(of('Configuration'), keyMax)).map(({ eventType }) => eventType)).toEqual([types[0]]);
  });

  test('an API key with the longest name is stored', async () => {
    const hash = 'a'.repeat(64);
    const key = { hash, kind: 'secret', name: wide(100), createdAtMs: nowMs, createdBy: wide(256) } as const;
    await writeApiKey(of('Configuration'), key);
    expect(await listApiKeys(of('Configuration'))).toMatchObject([{ name: wide(100) }]);
  });

  describe('the configuration', () => {
    const table = () => of('Configuration');

    test('of any size is stored in parts', async () => {
      const snapshot: Snapshot = {
        sources: {},
        audiences: {},
        workflows: { large: { name: incompressible(megabyte), target: {} } },
      };
      const hash = await writeSnapshot(table(), snapshot);
      expect(await readSnapshot(table(), hash)).toEqual(snapshot);
    });

    const changes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        type: 'workflow' as const,
        key: `${i}${keyMax}`.slice(0, 255),
        change: 'removed' as const,
        base: 'b'.repeat(32),
      }));
    const draft = (count: number) => ({ baseVersion: 1, author: 'Ana', updatedAtMs: nowMs, changes: changes(count) });

    test('drafts up to the size of an item are written; a larger one is refused with its size, and leaves nothing', async () => {
      expect(await replaceDraft(table(), undefined, draft(1100))).toBe(true);
      const stored = await readDraft(table());
      expect(stored?.changes).toHaveLength(1100);
      await expect(replaceDraft(table(), stored, draft(1300))).rejects.toThrow(ItemTooLarge);
      await expect(replaceDraft(table(), stored, draft(1300))).rejects.toThrow('KB at most');
      expect(await readDraft(table())).toEqual(stored);
    });

    test('a change that fits the history is live as a whole; a larger one changes nothing', async () => {
      const seen = await readCurrent(table());
      const change = (messageBytes: number) => ({
        kind: 'state' as const,
        author: 'Ana',
        message: 'm'.repeat(messageBytes),
        createdAtMs: nowMs,
        state: {
          sources: {},
          inactive_workflows: Array.from({ length: 700 }, (_, i) => `${i}${keyMax}`.slice(0, 255)),
        },
      });
      await expect(goLive(table(), seen, change(250 * 1024))).rejects.toThrow(ItemTooLarge);
      expect(await readCurrent(table())).toEqual(seen);
      const live = await goLive(table(), seen, change(200 * 1024));
      expect((await readHistory(table(), live.version))?.state).toEqual(live.state);
      expect((await readCurrent(table())).state).toEqual(live.state);
    });
  });
}
