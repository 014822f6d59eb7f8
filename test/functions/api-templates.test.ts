import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Liquid } from 'liquidjs';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/* docs/api.md, "Reverse-ETL tools by HTTP": what its templates make is JSON, and does what the page says. */

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const [usersTemplate = '', membersTemplate = ''] = [...page.matchAll(/```liquid\n(.*?)```/gs)].map(
  ([, text = '']) => text,
);
const render = (template: string, records: object[]): Promise<string> =>
  new Liquid().parseAndRender(template, { records });

const records = [
  { user_id: 'u1', name: 'Ana', email: 'ana@example.com', tenant_id: 'acme' },
  { user_id: 42, name: 'Bo', email: null, tenant_id: null },
  { user_id: 'u3', name: 'Číslo', email: 'c@example.com', tenant_id: 'acme' },
];

let api: WorkflowsApi;
beforeAll(async () => {
  api = await startWorkflowsApi();
});
afterAll(() => api.stop());

test.each([0, 1, 3])('with %i rows both are JSON', async (count) => {
  for (const template of [usersTemplate, membersTemplate]) {
    const [list] = Object.values(JSON.parse(await render(template, records.slice(0, count)))) as unknown[][];
    expect(list).toHaveLength(count);
  }
});

test('users are set; what is null in the warehouse counts as absent', async () => {
  await api.client.users.update('42', { email: 'kept@example.com' });
  const body = await render(usersTemplate, records);
  const answer = await api.call('POST', '/v1/users/bulk/identify', { body });
  expect(answer).toMatchObject({ status: 200, body: { __typename: 'BulkOperation', estimated_total_rows: 3 } });
  await api.deliver();
  expect(await api.client.users.get('u1')).toMatchObject({ name: 'Ana', email: 'ana@example.com' });
  expect(await api.client.users.get('42')).toMatchObject({ name: 'Bo', email: 'kept@example.com' });
  const { id } = answer.body as { id: string };
  expect(await api.client.bulkOperations.get(id)).toMatchObject({ status: 'completed', success_count: 3 });
});

test('members are added; a blank tenant is none', async () => {
  const body = await render(membersTemplate, records);
  const answer = await api.call('POST', '/v1/audiences/vip/members?create_audience=true', { body });
  expect(answer.status).toBe(204);
  const { entries } = await api.client.audiences.listMembers('vip');
  expect(entries.map(({ user_id, tenant }) => [user_id, tenant])).toEqual([
    ['42', null],
    ['u1', 'acme'],
    ['u3', 'acme'],
  ]);
});

test('a quote in a value is 400, with the line and column where it stops being JSON', async () => {
  const body = await render(usersTemplate, [{ user_id: 'u1', name: 'Ana "Bee" Sol', email: '' }]);
  const answer = await api.call('POST', '/v1/users/bulk/identify', { body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
  expect((answer.body as { message: string }).message).toBe(
    `the body is not JSON: line 1, column ${body.indexOf('Bee') + 1} should be "," or "}"`,
  );
});
