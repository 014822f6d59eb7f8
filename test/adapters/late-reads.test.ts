import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeDirectoryList } from '../../shared/adapters/dynamodb-directory-list.ts';
import { listEventTypes, makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { workflowRun } from '../contracts/workflow-runs.ts';
import { liveConfiguration } from '../support/build.ts';
import { type LaggingTables, startLaggingTables } from '../support/lagging-tables.ts';

/* On AWS a read of an index, or one that is not marked consistent, may not know the newest writes. */

let tables: LaggingTables;
beforeEach(async () => {
  tables = await startLaggingTables();
});
afterEach(() => tables.stop());

const nowMs = Date.parse('2026-11-21T03:00:00Z');

describe('a cancellation', () => {
  const runs = () => makeWorkflowRuns({ client: tables.client, table: tables.names.WorkflowRuns, retentionDays: 30 });
  const pair = ['order-completed', 'order-1'] as const;
  const made = async () => {
    const run = workflowRun({ cancellationKey: pair[1] });
    await runs().createIfAbsent(run);
    return run;
  };
  const found = async () => (await runs().unfinishedOf(...pair, { limit: 10 })).entries.map(({ key }) => key);

  test('whose index does not have a run yet has left a mark, which the trigger of that run reads', async () => {
    const run = await made();
    const mark = { workflow: pair[0], cancellationKey: pair[1], beforeMs: nowMs };
    await runs().markCancelled([mark], nowMs);
    expect(await found()).toEqual([]);
    expect(await runs().cancellationsOf(...pair)).toMatchObject([mark]);
    await tables.catchUp();
    expect(await found()).toEqual([run.key]);
  });

  test('whose index still has a run that ended does not find it', async () => {
    const [ended, open] = [await made(), await made()];
    await tables.catchUp();
    await runs().end(ended.key, { status: 'handed_off', origin: 'x', attempts: 1, updatedAtMs: nowMs });
    expect(await found()).toEqual([open.key]);
  });

  test('of a recipient sees runs at once, since it reads no index', async () => {
    const run = await made();
    const { entries } = await runs().unfinishedOfRecipient(run.key.recipient.id, { limit: 10 });
    expect(entries.map(({ key }) => key)).toEqual([run.key]);
  });
});

describe('the live configuration', () => {
  const table = () => ({ client: tables.client, table: tables.names.Configuration });
  const { snapshot } = liveConfiguration();
  const commit = (name: string) =>
    pushAndCommit(table(), {
      snapshot: { ...snapshot, workflows: { ...snapshot.workflows, another: { name, target: {} } } },
      seed: undefined,
      author: 'Ana',
      message: name,
      nowMs,
    });
  const nameIn = (live: { snapshot: { workflows: Record<string, { name?: string }> } }) =>
    live.snapshot.workflows.another?.name;

  test('is an older version as a whole, until a reload or the copy knows the newer one', async () => {
    let clockMs = nowMs;
    const source = makeConfigurationSource(table(), { nowMs: () => clockMs });
    await commit('first');
    await tables.catchUp();
    expect(nameIn(await source.current())).toBe('first');
    await commit('second');
    clockMs += 30_000;
    expect(nameIn(await source.current())).toBe('first');
    clockMs += 30_000;
    expect(nameIn(await source.reload())).toBe('second');
  });

  test('never goes back to an older version, though a later read is late', async () => {
    let clockMs = nowMs;
    const source = makeConfigurationSource(table(), { nowMs: () => clockMs });
    await commit('first');
    await tables.catchUp();
    await source.current();
    await commit('second');
    clockMs += 2000;
    expect(nameIn(await source.reload())).toBe('second');
    clockMs += 30_000;
    expect(nameIn(await source.current())).toBe('second');
  });

  test('that names content which the copy does not have is read all the same', async () => {
    await commit('first');
    await tables.catchUp(({ pk }) => pk === 'current');
    expect(nameIn(await makeConfigurationSource(table()).current())).toBe('first');
  });
});

test('an event type that a late list lacks is noted once more, and is in the list once', async () => {
  const table = { client: tables.client, table: tables.names.Configuration };
  const seen = [{ source: 's', eventType: 't', eventId: makeEventId('s', 0, nowMs, randomBytes(12)) }];
  await makeSeenRegistry(table).note(seen, nowMs);
  await makeSeenRegistry(table).note(seen, nowMs + 1);
  await tables.catchUp();
  expect(await listEventTypes(table, 's')).toHaveLength(1);
});

test('the list of users is late, and a user is read as written at once', async () => {
  const directory = makeDirectory(tables.client, tables.names.Directory);
  const ref = { kind: 'user', id: 'lena' } as const;
  const entity = {
    ...{ ref, attributes: { name: 'Lena' }, sourceTimeMs: nowMs, propertyTimesMs: {} },
    ...{ insertedAtMs: nowMs, updatedAtMs: nowMs, version: 1 },
  };
  await directory.writeIfUnchanged(entity, 0);
  const listed = () => makeDirectoryList(tables.client, tables.names.Directory).page({ kind: 'user' }, { limit: 10 });
  expect((await listed()).entries).toEqual([]);
  expect(await directory.readEach([ref])).toEqual([entity]);
  await tables.catchUp();
  expect((await listed()).entries).toEqual(['lena']);
});
