import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listRefusalNotes, makeRefusalNotes } from '../../shared/adapters/dynamodb-refusal-notes.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import { unavailableReason } from '../../shared/ports/refusal-notes.ts';
import { UnusableSecret } from '../../shared/ports/secrets.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const table = () => ({ client: tables.client, table: tables.names.Configuration });
const fail = (error: unknown) => {
  throw error;
};
const atMs = Date.parse('2026-11-29T10:00:00Z');
const note = (change = {}) => ({ source: 'stripe', reason: 'body_empty', requestId: 'req-1', atMs, ...change });

test('a process writes one note per source and reason in five minutes, however many requests come', async () => {
  const sent: unknown[] = [];
  const client = { send: async (command: unknown) => sent.push(command) } as unknown as TestTables['client'];
  const notes = makeRefusalNotes({ client, table: 'Configuration' }, fail);
  for (let i = 0; i < 100; i++) await notes.note(note({ atMs: atMs + i * 3000 - 1 }));
  expect(sent).toHaveLength(1);
  await notes.note(note({ atMs: atMs + 300_000 }));
  await notes.note(note({ reason: 'body_not_json' }));
  await notes.note(note({ source: 'clerk' }));
  expect(sent).toHaveLength(4);
});

test('the newest note of each source and reason is listed', async () => {
  await makeRefusalNotes(table(), fail).note(note());
  await makeRefusalNotes(table(), fail).note(note({ requestId: 'req-2', atMs: atMs + 1 }));
  await makeRefusalNotes(table(), fail).note(note({ source: 'clerk', requestId: undefined }));
  expect(await listRefusalNotes(table())).toEqual([
    { source: 'clerk', reason: 'body_empty', requestId: undefined, atMs },
    { source: 'stripe', reason: 'body_empty', requestId: 'req-2', atMs: atMs + 1 },
  ]);
});

test('a table that is away costs one call and no answer', async () => {
  const failures: unknown[] = [];
  let calls = 0;
  const send = async () => {
    calls++;
    throw new Error('away');
  };
  const client = { send } as unknown as TestTables['client'];
  const notes = makeRefusalNotes({ client, table: 'Configuration' }, (error) => failures.push(error));
  await notes.note(note());
  await notes.note(note());
  expect([calls, failures.map(String)]).toEqual([1, ['Error: away']]);
});

test.each([
  ['a secret that cannot be used', new UnusableSecret('sources/x', 'scheduled_for_deletion'), 'scheduled_for_deletion'],
  ['an error that names its reason', new RetryableError('late', { reason: 'time_over' }), 'time_over'],
  ['a reason that is not in the list', new RetryableError('odd', { reason: 'odd' }), 'service_unavailable'],
  ['a table that is throttled', new RetryableError('throttled'), 'service_unavailable'],
  ['a bug', new TypeError('x is not a function'), 'internal'],
])('%s has a reason of the closed list', (_, error, reason) => {
  expect(unavailableReason(error)).toBe(reason);
});
