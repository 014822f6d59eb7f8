import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { dieAt, type Fate } from '../support/die-at.ts';
import { act, makeActionContext } from '../support/directory-world.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

type Step = [action: string, payload: (id: string) => JsonObject, seconds: number];

const before: Step[] = [
  ['users_identify', (id) => ({ id: `u-${id}`, properties: { plan: 'team' } }), 1],
  ['objects_set', (id) => ({ collection: 'c', id: `o-${id}`, name: 'Apollo' }), 1],
  ['tenants_set', (id) => ({ id: `t-${id}`, name: 'Orchard' }), 1],
  [
    'objects_subscribe',
    (id) => ({ collection: 'c', id: `o-${id}`, recipients: [`u-${id}`, { collection: 'c', id: `p-${id}` }] }),
    2,
  ],
  [
    'objects_subscribe',
    (id) => ({ collection: 'c', id: `q-${id}`, recipients: [`u-${id}`, { collection: 'c', id: `o-${id}` }] }),
    2,
  ],
  ['audiences_add_member', (id) => ({ key: `a-${id}`, members: [`u-${id}`, `v-${id}`], create_audience: true }), 2],
];

// Every one of these actions, each with everything it may meet.
const steps: Record<string, Step> = {
  users_identify: ['users_identify', (id) => ({ id: `u-${id}`, email: 'l@orchard.example' }), 5],
  users_delete: ['users_delete', (id) => ({ id: `u-${id}` }), 5],
  objects_set: ['objects_set', (id) => ({ collection: 'c', id: `new-${id}`, properties: { a: 1 } }), 5],
  objects_delete: ['objects_delete', (id) => ({ collection: 'c', id: `o-${id}` }), 5],
  tenants_set: ['tenants_set', (id) => ({ id: `t-${id}`, settings: { branding: { primary_color: '#fff' } } }), 5],
  tenants_delete: ['tenants_delete', (id) => ({ id: `t-${id}` }), 5],
  objects_subscribe: [
    'objects_subscribe',
    (id) => ({
      collection: 'c',
      id: `new-${id}`,
      recipients: [`u-${id}`, { id: `n-${id}`, a: 1 }, 'ghost'],
      properties: { a: 1 },
    }),
    5,
  ],
  objects_unsubscribe: [
    'objects_unsubscribe',
    (id) => ({ collection: 'c', id: `o-${id}`, recipients: [`u-${id}`, 'ghost'] }),
    5,
  ],
  audiences_add_member: [
    'audiences_add_member',
    (id) => ({ key: `b-${id}`, members: [`u-${id}`, { id: `n-${id}`, a: 1 }, 'ghost'], create_audience: true }),
    5,
  ],
  audiences_remove_member: ['audiences_remove_member', (id) => ({ key: `a-${id}`, members: [`u-${id}`, 'ghost'] }), 5],
};

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

function contextOver(client: Pick<TestTables['client'], 'send'>) {
  const { Directory } = tables.names;
  return makeActionContext({
    directory: makeDirectory(client as TestTables['client'], Directory),
    subscriptions: makeSubscriptions(client as TestTables['client'], Directory),
    audiences: makeAudiences(client as TestTables['client'], Directory),
  }).context;
}

/** Runs the action in a process that dies at its `at`-th call to the table, then in one that lives. */
async function survive([action, payload, seconds]: Step, id: string, fates: Fate[]) {
  const prepared = contextOver(tables.client);
  for (const [action, payload, seconds] of before) await act(prepared, action, payload(id), { seconds });
  let calls = 0;
  let outcome: unknown;
  for (const fate of [...fates, undefined]) {
    const dying = dieAt({ client: { send: (command: never) => tables.client.send(command) } }, fate);
    const run = act(contextOver(dying.ports.client as TestTables['client']), action, payload(id), { seconds });
    outcome = await run.catch((error: Error) => error.name);
    calls = dying.calls();
  }
  return { calls, status: (outcome as { status?: string }).status };
}

/** Everything the table holds about one run of the test, as rows: versions and wall-clock times aside. */
async function rowsOf(id: string) {
  const { Items = [] } = await tables.client.send(
    new ScanCommand({ TableName: tables.names.Directory, ConsistentRead: true }),
  );
  return Items.flatMap((item) => {
    const { version: _version, list: _list, ...rest } = item;
    const text = JSON.stringify(rest).replaceAll(`-${id}`, '-ID');
    return text.includes('-ID') ? [text] : [];
  }).sort();
}

describe.each(Object.entries(steps))('a process that dies during %s', (name, step) => {
  const key = name.replaceAll('_', '-');

  test('at any call to the table, before or after its effect, leaves what an undisturbed one does', async () => {
    const { calls, status } = await survive(step, `${key}-calm`, []);
    expect(status).toBe('succeeded');
    expect(calls).toBeGreaterThan(1);
    const expected = await rowsOf(`${key}-calm`);
    expect(expected.length).toBeGreaterThan(5);
    for (let at = 0; at < calls; at++) {
      for (const when of ['before', 'after'] as const) {
        const id = `${key}-${at}${when}`;
        expect(await survive(step, id, [{ at, when }])).toMatchObject({ status: 'succeeded' });
        expect({ at, when, rows: await rowsOf(id) }).toEqual({ at, when, rows: expected });
      }
    }
  });
});
