import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { harmlessTypes } from '../../infra/local/resources/harmless.ts';
import { servingTypes, storingTypes } from '../../infra/local/resources/index.ts';
import { templateOf } from '../infra/templates.ts';

/* Rules that every type of CloudFormation resource follows, and what is missing after one was added. */

const folder = join(import.meta.dirname, '../../infra/local/resources');
const listed = [...storingTypes, ...servingTypes];
// Not types themselves.
const others = ['harmless.ts', 'index.ts', 'resource-type.ts'];
const at = { queueUrl: (name: string) => `http://127.0.0.1:1/${name}`, gatewayUrl: 'http://127.0.0.1:2' };

describe('the listing of resource types', () => {
  test('has each type once, and none that is called harmless too', () => {
    const names = [...listed.map(({ type }) => type), ...harmlessTypes.keys()];
    expect(names).toEqual([...new Set(names)]);
  });

  test('names every file of its folder: one that is missing in index.ts would not run', async () => {
    const missing: string[] = [];
    for (const file of readdirSync(folder).filter((name) => !others.includes(name))) {
      const module = (await import(join(folder, file))) as Record<string, unknown>;
      if (!Object.values(module).some((exported) => listed.includes(exported as never)))
        missing.push(`infra/local/resources/${file} is not listed in infra/local/resources/index.ts`);
    }
    expect(missing).toEqual([]);
  });

  test('knows every type in the template of every environment', () => {
    const known = new Set([...listed.map(({ type }) => type), ...harmlessTypes.keys()]);
    const unknown = environments
      .flatMap(({ name }) => Object.values(templateOf(name).Resources))
      .map(({ Type }) => Type)
      .filter((type) => !known.has(type));
    expect([...new Set(unknown)]).toEqual([]);
  });
});

describe.each(listed.map((type) => [type.type, type] as const))('%s', (_, type) => {
  test('is named by CloudFormation, and its resources have a name though the template gives none', () => {
    expect(type.type).toMatch(/^AWS::\w+::\w+$/);
    const { ref, attribute } = type.names({ stackName: 'stack', id: 'Thing', properties: {} }, at);
    expect(ref).toMatch(/thing/i);
    // An attribute that it does not have is an error where it is asked for, never a guess.
    expect(attribute('NoSuchAttribute')).toBeUndefined();
    expect(attribute('constructor')).toBeUndefined();
  });

  test('two resources have two names', () => {
    const [a, b] = ['One', 'Two'].map((id) => type.names({ stackName: 'stack', id, properties: {} }, at).ref);
    expect(a).not.toBe(b);
  });
});
