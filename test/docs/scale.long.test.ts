import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readTemplateFacts } from '../../infra/cost/template-facts.ts';
import type { Template } from '../../infra/local/template.ts';
import { templateOf } from '../infra/templates.ts';
import { scaleTables, withTables } from './scale-tables.ts';

test('the tables of docs/scale.md are what the program answers: npm run docs writes them', () => {
  const text = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');
  const tables = scaleTables(readTemplateFacts(templateOf('production') as unknown as Template));
  for (const name of Object.keys(tables)) expect(text).toContain(`<!-- ${name} -->`);
  expect(withTables(text, tables)).toBe(text);
});
