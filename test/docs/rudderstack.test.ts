import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { EnvironmentFile, SourceFile, SourceState, WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { validKey } from '../../shared/core/ids/claim-key.ts';
import { eventsMax } from '../../shared/core/ingest/split-events.ts';
import { effectiveSettings } from '../../shared/core/live/effective-settings.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { rudderstack } from '../../shared/core/sources/rudderstack.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { setSettings } from '../../shared/operations/settings/settings.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { startTables } from '../support/dynalite.ts';
import { chapter, fencesOf, tablesOf } from './markdown.ts';

/*
 * docs/rudderstack.md: its payloads are read as it says, its configuration is valid and does with them what it says.
 */
const page = readFileSync(new URL('../../docs/rudderstack.md', import.meta.url), 'utf8');
const fences = fencesOf(page.split('\n'));
const payloads = fences.filter(({ language, note }) => language === 'json' && note === '').map(({ text }) => text);
const yamls = fences.filter(({ language }) => language === 'yaml').map(({ text }) => parseYaml(text));
const mappingLists = yamls.filter((yaml) => 'mappings' in yaml);

// One after each payload: "Event type `…`, user `…`, key `…`, data `{ … }`."
const statement = /Event type `([^`]+)`, (?:user `([^`]+)`|no user), (?:key `([^`]+)`|no key), data `([^`]+)`\./g;
const statements = [...page.replaceAll('\n', ' ').matchAll(statement)].map(([, eventType, userId, key, data = '']) => ({
  eventType,
  userId,
  key,
  data: JSON.parse(data),
}));

function read(payload: string) {
  const normalized = normalizeEvent(
    rawEvent(payload),
    SourceFile.parse({ kind: 'rudderstack', name: 'RudderStack' }),
    SourceState.parse({}),
  );
  if (normalized.kind === 'rejected') throw new Error(normalized.detail);
  const { eventType, userId, keyCandidate, data } = normalized.event;
  return { eventType, userId, key: validKey(keyCandidate), data };
}

function plan(mappings: unknown, payload: string) {
  return planEvent(rawEvent(payload), liveConfiguration({ file: { mappings } })).plan;
}

describe('the payloads', () => {
  test('are each followed by what they become', () => {
    expect(payloads.length).toBeGreaterThan(3);
    expect(statements).toHaveLength(payloads.length);
  });

  test.each(payloads.map((payload, i) => [statements[i]?.eventType ?? '', payload, statements[i]] as const))(
    'become what the page says: %s',
    (_type, payload, stated) => {
      expect(read(payload)).toEqual(stated);
    },
  );

  test.each([
    [{ type: 'track' }, 'track'],
    [{ type: 'page', name: 'Home' }, 'page'],
    [{ type: 'alias' }, 'alias'],
    [{ type: 'Whatever' }, 'whatever'],
  ])('follow the table of event types: %j is %s', (body, eventType) => {
    expect(read(JSON.stringify(body)).eventType).toBe(eventType);
  });

  test.each([
    [{ event: 'x' }, 'event_type_missing'],
    [{ type: 'track', event: ['x'] }, 'payload_invalid'],
  ])('follow the table of event types: %j is rejected as %s', (body, reason) => {
    expect(plan([], JSON.stringify(body))).toMatchObject({ kind: 'rejected', reason });
  });
});

describe('the configuration', () => {
  test('is valid, whichever file it is for', () => {
    const kinds = yamls.map((yaml) => {
      if ('mappings' in yaml) return SourceFile.parse({ kind: 'rudderstack', name: 'R', ...yaml }) && 'source';
      if ('target' in yaml) return WorkflowFile.parse(yaml) && 'workflow';
      return EnvironmentFile.parse(yaml) && 'environment';
    });
    expect(kinds.sort()).toEqual(['source', 'source', 'workflow']);
  });

  test('of an environment gives first values only: enforcing is a setting that pushes leave alone', async () => {
    const tables = await startTables();
    try {
      const table = { client: tables.client, table: tables.names.Configuration };
      const { snapshot } = liveConfiguration();
      const commit = { author: 'a', message: 'm', nowMs: 0 };
      await pushAndCommit(table, { ...commit, snapshot, seed: undefined });
      const asked = { author: 'a', nowMs: 0 };
      await setSettings(table, { source: 'rudderstack', settings: { enforce: true }, ...asked });
      const seed = EnvironmentFile.parse({ sources: { rudderstack: { verification: { enforced: false } } } });
      const workflows = { ...snapshot.workflows, another: WorkflowFile.parse({ name: 'Another', target: {} }) };
      await pushAndCommit(table, { ...commit, snapshot: { ...snapshot, workflows }, seed });
      const { state } = await readLive(table);
      expect(state.sources.rudderstack?.verification.enforced).toBe(true);
    } finally {
      await tables.stop();
    }
  });

  test('resolves the sample to the parameters that the page shows', () => {
    const [resolved] = fences.filter(({ note }) => note === 'resolved').map(({ text }) => JSON.parse(text));
    expect(plan(mappingLists[0].mappings, payloads.at(-1) ?? '')).toMatchObject({
      kind: 'run',
      invocations: [{ payload: resolved }],
    });
  });

  test('describes a recipient for whom nothing has to be known', () => {
    expect(plan(mappingLists[1].mappings, payloads.at(-1) ?? '')).toMatchObject({
      kind: 'run',
      invocations: [{ payload: { recipients: { id: 'usr_8841', email: 'lena@orchard.example' } } }],
    });
  });

  test('leaves anonymous events out where the page says how', () => {
    const anonymous = JSON.stringify({ ...JSON.parse(payloads.at(-1) ?? ''), userId: null });
    expect(plan(mappingLists[1].mappings, anonymous)).toMatchObject({ reason: 'conditions_not_met' });
  });
});

describe('the facts', () => {
  test('are the answers that ingest gives, and that of the gateway before it', () => {
    const refusals = readFileSync(new URL('../../shared/core/ingest/refusal.ts', import.meta.url), 'utf8');
    const given = [...refusals.matchAll(/status: (\d{3}),/g)].map(([, status]) => status);
    const [table = []] = tablesOf(chapter(page, 'What each answer means').flatMap(({ lines }) => lines));
    const documented = table.map(({ Answer }) => Answer);
    expect(documented).toEqual([...new Set(['200', ...given, '429', '503'])].sort());
  });

  test('are the header of the secret and the paths of the key', () => {
    expect(rudderstack.verifier.credentialHeaders).toEqual(['x-webhook-secret']);
    expect(page).toContain('the header `x-webhook-secret`');
    expect(rudderstack.idempotencyKeyPaths.map(({ text }) => text)).toEqual(['body.messageId', 'body.message_id']);
    expect(page).toContain('`messageId` (or `message_id`)');
  });

  test('are the limits', () => {
    expect(page).toContain(`${eventsMax.toLocaleString('en')} events`);
    const settings = effectiveSettings(
      rudderstack,
      SourceFile.parse({ kind: 'rudderstack', name: 'R' }),
      SourceState.parse({}),
    );
    expect(page).toContain(`within ${settings.idempotency.windowHours} hours`);
    expect(settings.enforcement).toBe('off');
  });
});
