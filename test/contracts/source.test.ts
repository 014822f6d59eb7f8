import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { sourceKinds } from '../../shared/core/sources/index.ts';
import { normalizeEvent } from '../../shared/core/sources/normalize.ts';
import { rawEvent } from '../support/build.ts';

/* What every kind of source has to hold, and its fixtures: payloads in the vendor's shape, reviewed by hand. */

const kindsFolder = new URL('../../shared/core/sources/', import.meta.url);
const fixturesFolder = new URL('../fixtures/sources/', import.meta.url);
const notKinds = ['index.ts', 'normalize.ts', 'source.ts'];

test('the listing and the folder name the same kinds, each once', () => {
  const files = readdirSync(kindsFolder).filter((name) => name.endsWith('.ts') && !notKinds.includes(name));
  expect(sourceKinds.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

describe.each(sourceKinds.map((kind) => [kind.id, kind] as const))('%s', (id, kind) => {
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

  test('verifies nobody who brings nothing, and nobody by an empty secret', () => {
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
    const raw = rawEvent(readFixture(`${name}.json`));
    const normalized = normalizeEvent(raw, SourceFile.parse({ kind: id, name: id }), SourceState.parse({}));
    expect(summary(normalized)).toEqual(JSON.parse(readFixture(`${name}.expected.json`)));
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
