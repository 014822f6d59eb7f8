import { describe, expect, test } from '@jest/globals';
import jsonata from 'jsonata';
import { Liquid } from 'liquidjs';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { sourceKind } from '../../shared/core/sources/index.ts';
import { sourceGuide } from '../../shared/operations/sources/source-guides.ts';

/*
 * Templates that guides give to paste, rendered as the vendor renders them: Liquid at Census and Hightouch, JSONata at
 * RudderStack. Their JSON is read by the kind that they are for.
 */

const rows = [
  { user_id: 'u-1', name: 'Ada', email: 'ada@x.example', tenant_id: 't-1' },
  { user_id: 'u-2', name: 'Bo', email: '', tenant_id: '' },
  { user_id: 'u-3', name: 'Cy', email: 'cy@x.example', tenant_id: 't-1' },
];

const templatesOf = async (kind: string) => (await sourceGuide(kind))?.guide.templates ?? [];
const eventsOf = (kind: string, body: string) => {
  const split = splitEvents(body, sourceKind(kind)?.batchWrapper);
  if (split.kind === 'refused') throw new Error(split.detail);
  return split.events.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
};

describe('Census', () => {
  test.each([1, 3])('renders %s records as one JSON document', async (count) => {
    const [toSource, members] = await templatesOf('census');
    const records = rows.slice(0, count);
    const rendered = await new Liquid().parseAndRender(toSource?.text ?? '', { records });
    expect(eventsOf('census', rendered).map(({ user_id: id, type }) => [id, type])).toEqual(
      records.map(({ user_id: id }) => [id, 'record.upsert']),
    );
    const body = JSON.parse(await new Liquid().parseAndRender(members?.text ?? '', { records }));
    expect(body.members).toEqual(records.map((row) => ({ user: { id: row.user_id }, tenant: row.tenant_id })));
  });

  test('puts the members of a DELETE into the query', async () => {
    const [, , removed] = await templatesOf('census');
    const url = await new Liquid().parseAndRender(removed?.text ?? '', { records: rows });
    const [, query = ''] = url.split('members=');
    expect(JSON.parse(query)).toEqual(rows.map(({ user_id: id }) => ({ user: { id } })));
  });
});

test('Hightouch renders a row as one JSON document', async () => {
  const [toSource, member] = await templatesOf('hightouch');
  const [row] = rows;
  const rendered = await new Liquid().parseAndRender(toSource?.text ?? '', { row });
  expect(eventsOf('hightouch', rendered)).toEqual([
    { type: 'row.added', user_id: 'u-1', name: 'Ada', email: 'ada@x.example' },
  ]);
  expect(JSON.parse(await new Liquid().parseAndRender(member?.text ?? '', { row }))).toEqual({
    members: [{ user: { id: 'u-1' }, tenant: 't-1' }],
  });
});

describe('RudderStack Custom Activation', () => {
  test.each([1, 3, 5000])('evaluates to %s events, each with the type and the audience', async (count) => {
    const records = Array.from({ length: count }, (_, i) => ({
      user_id: `u-${i}`,
      email: `u${i}@x.example`,
      other: 'x',
    }));
    const [added, removed] = await templatesOf('rudderstack-activation');
    for (const [template, type] of [
      [added, 'record.added'],
      [removed, 'record.removed'],
    ] as const) {
      const body = await jsonata(template?.text ?? '').evaluate({ records, connection: { audienceId: 'vip' } });
      const events = eventsOf('rudderstack-activation', JSON.stringify(body));
      expect(events).toHaveLength(count);
      expect(events.at(-1)).toEqual({
        type,
        audience: 'vip',
        user_id: `u-${count - 1}`,
        email: `u${count - 1}@x.example`,
      });
    }
  });
});
