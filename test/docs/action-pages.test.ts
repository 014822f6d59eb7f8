import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { actions } from '../../shared/core/actions/index.ts';
import { actionReasons } from '../../shared/core/logs/action-log-entry.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { actionPages, commonReasons, costsOf, exampleOf, fileOf, guides, refusalOf, typeName } from './action-pages.ts';
import { fencesOf } from './markdown.ts';

const docs = new URL('../../docs/', import.meta.url);
const ids = actions.map(({ id }) => id);
const guided = actions.flatMap((action) => {
  const guide = guides.get(action.id);
  return guide === undefined ? [] : [[action.id, action, guide] as const];
});

test('the pages are as they are made: npm run docs writes them', async () => {
  const made = await actionPages();
  for (const [path, text] of made)
    expect({ path, text: readFileSync(new URL(path, docs), 'utf8') }).toEqual({ path, text });
  expect(readdirSync(new URL('actions/', docs)).sort()).toEqual(ids.map(fileOf).sort());
});

test('every guide stands beside a definition, and speaks of it', () => {
  const files = readdirSync(new URL('../../shared/core/actions/', import.meta.url));
  const guideOf = (id: string) => `${id.replaceAll('_', '-')}.guide.ts`;
  expect(files.filter((name) => name.endsWith('.guide.ts')).sort()).toEqual([...guides.keys()].map(guideOf).sort());
});

test('every reason is explained somewhere', () => {
  const explained = [
    ...Object.keys(commonReasons),
    ...[...guides.values()].flatMap(({ reasons }) => Object.keys(reasons)),
  ];
  expect([...new Set(explained)].sort()).toEqual([...actionReasons].sort());
});

test('a schema that has no name is noticed', () => {
  expect(() => typeName(z.date().optional())).toThrow('no type is named');
});

describe.each(actions.map((action) => [action.id, action] as const))('%s', (_id, { params }) => {
  test('every parameter is described and has a type with a name', () => {
    for (const schema of Object.values(params.shape)) {
      expect(schema.description ?? '').toMatch(/^\S.*\.$/);
      expect(typeName(schema)).not.toBe('');
    }
  });
});

describe.each(guided)('the guide of %s', (id, { params }, guide) => {
  test('the example is a valid mapping of this action with parameters that it has', () => {
    const page = readFileSync(new URL(`actions/${fileOf(id)}`, docs), 'utf8');
    const [yaml] = fencesOf(page.split('\n')).filter(({ language }) => language === 'yaml');
    const [mapping] = parse(yaml?.text ?? '').mappings.map((given: unknown) => Mapping.parse(given));
    expect(mapping.action).toBe(id);
    expect(Object.keys(params.shape)).toEqual(expect.arrayContaining(Object.keys(mapping.parameters)));
  });

  test('what led to the example went well, the example succeeds, and the refusal refuses for a reason that is listed', async () => {
    expect(await exampleOf(guide)).toMatchObject({ action: id, status: 'succeeded' });
    const { status, reason, payload } = await refusalOf(guide);
    expect(['skipped', 'failed']).toContain(status);
    expect(Object.keys(guide.reasons)).toContain(reason);
    expect(Object.keys(params.shape)).toEqual(expect.arrayContaining(Object.keys(payload)));
  });

  test('what it costs is asserted by a test, or said by a page', () => {
    const isSaid = guide.costs !== undefined && 'sentence' in guide.costs;
    expect(costsOf(id, guide).length > 0).toBe(!isSaid);
  });
});
