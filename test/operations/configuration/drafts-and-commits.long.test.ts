import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { readDraft } from '../../../shared/adapters/dynamodb-configuration-drafts.ts';
import { ConfigurationConflict, goLive } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import {
  type ConfigurationTable,
  queryAll,
  readCurrent,
} from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { EnvironmentFile } from '../../../shared/core/configuration/schema.ts';
import { commitDraft, pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { pushDraft, readDraftContent } from '../../../shared/operations/configuration/drafts.ts';
import { describeEntry, findEntry, listHistory } from '../../../shared/operations/configuration/history.ts';
import { makeLive, readSeen } from '../../../shared/operations/configuration/live-content.ts';
import { revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { changeState, setMappingActive } from '../../../shared/operations/settings/change-state.ts';
import { startTables, type TestTables } from '../../support/dynalite.ts';
import { ana, ben, commit, content, emptyEnvironment, emptyMemoryEnvironment, entry, nowMs, push } from './world.ts';

const shop = { type: 'source', key: 'shop' } as const;
const order = { type: 'workflow', key: 'order' } as const;
const first = content({ shop: ['order'] }, { order: 'Order' });

let tables: TestTables;
let table: ConfigurationTable;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

// What other tests use for its speed does the same as the emulator.
describe.each([
  ['on a table', () => emptyEnvironment(tables)],
  ['in memory', async () => emptyMemoryEnvironment()],
])('%s', (_where, begin) => {
  beforeEach(async () => {
    table = await begin();
  });

  describe('a draft', () => {
    test('is not live, and says what it would change', async () => {
      await commit(table, first);
      expect(await push(table, content({ shop: ['order', 'order'] }, { order: 'Order', late: 'Late' }))).toMatchObject({
        kind: 'saved',
        baseVersion: 1,
        changes: [
          { type: 'source', key: 'shop', change: 'changed' },
          { type: 'workflow', key: 'late', change: 'added' },
        ],
      });
      expect(await readLive(table)).toMatchObject({ version: 1, snapshot: first });
      expect(await readDraft(table)).toMatchObject({ author: 'Ana', updatedAtMs: nowMs, baseVersion: 1 });
    });

    test('of what is committed is none, and takes an earlier one away', async () => {
      await commit(table, first);
      await push(table, content({ shop: [] }, { order: 'Order' }));
      expect(await push(table, first)).toEqual({ kind: 'nothing_to_save', version: 1, dropped: [shop] });
      expect(await readDraft(table)).toBeUndefined();
    });

    test('leaves nothing of the one that it replaces', async () => {
      await commit(table, first);
      await push(table, content({ shop: [] }));
      const { id } = (await readDraft(table)) ?? {};
      await push(table, content({}));
      expect(await queryAll(table, `draft#${id}`)).toEqual([]);
    });

    test('never silently drops pushes of another author; equal changes become its own', async () => {
      await commit(table, first);
      await push(table, content({ shop: ['order'], other: [] }, { order: 'Orders' }));
      const mine = content({ shop: ['order'] }, { order: 'Order!' });
      expect(await push(table, mine, ben)).toEqual({
        kind: 'others_draft',
        author: 'Ana',
        updatedAtMs: nowMs,
        lost: [{ type: 'source', key: 'other' }],
      });
      expect((await readDraft(table))?.author).toBe('Ana');
      expect(await push(table, content({ shop: ['order'], other: ['order'] }, { order: 'Order!' }), ben)).toMatchObject(
        {
          kind: 'saved',
        },
      );
      const forced = { snapshot: mine, seed: undefined, author: 'Ana', nowMs, force: true };
      expect(await pushDraft(table, forced)).toMatchObject({ kind: 'saved', changes: [order] });
    });

    test('can be larger than an item of the table holds', async () => {
      const workflows = Object.fromEntries(
        Array.from({ length: 700 }, (_, i) => [`w${i}`, crypto.getRandomValues(new Uint8Array(500)).toString()]),
      );
      const large = content({}, workflows);
      await push(table, large);
      expect((await readDraftContent(table)).content).toEqual(large);
      expect(await commitDraft(table, ana)).toMatchObject({ kind: 'committed', left: [] });
      expect((await readLive(table)).snapshot).toEqual(large);
    });
  });

  describe('a commit', () => {
    test('of all makes the draft live, names each resource, and leaves no draft', async () => {
      const { id, ...made } = await commit(table, first);
      expect(id).toMatch(/^1-[0-9a-f]{8}$/);
      expect(made).toMatchObject({
        version: 1,
        kind: 'commit',
        author: 'Ana',
        message: 'because',
        createdAtMs: nowMs,
        changes: [
          { ...shop, change: 'added', hash: expect.stringMatching(/^[0-9a-f]{16}$/) },
          { ...order, change: 'added', hash: expect.any(String) },
        ],
      });
      expect(await readDraft(table)).toBeUndefined();
    });

    test('of some takes these and leaves the rest in the draft', async () => {
      await commit(table, first);
      const draft = content({ shop: [], other: [] }, { order: 'Orders' });
      await push(table, draft);
      expect(await commitDraft(table, { ...ana, only: [order] })).toMatchObject({
        kind: 'committed',
        version: 2,
        changes: [{ ...order, change: 'changed' }],
        left: [{ type: 'source', key: 'other' }, shop],
      });
      expect((await readLive(table)).snapshot).toEqual(content({ shop: ['order'] }, { order: 'Orders' }));
      expect((await readDraftContent(table)).content).toEqual(draft);
      expect(await commitDraft(table, ana)).toMatchObject({ version: 3, left: [] });
      expect((await readLive(table)).snapshot).toEqual(draft);
    });

    test('of what the draft does not change says so, and empty ones are for one named resource', async () => {
      await commit(table, first);
      expect(await commitDraft(table, ana)).toEqual({ kind: 'nothing_to_commit' });
      expect(await commitDraft(table, { ...ana, allowEmpty: true })).toEqual({ kind: 'nothing_to_commit' });
      await push(table, content({ shop: [] }, { order: 'Order' }));
      expect(await commitDraft(table, { ...ana, only: [order] })).toEqual({
        kind: 'not_in_draft',
        refs: [order],
        draft: [shop],
      });
      expect(await commitDraft(table, { ...ana, only: [order], allowEmpty: true })).toMatchObject({
        kind: 'committed',
        version: 2,
        changes: [{ ...order, change: 'changed' }],
      });
      expect((await readLive(table)).snapshot).toEqual(first);
      expect(await commitDraft(table, { ...ana, only: [{ ...order, key: 'no' }], allowEmpty: true })).toEqual({
        kind: 'unknown_resource',
        ref: { ...order, key: 'no' },
      });
      expect((await readDraftContent(table)).open).toMatchObject([shop]);
    });

    test('that would leave a mapping without its workflow is refused', async () => {
      await push(table, first);
      const missing = [{ by: shop, mapping: 'mapping-0', missing: order }];
      expect(await commitDraft(table, { ...ana, only: [shop] })).toEqual({ kind: 'missing_references', missing });
      expect((await readLive(table)).version).toBe(0);
      expect(await commitDraft(table, { ...ana, only: [shop], force: true })).toMatchObject({ kind: 'committed' });
    });

    test('of a resource that was committed after the push is a conflict that names its author', async () => {
      await commit(table, first);
      await push(table, content({ shop: ['order', 'order'] }, { order: 'Order', other: 'Other' }));
      const theirs = { ...ben, snapshot: content({ shop: [] }, { order: 'Order' }), seed: undefined };
      await pushAndCommit(table, theirs);
      const refused = await commitDraft(table, ana);
      expect(refused).toMatchObject({
        kind: 'conflict',
        conflicts: [{ ...shop, commit: { author: 'Ben', version: 2 } }],
      });
      expect(await commitDraft(table, { ...ana, only: [{ type: 'workflow', key: 'other' }] })).toMatchObject({
        kind: 'committed',
      });
      expect(await commitDraft(table, { ...ana, force: true })).toMatchObject({ kind: 'committed', changes: [shop] });
    });

    test('keeps what others committed of other resources meanwhile', async () => {
      await commit(table, first);
      await push(table, content({ shop: ['order'] }, { order: 'Mine' }));
      await pushAndCommit(table, {
        ...ben,
        snapshot: content({ shop: ['order', 'order'] }, { order: 'Order' }),
        seed: undefined,
      });
      expect((await readDraft(table))?.author).toBe('Ana');
      await commitDraft(table, ana);
      expect((await readLive(table)).snapshot).toEqual(content({ shop: ['order', 'order'] }, { order: 'Mine' }));
    });

    test('gives sources that are new here the first values that came with the push', async () => {
      const seed = EnvironmentFile.parse({ sources: { shop: { identify: false } }, inactive_workflows: ['order'] });
      await pushDraft(table, { snapshot: first, seed, author: 'Ana', nowMs });
      await commitDraft(table, ana);
      expect((await readLive(table)).state).toMatchObject({
        sources: { shop: { identify: false } },
        inactive_workflows: ['order'],
      });
    });
  });

  describe('two people at once', () => {
    test('one gets a conflict that says who, when and what; the other is live', async () => {
      await commit(table, first);
      const seen = await readSeen(table);
      const [mine, theirs] = [
        content({ shop: [] }, { order: 'Order' }),
        content({ shop: ['order'] }, { order: 'Orders' }),
      ];
      await makeLive(table, seen, { ...ben, content: theirs, seed: undefined });
      const late = makeLive(table, seen, { ...ana, content: mine, seed: undefined });
      await expect(late).rejects.toThrow(ConfigurationConflict);
      await expect(late).rejects.toThrow(
        /after version 1: Ben, 2026-11-21T03:01:00.000Z, commit 2-[0-9a-f]{8}: workflow\/order \("night shift"\)/,
      );
      expect((await readLive(table)).snapshot).toEqual(theirs);
    });

    test('a switched setting is not a conflict, and is kept', async () => {
      await commit(table, first);
      const seen = await readSeen(table);
      await changeState(table, (state) => setMappingActive(state, 'shop', 'mapping-0', false), ben);
      expect(await makeLive(table, seen, { ...ana, content: content({}), seed: undefined })).toMatchObject({
        version: 3,
      });
      expect((await readLive(table)).state.sources.shop?.inactive_mappings).toEqual(['mapping-0']);
    });

    test('an Update that went through although its answer was lost is a success, not a conflict with oneself', async () => {
      await commit(table, first);
      const seen = await readCurrent(table);
      // What the client does when the connection breaks after the write: it sends the same Update once more.
      const client = new Proxy(table.client, {
        get(target, name, receiver) {
          if (name !== 'send') return Reflect.get(target, name, receiver);
          return async (command: { constructor: { name: string } }) => {
            if (command.constructor.name === 'UpdateCommand') await target.send(command as never);
            return target.send(command as never);
          };
        },
      });
      const change = { kind: 'state', ...ben, createdAtMs: nowMs, state: seen.state } as const;
      expect(await goLive({ ...table, client }, seen, change)).toMatchObject({ version: 2 });
      expect((await readLive(table)).version).toBe(2);
    });
  });

  describe('a revert', () => {
    test('is a commit that restores what was before, and names what it takes back', async () => {
      await commit(table, first);
      const bad = await commit(table, content({ shop: [], added: [] }, {}));
      expect(await revertCommit(table, { ...ben, commit: bad })).toMatchObject({
        kind: 'reverted',
        version: 3,
        dropped: [],
      });
      expect((await readLive(table)).snapshot).toEqual(first);
      expect(await entry(table, 3)).toMatchObject({
        reverts: bad.id,
        author: 'Ben',
        changes: [
          { type: 'source', key: 'added', change: 'removed' },
          { ...shop, change: 'changed' },
          { ...order, change: 'added' },
        ],
      });
      expect(await revertCommit(table, { ...ben, commit: bad })).toEqual({ kind: 'nothing_to_revert', dropped: [] });
    });

    test('can be reverted', async () => {
      await commit(table, first);
      const change = await commit(table, content({ shop: [] }, { order: 'Order' }));
      await revertCommit(table, { ...ana, commit: change });
      await revertCommit(table, { ...ana, commit: await entry(table, 3) });
      expect((await readLive(table)).snapshot).toEqual(content({ shop: [] }, { order: 'Order' }));
    });

    test('leaves other resources that changed since alone', async () => {
      await commit(table, first);
      const bad = await commit(table, content({ shop: [] }, { order: 'Order' }));
      await commit(table, content({ shop: [] }, { order: 'Better' }));
      await revertCommit(table, { ...ana, commit: bad });
      expect((await readLive(table)).snapshot).toEqual(content({ shop: ['order'] }, { order: 'Better' }));
    });

    test('of what a later commit changed again is a conflict that names it, unless forced', async () => {
      await commit(table, first);
      const bad = await commit(table, content({ shop: [] }, { order: 'Order' }));
      const later = await commit(table, content({ shop: ['order', 'order'] }, { order: 'Order' }), ben);
      expect(await revertCommit(table, { ...ana, commit: bad })).toMatchObject({
        kind: 'conflict',
        conflicts: [{ ...shop, commit: { id: later.id, author: 'Ben' } }],
      });
      await revertCommit(table, { ...ana, commit: bad, force: true });
      expect((await readLive(table)).snapshot).toEqual(first);
    });

    test('drops what the draft has of these resources, and only that', async () => {
      await commit(table, first);
      const bad = await commit(table, content({ shop: [] }, { order: 'Order' }));
      await push(table, content({ shop: ['order', 'order'] }, { order: 'Draft' }));
      expect(await revertCommit(table, { ...ana, commit: bad })).toMatchObject({ dropped: [shop] });
      expect((await readDraftContent(table)).open).toMatchObject([order]);
    });

    test('of a changed setting, or one that would leave a mapping without its workflow, is refused', async () => {
      const start = await commit(table, content({}, { order: 'Order' }));
      await commit(table, first);
      await changeState(table, (state) => setMappingActive(state, 'shop', 'mapping-0', false), ben);
      expect(await revertCommit(table, { ...ana, commit: await entry(table, 3) })).toEqual({ kind: 'not_a_commit' });
      expect(await revertCommit(table, { ...ana, commit: start })).toMatchObject({ kind: 'missing_references' });
      expect((await readLive(table)).version).toBe(3);
    });
  });

  describe('the history', () => {
    test('lists commits and settings newest first, with what each changed, by kind and by resource', async () => {
      await commit(table, first);
      await commit(table, content({ shop: [] }, { order: 'Order' }));
      await changeState(table, (state) => setMappingActive(state, 'shop', 'mapping-0', false), ben);
      await changeState(table, (state) => ({ ...state, inactive_workflows: ['order'] }), ben);
      const versions = async (filter: object) =>
        (await listHistory(table, { limit: 10, ...filter })).map((line) => line.entry.version);
      const [newest, switched] = await listHistory(table, { limit: 2 });
      expect(newest?.settings).toEqual([{ path: 'inactive_workflows', before: [], after: ['order'] }]);
      expect(switched).toMatchObject({
        entry: { author: 'Ben', kind: 'state' },
        settings: [{ path: 'sources.shop.inactive_mappings', before: [], after: ['mapping-0'] }],
      });
      expect(await versions({})).toEqual([4, 3, 2, 1]);
      expect(await versions({ limit: 3 })).toEqual([4, 3, 2]);
      expect(await versions({ kind: 'commit' })).toEqual([2, 1]);
      expect(await versions({ kind: 'state' })).toEqual([4, 3]);
      expect(await versions({ resource: shop })).toEqual([3, 2, 1]);
      expect(await versions({ resource: { key: 'order' } })).toEqual([4, 1]);
      expect(await versions({ resource: { type: 'audience' } })).toEqual([]);
    });

    test('goes over many pages, and leaves out who lost a race', async () => {
      await commit(table, first);
      for (let i = 0; i < 30; i++) {
        const seen = await readCurrent(table);
        const change = { kind: 'state', ...ana, createdAtMs: nowMs + i, state: seen.state } as const;
        await goLive(table, seen, change);
        await goLive(table, seen, { ...change, author: 'late' }).catch(() => undefined);
      }
      const lines = await listHistory(table, { limit: 100 });
      expect(lines.map(({ entry }) => entry.version)).toEqual(Array.from({ length: 31 }, (_, i) => 31 - i));
      expect(lines.every(({ entry }) => entry.author === 'Ana')).toBe(true);
    });

    test('finds an entry by version, id, or the beginning of its id, and says what else it could be', async () => {
      const one = await commit(table, first);
      for (const text of ['1', 'v1', one.id, one.id.slice(0, 4), one.id.toUpperCase()])
        expect(await findEntry(table, text)).toMatchObject({ kind: 'found', entry: { id: one.id } });
      expect(await findEntry(table, '7')).toEqual({ kind: 'no_such_version', newest: 1 });
      expect(await findEntry(table, '1-x')).toEqual({ kind: 'malformed' });
      expect(await findEntry(table, 'head')).toEqual({ kind: 'malformed' });
      const other = one.id.endsWith('0') ? '1-ffffffff' : '1-00000000';
      expect(await findEntry(table, other)).toMatchObject({ kind: 'other_id', entry: { id: one.id } });
    });

    test('an entry whose writer died before it went live is none', async () => {
      await commit(table, first);
      const client = new Proxy(table.client, {
        get(target, name, receiver) {
          if (name !== 'send') return Reflect.get(target, name, receiver);
          return async (command: { constructor: { name: string } }) => {
            if (command.constructor.name === 'UpdateCommand') throw new Error('died');
            return target.send(command as never);
          };
        },
      });
      await expect(
        pushAndCommit({ ...table, client }, { ...ben, snapshot: content({}), seed: undefined }),
      ).rejects.toThrow('died');
      expect(await findEntry(table, '2')).toEqual({ kind: 'no_such_version', newest: 1 });
      expect((await listHistory(table, { limit: 9 })).map(({ entry }) => entry.version)).toEqual([1]);
    });

    test('shows what a commit changed, field by field, mappings by their ids', async () => {
      await commit(table, first);
      const changed = await commit(table, content({ shop: ['order', 'later'] }, { order: 'Orders', later: 'Later' }));
      expect((await describeEntry(table, changed)).differences).toMatchObject([
        { ...shop, change: 'changed', fields: [{ path: 'mappings[mapping-1]', after: { event: 'track/event_1' } }] },
        { type: 'workflow', key: 'later', change: 'added' },
        { ...order, change: 'changed', fields: [{ path: 'name', before: 'Order', after: 'Orders' }] },
      ]);
    });
  });
});
