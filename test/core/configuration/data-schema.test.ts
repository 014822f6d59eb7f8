import { describe, expect, test } from '@jest/globals';
import { checkData } from '../../../shared/core/configuration/check-data.ts';
import { delaySeconds } from '../../../shared/core/configuration/delays.ts';
import { WorkflowFile } from '../../../shared/core/configuration/schema.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';

const workflow = (change: JsonObject) =>
  WorkflowFile.safeParse({ name: 'W', target: { development: { type: 'log' } }, ...change });

describe('the data_schema of a workflow', () => {
  test.each<[string, JsonObject, string]>([
    ['a regular expression', { properties: { id: { pattern: '^(a+)+$' } } }, 'pattern is not allowed'],
    ['names by regular expression', { items: [{ patternProperties: { '^x': {} } }] }, 'patternProperties'],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema.json' }, '$ref must stay within'],
    ['a reference to elsewhere, deep down', { allOf: [{ not: { $ref: 'other.json#/x' } }] }, '$ref must stay within'],
    ['a name of its own', { $id: 'https://example.com/x' }, '$id is not needed'],
    ['an endless comparison', { properties: { tags: { uniqueItems: true } } }, 'uniqueItems needs maxItems'],
    ['more text than anybody reads', { description: 'x'.repeat(70_000) }, 'over 64 KB'],
  ])('is refused for %s', (_name, data_schema, message) => {
    const result = workflow({ data_schema });
    expect(result.error?.issues.map((issue) => issue.message).join()).toContain(message);
  });

  test.each<[string, JsonObject]>([
    ['a property called pattern', { properties: { pattern: { type: 'string' }, $ref: { type: 'string' } } }],
    ['a value that looks like a schema', { properties: { x: { const: { pattern: 'a' }, default: { $ref: 'b' } } } }],
    ['its own definitions', { $defs: { id: { type: 'string' } }, properties: { id: { $ref: '#/$defs/id' } } }],
    ['few unique items', { properties: { tags: { type: 'array', uniqueItems: true, maxItems: 50 } } }],
  ])('may have %s', (_name, data_schema) => {
    expect(workflow({ data_schema }).success).toBe(true);
  });

  test('runs no text that a schema or a sender wrote', async () => {
    const name = '"]; globalThis.hacked = true; ["';
    const schema = { properties: { [name]: { const: name } }, required: [name], additionalProperties: false };
    expect(await checkData(schema, { [name]: name })).toEqual([]);
    expect(await checkData(schema, { [name]: 1, __proto__x: 2 })).toHaveLength(2);
    expect(globalThis).not.toHaveProperty('hacked');
  });

  test('takes formats for notes: none is run', async () => {
    expect(await checkData({ properties: { at: { format: 'date-time' } } }, { at: 'tomorrow' })).toEqual([]);
  });
});

describe('the delay of a workflow', () => {
  test.each([
    [90, 90],
    ['45s', 45],
    ['15m', 900],
    ['2h', 7200],
    ['3d', 259_200],
  ])('%s is %d seconds', (delay, seconds) => {
    expect(workflow({ delay }).success).toBe(true);
    expect(delaySeconds(delay)).toBe(seconds);
  });

  test.each([0, -5, '0m', '15', '15 m', '8d', '1w', 1e9])('%s is refused', (delay) => {
    expect(workflow({ delay }).success).toBe(false);
  });
});
