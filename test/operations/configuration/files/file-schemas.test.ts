import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { actions } from '../../../../shared/core/actions/index.ts';
import { sourceKinds } from '../../../../shared/core/sources/index.ts';
import {
  type FileKindName,
  fileKinds,
  fileSchemas,
  modeline,
  schemaText,
} from '../../../../shared/operations/configuration/files/file-schemas.ts';
import { fencesOf } from '../../../docs/markdown.ts';
import { configFolder } from '../../../support/config.ts';

const root = join(import.meta.dirname, '../../../..');
const config = join(root, 'infra/config');
const schemas = fileSchemas();
// Formats are hints to people here; zod checks URLs.
const ajv = new Ajv({ allErrors: true, validateFormats: false, strictTypes: false });
const validators = Object.fromEntries(fileKinds.map((kind) => [kind, ajv.compile(schemas[kind])]));

/** What an editor would underline: `/mappings/0/action must be equal to one of the allowed values`. */
function mistakes(kind: FileKindName, text: string): string[] {
  const validate = validators[kind];
  if (validate === undefined || validate(parse(text))) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${Object.values(params).join(' ')}`.trim(),
  );
}

const shipped = fileKinds.flatMap((kind) => {
  const folder = join(configFolder, `${kind}s`);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.map((name) => [kind, `${kind}s/${name}`] as const);
});

test.each(fileKinds)('the schema of a %s is as it is made: npm run schemas writes it', (kind) => {
  expect(readFileSync(join(config, 'schemas', `${kind}.schema.json`), 'utf8')).toBe(schemaText(schemas[kind]));
});

describe('every file that is shipped', () => {
  test('is looked at', () => {
    expect(shipped.map(([, name]) => name)).toEqual(
      expect.arrayContaining(['sources/rudderstack.yaml', 'environments/production.yaml']),
    );
  });

  test.each(shipped)(
    '(%s, %s) names its schema in its first line, where the schema is, and is right by it',
    (kind, name) => {
      const text = readFileSync(join(configFolder, name), 'utf8');
      const [first] = text.split('\n');
      expect(first).toBe(modeline(kind));
      const path = /\$schema=(\S+)/.exec(first ?? '')?.[1] ?? '';
      expect(readFileSync(join(config, name, '..', path), 'utf8')).toContain('"$schema"');
      expect(mistakes(kind, text)).toEqual([]);
    },
  );
});

// An action without a guide has no example on its page.
const examples = actions.flatMap(({ id }) => {
  const page = join(root, 'docs/actions', `${id.replaceAll('_', '-')}.md`);
  // test/docs/action-pages.test.ts says so when a page is missing.
  if (!existsSync(page)) return [];
  const [example] = fencesOf(readFileSync(page, 'utf8').split('\n')).filter(({ language }) => language === 'yaml');
  return example === undefined ? [] : [[id, example.text] as const];
});

test.each(examples)('the example of %s is right by the schema of its source', (_id, example) => {
  expect(mistakes('source', `kind: rudderstack\nname: R\n${example}`)).toEqual([]);
});

describe('an editor', () => {
  const { properties } = schemas.source as { properties: Record<string, Record<string, unknown>> };
  const mapping = properties.mappings?.items as {
    properties: Record<string, Record<string, unknown>>;
    allOf: unknown[];
  };

  test('completes every kind of source, every action, and the parameters of each with what they are', () => {
    expect(properties.kind?.enum).toEqual(sourceKinds.map(({ id }) => id));
    expect(mapping.properties.action?.enum).toEqual(actions.map(({ id }) => id));
    expect(mapping.allOf).toHaveLength(actions.length);
    for (const [i, { id, params }] of actions.entries()) {
      const { if: when, then } = mapping.allOf[i] as {
        if: unknown;
        then: { properties: { parameters: { properties: object } } };
      };
      expect(when).toMatchObject({ properties: { action: { const: id } } });
      expect(Object.keys(then.properties.parameters.properties)).toEqual(Object.keys(params.shape));
    }
  });

  test('shows what each field is', () => {
    const bare: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, inner] of Object.entries(schema)) {
        if (name === 'if') continue;
        if (name === 'properties')
          // What `then` says of `parameters` is said of the field itself already.
          for (const [field, of] of Object.entries(inner as Record<string, { description?: string }>))
            if (!of.description && !path.includes('/then')) bare.push(`${path}.${field}`);
        walk(inner, `${path}/${name}`);
      }
    };
    for (const kind of fileKinds) walk(schemas[kind], kind);
    expect(bare).toEqual([]);
    expect(JSON.stringify(schemas)).not.toMatch(/\]\([a-z-]+\.md/);
  });

  const source = (mapping: string) => `kind: rudderstack\nname: R\nmappings:\n  - ${mapping}\n`;
  const mapped = (action: string, parameters: string) =>
    source(`{ id: a, event: identify, action: ${action}, parameters: ${parameters} }`);
  test.each<[string, FileKindName, string, string]>([
    ['a kind that does not exist', 'source', 'kind: ruderstack\nname: R\n', '/kind must be equal to one of'],
    ['a name that is missing', 'source', 'kind: rudderstack\n', "must have required property 'name'"],
    [
      'a field that does not exist',
      'source',
      'kind: rudderstack\nname: R\nevent_path: x\n',
      'additional properties event_path',
    ],
    [
      'an action that does not exist',
      'source',
      mapped('user_identify', '{}'),
      '/mappings/0/action must be equal to one of',
    ],
    [
      'a parameter of another action',
      'source',
      mapped('users_identify', '{ id: user_id, key: x }'),
      '/mappings/0/parameters must NOT have additional properties key',
    ],
    [
      'a parameter that is missing',
      'source',
      mapped('users_identify', '{ email: data.email }'),
      "/mappings/0/parameters must have required property 'id'",
    ],
    [
      'parameters that are missing',
      'source',
      source('{ id: a, event: identify, action: users_delete }'),
      "/mappings/0 must have required property 'parameters'",
    ],
    [
      'a parameter that is a number',
      'source',
      mapped('users_identify', '{ id: 5 }'),
      '/mappings/0/parameters/id must match',
    ],
    [
      'a condition with a test that does not exist',
      'source',
      source('{ id: a, event: e, action: users_delete, parameters: { id: user_id }, when: [{ path: x, equals: 5 }] }'),
      '/mappings/0/when/0 must NOT have additional properties equals',
    ],
    [
      'a target of a type that does not exist',
      'workflow',
      'name: W\ntarget: { development: { type: htp } }\n',
      '/target/development/type must be equal to constant',
    ],
    [
      'a window that is too long',
      'environment',
      'sources: { rs: { idempotency: { window_hours: 1000 } } }',
      '/window_hours must be <= 168',
    ],
    ['a member of an audience', 'audience', 'name: A\nmembers: []\n', 'additional properties members'],
  ])('underlines %s', (_what, kind, text, expected) => {
    expect(mistakes(kind, text).join('\n')).toContain(expected);
  });

  test('leaves alone what a trigger may leave out: its recipients have a default', () => {
    expect(mistakes('source', mapped('workflows_trigger', '{ key: order }'))).toEqual([]);
  });
});
