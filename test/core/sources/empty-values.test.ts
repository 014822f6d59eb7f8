import { expect, test } from '@jest/globals';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { sourceGuide } from '../../../shared/operations/sources/source-guides.ts';
import { liveConfiguration, rawEvent } from '../../support/build.ts';
import { act, makeActionContext } from '../../support/directory-world.ts';

/* docs/decisions/0021-what-empty-values-mean.md, by the default mappings of each kind and the directory itself. */

const known = { name: 'Lena', email: 'lena@orchard.example', phone_number: '+34910000001', plan: 'pro' };

/** What is stored of a user after an event of a kind said something of them. */
async function storedAfter(kind: string, body: JsonObject) {
  const guided = await sourceGuide(kind);
  const mappings = guided?.guide.defaultMappings.map(({ mapping }) => mapping);
  const { plan } = planEvent(rawEvent(body), liveConfiguration({ file: { kind, mappings } }));
  const invocation = plan.kind === 'run' && plan.invocations.find(({ action }) => action === 'users_identify');
  if (!invocation) throw new Error(`${kind}: ${JSON.stringify(plan)}`);
  const { context, directory } = makeActionContext();
  const { plan: earlierPlan, ...fields } = known;
  await act(context, 'users_identify', { id: 'u', ...fields, properties: { plan: earlierPlan } });
  expect(await act(context, 'users_identify', { ...invocation.payload, id: 'u' }, { seconds: 2 })).toMatchObject({
    status: 'succeeded',
  });
  return directory.entities.get('u')?.attributes;
}

const rowKinds: [string, (row: JsonObject) => JsonObject][] = [
  [
    'clay',
    (row) => ({
      event: 'lead.enriched',
      full_name: row.name ?? null,
      phone_number: row.phone ?? null,
      ...row,
      email: 'lena@orchard.example',
    }),
  ],
  ['hightouch', (row) => ({ type: 'row.changed', user_id: 'u', ...row })],
  ['census', (row) => ({ user_id: 'u', ...row })],
  ['polytomic', (row) => ({ event: 'sync.records', fields: { user_id: 'u', ...row } })],
];

test.each(rowKinds)('of a row of %s null and "" change nothing, fields and properties alike', async (kind, body) => {
  for (const empty of ['', null]) {
    const stored = await storedAfter(kind, body({ name: empty, phone: empty, plan: empty }));
    expect(stored).toMatchObject(known);
    for (const value of Object.values(stored ?? {})) expect(value).not.toBe(empty);
  }
});

const cdps = ['rudderstack', 'segment', 'jitsu', 'freshpaint'];

test.each(cdps)('a trait of %s that is null empties what it names, fields and properties alike', async (kind) => {
  const traits = { name: null, email: null, phone: null, plan: null };
  expect(await storedAfter(kind, { type: 'identify', userId: 'u', traits })).toMatchObject({
    ...{ name: null, email: null, phone_number: null, plan: null },
  });
});

test.each(cdps)('a trait of %s that is not there changes nothing', async (kind) => {
  expect(await storedAfter(kind, { type: 'identify', userId: 'u', traits: { seats: 3 } })).toEqual({
    ...known,
    seats: 3,
  });
});

test.each(['posthog', 'amplitude'])('a property of %s that is null empties what it names', async (kind) => {
  const said = { name: null, plan: null };
  const body: JsonObject =
    kind === 'posthog'
      ? { event: '$set', userId: 'u', properties: { $set: said } }
      : { user_id: 'u', user_properties: said };
  expect(await storedAfter(kind, body)).toMatchObject({ name: null, plan: null, email: known.email });
});
