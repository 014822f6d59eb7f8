import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { actions } from '../../shared/core/actions/index.ts';
import { actionReasons } from '../../shared/core/logs/action-log-entry.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { actionPages, commonReasons, costsOf, exampleOf, fileOf, prose, refusalOf, typeName } from './action-pages.ts';
import { fencesOf } from './markdown.ts';

const docs = new URL('../../docs/', import.meta.url);
const ids = actions.map(({ id }) => id);
const pagesOf = actions.map((action) => {
  const about = prose[action.id];
  if (about === undefined) throw new Error(`nothing is said of ${action.id}`);
  return [action.id, action, about] as const;
});

test('the pages are as they are made: npm run docs writes them', async () => {
  const made = await actionPages();
  for (const [path, text] of made)
    expect({ path, text: readFileSync(new URL(path, docs), 'utf8') }).toEqual({ path, text });
  expect(readdirSync(new URL('actions/', docs)).sort()).toEqual(ids.map(fileOf).sort());
});

test('every action is spoken of, and nothing else', () => {
  expect(Object.keys(prose)).toEqual(ids);
});

test('every reason is explained somewhere', () => {
  const explained = [
    ...Object.keys(commonReasons),
    ...Object.values(prose).flatMap(({ reasons }) => Object.keys(reasons)),
  ];
  expect([...new Set(explained)].sort()).toEqual([...actionReasons].sort());
});

test('a schema that has no name is noticed', () => {
  expect(() => typeName(z.string().optional())).toThrow('no type is named');
});

describe.each(pagesOf)('%s', (id, { params }, about) => {
  test('every parameter is described and has a type with a name', () => {
    for (const schema of Object.values(params.shape)) {
      expect(schema.description ?? '').toMatch(/^\S.*\.$/);
      expect(typeName(schema)).not.toBe('');
    }
  });

  test('the example is a valid mapping of this action with parameters that it has', () => {
    const page = readFileSync(new URL(`actions/${fileOf(id)}`, docs), 'utf8');
    const [yaml] = fencesOf(page.split('\n')).filter(({ language }) => language === 'yaml');
    const [mapping] = parse(yaml?.text ?? '').mappings.map((given: unknown) => Mapping.parse(given));
    expect(mapping.action).toBe(id);
    expect(Object.keys(params.shape)).toEqual(expect.arrayContaining(Object.keys(mapping.parameters)));
  });

  test('what led to the example went well, the example succeeds, and the refusal refuses for a reason that is listed', async () => {
    expect(await exampleOf(about)).toMatchObject({ action: id, status: 'succeeded' });
    const { status, reason, payload } = await refusalOf(about);
    expect(['skipped', 'failed']).toContain(status);
    expect(Object.keys(about.reasons)).toContain(reason);
    expect(Object.keys(params.shape)).toEqual(expect.arrayContaining(Object.keys(payload)));
  });

  test('what it costs is asserted by a test, or said by the architecture', () => {
    const { costs } = costsOf(id);
    if (id !== 'workflows_cancel') expect(costs.length).toBeGreaterThan(0);
  });
});
