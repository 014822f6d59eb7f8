import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { routes } from '../../functions/api/routes/index.ts';
import { openApiPage, withCallTables } from './api-pages.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('what `npm run docs` writes of the API is what is committed', () => {
  test('the tables of calls', () => {
    expect(withCallTables(page('api.md'))).toBe(page('api.md'));
  });

  test('the OpenAPI document', () => {
    expect(openApiPage()).toBe(page('openapi.yaml'));
  });
});

describe('the OpenAPI document', () => {
  const lint = async (source: string) => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({ source, absoluteRef: '/openapi.yaml', config });
    return problems.map(({ ruleId, message }) => `${ruleId}: ${message}`);
  };

  test('has nothing that its linter objects to', async () => {
    expect(await lint(openApiPage())).toEqual([]);
  });

  test('and the linter would object', async () => {
    const broken = openApiPage().replace('#/components/schemas/PageInfo', '#/components/schemas/Nothing');
    expect(await lint(broken)).toEqual([expect.stringContaining("no-unresolved-refs: Can't resolve $ref")]);
  });

  test('has every route, under the name that the client gives it', () => {
    const names = routes.map(({ call }) => call);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(openApiPage()).toContain(`operationId: ${name}\n`);
  });
});
