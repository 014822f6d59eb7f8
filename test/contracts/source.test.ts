import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { actions } from '../../shared/core/actions/index.ts';
import { Snapshot, SourceFile, SourceState, WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { validKey } from '../../shared/core/ids/claim-key.ts';
import { splitEvents } from '../../shared/core/ingest/split-events.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import type { Sample, SampleMaker } from '../../shared/core/sources/guide.ts';
import { sourceKinds } from '../../shared/core/sources/index.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { checkReferences } from '../../shared/operations/configuration/files/configuration-checks.ts';
import { planSamples } from '../../shared/operations/send/plan-samples.ts';
import { sourceGuides } from '../../shared/operations/sources/source-guides.ts';
import { rawEvent } from '../support/build.ts';
import { type KindFiles, missingFromKinds } from '../support/kind-files.ts';

/* What every kind of source has to hold, and its fixtures: payloads in the vendor's shape, reviewed by hand. */

const root = new URL('../../', import.meta.url);
const fixturesFolder = new URL('test/fixtures/sources/', root);

const filesBelow = (folder: string) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}${name}`);

describe('adding a kind takes its file, its guide, fixtures, a page and one line in the listing', () => {
  const listed = sourceKinds.map(({ id }) => id);
  const files = ['shared/core/sources/', 'test/fixtures/sources/', 'docs/sources/'].flatMap(filesBelow);
  const checkout: KindFiles = { listed, files, exportsGuide: () => true };

  test('nothing is missing', async () => {
    const withGuide = await Promise.all(
      listed.map(async (id) => {
        const path = `shared/core/sources/${id}.guide.ts`;
        return files.includes(path) && typeof (await import(new URL(path, root).href)).guide === 'object' ? [id] : [];
      }),
    );
    const exportsGuide = (id: string) => withGuide.flat().includes(id);
    expect(missingFromKinds({ ...checkout, exportsGuide })).toEqual([]);
  });

  const without = (part: string) => ({ ...checkout, files: files.filter((path) => !path.includes(part)) });
  test.each([
    ['the listing line', { ...checkout, listed: listed.filter((id) => id !== 'clay') }, 'index.ts does not list'],
    ['the file', without('core/sources/clay.ts'), 'shared/core/sources/clay.ts is missing'],
    ['the guide', without('clay.guide.ts'), 'shared/core/sources/clay.guide.ts is missing'],
    ['its export', { ...checkout, exportsGuide: (id: string) => id !== 'clay' }, 'has to export `guide`'],
    ['the fixtures', without('fixtures/sources/clay/'), 'test/fixtures/sources/clay/ wants two pairs'],
    ['the page', without('docs/sources/clay.md'), 'docs/sources/clay.md is missing: npm run docs'],
    ['a second of the same name', { ...checkout, listed: [...listed, 'clay'] }, 'lists "clay" twice'],
  ])('without %s, one sentence says which file wants what', (_, changed, sentence) => {
    const missing = missingFromKinds(changed);
    expect(new Set(missing).size).toBe(1);
    expect(missing[0]).toContain(sentence);
  });
});

const guided = await sourceGuides();

describe.each(guided.map(({ kind, guide }) => [kind.id, kind, guide] as const))('%s', (id, kind, guide) => {
  const folder = new URL(`${id}/`, fixturesFolder);
  const fixtures = readdirSync(folder)
    .filter((name) => name.endsWith('.expected.json'))
    .map((name) => name.replace('.expected.json', ''));
  const readFixture = (name: string) => readFileSync(new URL(name, folder), 'utf8');

  test('has a title, the vendor’s page, and two fixtures or more', () => {
    expect(kind.title).not.toBe('');
    expect(new URL(kind.docs).protocol).toBe('https:');
    expect(fixtures.length).toBeGreaterThanOrEqual(2);
  });

  test('keeps no header that holds a credential, and names headers as they are compared', () => {
    const { credentialHeaders } = kind.verifier;
    expect(kind.keptHeaders.filter((name) => credentialHeaders.includes(name))).toEqual([]);
    for (const name of [...kind.keptHeaders, ...credentialHeaders]) expect(name).toBe(name.toLowerCase());
  });

  test('verifies no request without proof, and none by an empty secret', () => {
    const request = { rawBody: Buffer.from('{}'), nowMs: Date.now() };
    expect(kind.verifier.isSigned({})).toBe(false);
    expect(kind.verifier.verify({ ...request, headers: {}, secrets: ['secret'] })).toBe('skipped');
    for (const value of ['', 'x', 't=1,v1=', 'v1,', '\u0000']) {
      const headers = Object.fromEntries(kind.verifier.credentialHeaders.map((name) => [name, value]));
      for (const secrets of [[], [''], ['secret']]) {
        expect(kind.verifier.verify({ ...request, headers, secrets })).not.toBe('verified');
      }
    }
  });

  test('a secret that it makes is one that it takes, and another each time', () => {
    const { newSecret, secretProblem } = kind.verifier;
    if (newSecret === undefined) return;
    const made = [newSecret(randomBytes(32)), newSecret(randomBytes(32))] as const;
    expect(made[0]).not.toBe(made[1]);
    for (const value of made) expect([value.length >= 32, secretProblem?.(value)]).toEqual([true, undefined]);
  });

  test.each(fixtures)('reads %s as reviewed', (name) => {
    const headers = existsSync(new URL(`${name}.headers.json`, folder))
      ? JSON.parse(readFixture(`${name}.headers.json`))
      : {};
    const raw = rawEvent(readFixture(`${name}.json`), {
      payload: packEventText({ headers, body: readFixture(`${name}.json`) }),
    });
    const normalized = normalizeEvent(raw, SourceFile.parse({ kind: id, name: id }), SourceState.parse({}));
    expect(summary(normalized)).toEqual(JSON.parse(readFixture(`${name}.expected.json`)));
  });

  const user = { id: 'user_1', name: 'Ada Example', email: 'ada@example.com' };
  let made = 0;
  const make: SampleMaker = {
    uuid: () => `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
    int: (min) => min,
    nowMs: Date.now(),
  };
  const workflows = Object.fromEntries(
    guide.defaultMappings.flatMap(({ mapping }) =>
      mapping.action === 'workflows_trigger' && typeof mapping.parameters.key === 'string'
        ? [[mapping.parameters.key, WorkflowFile.parse({ name: 'W', target: { development: { type: 'log' } } })]]
        : [],
    ),
  );
  const file = SourceFile.parse({ kind: id, name: id, mappings: guide.defaultMappings.map(({ mapping }) => mapping) });
  // Switches that are off by default are on here: what is asked is whether the mappings fit.
  const state = SourceState.parse({ identify: true, idempotency: { enabled: true } });
  const live = {
    version: 1,
    snapshot: Snapshot.parse({ sources: { [id]: file }, workflows }),
    state: { sources: { [id]: state }, inactive_workflows: [] },
  };

  /** A sample the way it is posted, split and read; the first of its events. */
  function planned(sample: Sample) {
    const text = typeof sample.body === 'string' ? sample.body : JSON.stringify(sample.body);
    const split = splitEvents(text, kind.batchWrapper);
    if (split.kind === 'refused') throw new Error(split.detail);
    const headers = { ...guide.samples.headers, ...sample.headers, ...signed(text, sample) };
    const [event] = split.events;
    return planEvent(
      rawEvent(undefined, { source: id, payload: packEventText({ headers, body: event?.text ?? '' }) }),
      live,
    );
  }

  const secret = ['text', 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=', 'user:password'].find(
    (text) => kind.verifier.secretProblem(text) === undefined,
  );
  const signed = (text: string, { messageId }: Sample) =>
    secret === undefined
      ? {}
      : kind.verifier.sign({ rawBody: Buffer.from(text), secret, nowMs: make.nowMs, id: messageId });

  const samples = [
    ...new Set(
      [...guide.samples.mix, ...guide.defaultMappings.map(({ mapping }) => ({ eventType: mapping.event }))].map(
        ({ eventType }) => eventType,
      ),
    ),
  ].map((eventType) => [eventType] as const);

  test.each(samples)('has a sample of %s, which is read as what it says it is', (eventType) => {
    const sample = guide.samples.ofType(eventType, user, make);
    if (sample === undefined) throw new Error('there is none');
    expect(sample.eventType).toBe(eventType);
    const { event } = planned(sample);
    expect(event).toMatchObject({ eventType });
    if (event?.keyCandidate !== undefined) expect(validKey(event.keyCandidate)).toBeDefined();
    if (event?.userId !== undefined) expect(event.userId).toBe(sample.userId);
  });

  test('has default mappings that are right, and each finds in its sample what its action needs', () => {
    expect(
      guide.defaultMappings.filter(({ optional }) => !optional).length + Number(guide.category === 'Custom'),
    ).toBeGreaterThan(0);
    const problems = checkReferences(live.snapshot, {}, (_kind, key, path) => ({ file: key, path: path.join('.') }), {
      sources: [id],
      workflows: Object.keys(workflows),
      audiences: [],
      environments: ['development'],
    });
    expect(problems.filter(({ path }) => !path.startsWith('target'))).toEqual([]);
    for (const { about, mapping } of guide.defaultMappings) {
      expect(about).not.toBe('');
      expect(Mapping.parse(mapping).id).toBe(mapping.id);
      const sample = guide.samples.ofType(mapping.event, user, make);
      const { plan } = planned(sample as Sample);
      if (plan.kind !== 'run') throw new Error(`${mapping.id}: ${plan.kind} ${plan.reason} ${plan.detail}`);
      const invocation = plan.invocations.find((one) => one.mapping === mapping.id);
      const action = actions.find((one) => one.id === mapping.action);
      // As actions read them: null comes from data that is not there.
      const given = Object.fromEntries(Object.entries(invocation?.payload ?? {}).filter(([, value]) => value !== null));
      expect({ mapping: mapping.id, problems: action?.params.safeParse(given).error?.issues }).toEqual({
        mapping: mapping.id,
        problems: undefined,
      });
    }
  });

  test('introduces a user before the user does something, by its own default mappings', () => {
    const { introductions, events } = planSamples(guide.samples, { count: 40 });
    expect(events.length).toBeGreaterThan(0);
    expect(new Set([...introductions, ...events].map(({ messageId }) => messageId)).size).toBe(40);
    for (const sample of introductions) {
      const { plan } = planned(sample);
      expect(plan).toMatchObject({ kind: 'run' });
      if (plan.kind !== 'run') continue;
      const identifies = plan.invocations.filter(({ action }) => action === 'users_identify');
      expect(identifies.map(({ payload }) => String(payload.id))).toContain(sample.userId);
    }
  });

  test('is proven by its own signature, and by no other', () => {
    if (secret === undefined) {
      expect(kind.settings.enforcement).toBe('off');
      return;
    }
    const [{ eventType } = { eventType: '' }] = guide.samples.mix;
    const sample = guide.samples.ofType(eventType, user, make) as Sample;
    const text = typeof sample.body === 'string' ? sample.body : JSON.stringify(sample.body);
    const headers = signed(text, sample);
    const request = { rawBody: Buffer.from(text), headers, nowMs: make.nowMs };
    expect(kind.verifier.verify({ ...request, secrets: [secret] })).toMatch(/^verified/);
    expect(kind.verifier.verify({ ...request, secrets: ['dGV4dA==:other'] })).toBe('failed');
    for (const name of Object.keys(headers)) expect(name).toBe(name.toLowerCase());
  });

  test('tries again no longer than a copy counts as one; a vendor that signs every request says for how long', () => {
    const { retryHours } = guide.behaviour;
    expect(kind.settings.windowHours).toBeGreaterThan(retryHours ?? 0);
    if (kind.signs) expect(retryHours).toBeDefined();
  });

  test('tells people how to set it up, with the URL and, where there is one, the secret', () => {
    expect(guide.setup.some((step) => step.includes('{url}'))).toBe(true);
    // Of custom senders the source's file may declare how they prove themselves.
    if (guide.category !== 'Custom') expect(guide.secret === undefined).toBe(secret === undefined);
    const { sendsAgainAfter, retryHours: _, ...behaviour } = guide.behaviour;
    for (const status of [400, 401, 404, 413, 429, 503])
      expect([true, false, 'unknown']).toContain(sendsAgainAfter(status));
    // They are printed one behind the other, in the terminal and on the page, so each is whole sentences.
    const sentences = [guide.about, guide.eventType.rule, ...Object.values(behaviour), ...guide.pitfalls];
    for (const text of [...sentences, ...guide.defaultMappings.map(({ about }) => about)])
      expect(text).toMatch(/^[A-Z`].*[.]$/s);
    for (const text of sentences)
      expect(text.replace(/`[^`]*`/g, '')).not.toMatch(/\b(nobody|whoever|somebody|everybody)\b/i);
    // It stands behind a colon and before a full stop.
    expect(guide.key).not.toMatch(/[.]$/);
  });
});

function summary(normalized: ReturnType<typeof normalizeEvent>) {
  if (normalized.kind === 'rejected') return { rejected: { reason: normalized.reason, detail: normalized.detail } };
  const { event } = normalized;
  const occurredAt =
    event.occurredAtMs === event.receivedAtMs ? 'received' : new Date(event.occurredAtMs).toISOString();
  return {
    event_type: event.eventType,
    ...(event.userId !== undefined && { user_id: event.userId }),
    ...(event.keyCandidate !== undefined && { key: event.keyCandidate }),
    occurred_at: occurredAt,
    data: event.data,
    preprocess: event.preprocess,
  };
}
