import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toPaste } from '../../infra/cli/sources/add.ts';
import type { GuidedKind } from '../../shared/core/sources/guide.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { kindRow } from '../../shared/operations/sources/kind-row.ts';
import { chooseMappings, writeNewSource } from '../../shared/operations/sources/new-source.ts';
import { filled } from '../../shared/operations/sources/setup-steps.ts';
import { sourceGuides } from '../../shared/operations/sources/source-guides.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-add-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const kinds = await sourceGuides();
const guided = kinds.find(({ kind }) => kind.id === 'rudderstack') as GuidedKind;
const eventsOf = (choice: Parameters<typeof chooseMappings>[1], kind = guided) =>
  chooseMappings(kind, choice).map(({ mapping }) => mapping.event);

describe.each(kinds.map((one) => [one.kind.id, one] as const))('a new source of kind %s', (id, kind) => {
  test('is a file without an error, with all default mappings when all are taken', () => {
    const files = writeNewSource({ key: id, kind, mappings: kind.guide.defaultMappings, directory });
    const { snapshot, problems } = readConfigurationFiles(directory);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(problems.filter(({ path }) => path.includes('event'))).toEqual([]);
    expect(snapshot.sources[id]?.mappings).toEqual(kind.guide.defaultMappings.map(({ mapping }) => mapping));
    expect(files[0]?.path).toBe(join(directory, 'sources', `${id}.yaml`));
  });

  test('holds what was not taken as comments, from which it can be taken', () => {
    writeNewSource({ key: id, kind, mappings: [], directory });
    const text = readFileSync(join(directory, 'sources', `${id}.yaml`), 'utf8');
    for (const { mapping } of kind.guide.defaultMappings) expect(text).toContain(`# - id: ${mapping.id}`);
    expect(readConfigurationFiles(directory)).toMatchObject({
      problems: [],
      snapshot: { sources: { [id]: { mappings: [] } } },
    });
    // What a person does next: the `#` in front of the lines of mappings goes.
    writeFileSync(join(directory, 'sources', `${id}.yaml`), text.replaceAll(/^ {2}# (- id: | {2})/gm, '  $1'));
    expect(readConfigurationFiles(directory).snapshot.sources[id]?.mappings).toEqual(
      kind.guide.defaultMappings.map(({ mapping }) => mapping),
    );
    expect(
      text.split('\n').filter((line) => line.length > 130 && line.trimStart().startsWith('# ') && !line.includes(': ')),
    ).toEqual([]);
  });

  test('is described by a row for scripts', () => {
    const row = kindRow(kind);
    expect(JSON.parse(JSON.stringify(row))).toMatchObject({
      kind: id,
      enforcement: expect.stringMatching(/^(on|off|once_set)$/),
    });
    expect(row.default_mappings).toHaveLength(kind.guide.defaultMappings.length);
  });
});

describe('what the steps refer to', () => {
  test.each(kinds.map((one) => [one.kind.id, one] as const))('is printed below them: %s', (id, one) => {
    const { setup, templates = [], destination } = one.guide;
    const lines = toPaste(one);
    for (const { text } of templates) expect(lines).toContain(text);
    if (setup.some((step) => step.includes('template below'))) expect(templates).not.toEqual([]);
    const link = lines.find((line) => line.includes(`docs/sources/${id}.md#`));
    expect(link === undefined).toBe(destination === undefined);
    if (destination === undefined) return;
    const page = readFileSync(join(import.meta.dirname, `../../docs/sources/${id}.md`), 'utf8');
    const anchors = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-'));
    expect(anchors).toContain(link?.split('#')[1]);
  });
});

describe('the choice of mappings', () => {
  test('is by event type; without one all but the optional', () => {
    expect(eventsOf({})).toEqual(['identify', 'track/order_completed']);
    expect(eventsOf({ only: ['identify'] })).toEqual(['identify']);
    expect(eventsOf({ without: ['identify'] })).toEqual(['track/order_completed']);
    const optional = kinds.find(({ guide }) => guide.defaultMappings.some((one) => one.optional));
    const one = optional?.guide.defaultMappings.find((mapping) => mapping.optional);
    if (optional && one) {
      expect(eventsOf({}, optional)).toHaveLength(
        optional.guide.defaultMappings.filter((mapping) => !mapping.optional).length,
      );
      expect(eventsOf({ only: [one.mapping.event] }, optional)).toContain(one.mapping.event);
    }
  });

  test('of a type that no default mapping has is refused with the nearest', () => {
    expect(() => eventsOf({ only: ['identfy'] })).toThrow('did you mean "identify"?');
    expect(() => eventsOf({ without: ['x'] })).toThrow('no default mapping of rudderstack is for "x"');
  });
});

describe('what is there', () => {
  const add = (key: string) => writeNewSource({ key, kind: guided, mappings: guided.guide.defaultMappings, directory });

  test('is never written over: a second source takes another key, and shares the workflow', () => {
    expect(add('rudderstack').map(({ kind }) => kind)).toEqual(['source', 'workflow']);
    const before = readFileSync(join(directory, 'sources', 'rudderstack.yaml'), 'utf8');
    expect(() => add('rudderstack')).toThrow('is there already');
    expect(readFileSync(join(directory, 'sources', 'rudderstack.yaml'), 'utf8')).toBe(before);
    expect(add('rudderstack-app').map(({ kind }) => kind)).toEqual(['source']);
    const { snapshot, problems } = readConfigurationFiles(directory);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(snapshot.sources['rudderstack-app']?.name).toBe('RudderStack (rudderstack-app)');
  });

  test.each(['Rudder', '../x', '', 'a b'])('keeps its folder: %j is not a key', (key) => {
    expect(() => add(key)).toThrow('cannot be the key of a source');
  });
});

test('a step names the URL, or how to get it where the environment is not there', () => {
  const own = { key: 'shop', environment: 'production' };
  expect(filled('Paste {url}, and set {key}', { ...own, url: 'https://x/y' })).toBe('Paste https://x/y, and set shop');
  expect(filled('Paste {url}', { ...own, url: undefined })).toContain('npx signalbox sources shop -e production');
});
