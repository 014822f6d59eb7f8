import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { SourceFile } from '../../shared/core/configuration/schema.ts';
import { sourceKinds } from '../../shared/core/sources/index.ts';
import { fencesOf } from './markdown.ts';
import { sourcePages } from './source-pages.ts';

const docs = new URL('../../docs/', import.meta.url);

test('the pages are as they are made: npm run docs writes them; one for each kind, and no other', async () => {
  for (const [path, text] of await sourcePages())
    expect({ path, text: readFileSync(new URL(path, docs), 'utf8') }).toEqual({ path, text });
  expect(readdirSync(new URL('sources/', docs)).sort()).toEqual(sourceKinds.map(({ id }) => `${id}.md`).sort());
});

test.each(sourceKinds.map(({ id }) => id))(
  'what the page of %s shows as YAML are mappings that a file can hold',
  (id) => {
    const fences = fencesOf(readFileSync(new URL(`sources/${id}.md`, docs), 'utf8').split('\n'));
    for (const { text } of fences.filter(({ language }) => language === 'yaml')) {
      const result = SourceFile.safeParse({ kind: id, name: id, ...parse(text) });
      expect(result.error?.issues).toBeUndefined();
    }
  },
);
