import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { act, makeActionContext } from '../support/directory-world.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

/** Runs an action and answers how many writes (of one unit each, for small items) and reads it asked the table for. */
async function callsOf(action: string, payload: JsonObject, seconds: number) {
  const calls: string[] = [];
  const client = {
    send(command: { constructor: { name: string } }) {
      calls.push(command.constructor.name);
      return tables.client.send(command as never);
    },
  } as unknown as TestTables['client'];
  const { Directory } = tables.names;
  const { context } = makeActionContext({
    directory: makeDirectory(client, Directory),
    subscriptions: makeSubscriptions(client, Directory),
    audiences: makeAudiences(client, Directory),
  });
  expect(await act(context, action, payload, { seconds })).toMatchObject({ status: 'succeeded' });
  const writes = calls.filter((name) => /^(Put|Update|Delete)Command$/.test(name)).length;
  return { writes, reads: calls.length - writes };
}

const lena = { id: 'lena', properties: { plan: 'team' } };
const project = { collection: 'projects', id: 'p1' };
const tenant = { id: 't1', settings: { branding: { primary_color: '#fff' } } };
const members = { key: 'beta', members: 'lena' };

// One after the other: each finds what the ones before left. The figures in docs/actions are these; index `list` adds one
// unit where an entity or audience is made or deleted.
test.each<[what: string, action: string, payload: JsonObject, seconds: number, writes: number, reads: number]>([
  ['a new user', 'users_identify', lena, 1, 1, 1],
  ['an unchanged user, same event', 'users_identify', lena, 1, 0, 1],
  ['an unchanged user, later event', 'users_identify', lena, 2, 0, 1],
  ['a changed user', 'users_identify', { ...lena, email: 'l@orchard.example' }, 3, 1, 1],
  ['an older identify that adds nothing', 'users_identify', { id: 'lena', properties: { plan: 'old' } }, 0, 0, 1],
  ['a new object', 'objects_set', project, 1, 1, 1],
  ['an unchanged object', 'objects_set', project, 2, 0, 1],
  ['a new tenant', 'tenants_set', tenant, 1, 1, 1],
  ['an unchanged tenant', 'tenants_set', tenant, 2, 0, 1],
  ['a new subscription', 'objects_subscribe', { ...project, recipients: 'lena' }, 4, 2, 3],
  ['the same, same event', 'objects_subscribe', { ...project, recipients: 'lena' }, 4, 0, 3],
  ['the same, later event', 'objects_subscribe', { ...project, recipients: 'lena' }, 5, 2, 3],
  ['one taken back', 'objects_unsubscribe', { ...project, recipients: 'lena' }, 6, 2, 1],
  ['one not there taken back', 'objects_unsubscribe', { ...project, recipients: 'ghost' }, 6, 1, 1],
  ['a new audience with a member', 'audiences_add_member', { ...members, create_audience: true }, 4, 3, 4],
  ['a member that is in, same event', 'audiences_add_member', members, 4, 0, 4],
  ['a member that is in, later event', 'audiences_add_member', members, 5, 2, 4],
  ['a member removed', 'audiences_remove_member', members, 6, 2, 1],
  ['a member removed that is not in', 'audiences_remove_member', { key: 'beta', members: 'ghost' }, 6, 1, 1],
  ['a member again', 'audiences_add_member', members, 7, 2, 4],
  ['a subscription again', 'objects_subscribe', { ...project, recipients: 'lena' }, 7, 2, 3],
  ['a user with one subscription and one membership deleted', 'users_delete', { id: 'lena' }, 8, 5, 3],
  ['the same delete again', 'users_delete', { id: 'lena' }, 8, 0, 3],
  ['an unknown user deleted', 'users_delete', { id: 'nobody' }, 8, 1, 3],
  ['an identify from before the delete', 'users_identify', lena, 7, 1, 2],
  ['an object deleted, with the mark of who unsubscribed', 'objects_delete', project, 8, 3, 3],
  ['a tenant deleted', 'tenants_delete', { id: 't1' }, 8, 1, 3],
])('%s: %s', async (_what, action, payload, seconds, writes, reads) => {
  expect(await callsOf(action, payload, seconds)).toEqual({ writes, reads });
});
