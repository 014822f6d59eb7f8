import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { makeWorkflowTargets } from '../../shared/adapters/workflow-targets.ts';
import { Target, targetDefinition } from '../../shared/core/configuration/targets/index.ts';
import { targetExamples } from '../support/target-examples.ts';

/* What every type of target has to hold. test/docs/targets.test.ts asks for its page. */

const root = new URL('../../', import.meta.url);
const folder = 'shared/core/configuration/targets';

const types = Target.options.map(({ shape }) => shape.type.value);

test('the listing and the folder name the same types, each once', () => {
  const files = readdirSync(new URL(folder, root)).filter((name) => !['index.ts', 'target.ts'].includes(name));
  expect(types.map((type) => `${type}.ts`).sort()).toEqual(files.sort());
});

test.each(['constructor', '__proto__', 'toString', ''])('"%s" is not a type of target', (type) => {
  expect(Target.safeParse({ type }).success).toBe(false);
  expect(() => targetDefinition({ type } as never)).toThrow('no target is of type');
});

describe.each(types)('%s', (type) => {
  const parsed = Target.safeParse({ type, ...targetExamples[type] });

  test('has an example that its schema takes, in test/support/target-examples.ts', () => {
    expect(parsed).toMatchObject({ success: true });
  });
  // Without one there is no target to ask anything of.
  if (!parsed.success) return;
  const target = parsed.data;
  const { aws, secret, addressOf } = targetDefinition(target);

  test('has an adapter of its own, which opens it', () => {
    const file = `shared/adapters/${type}-target.ts`;
    expect([file, existsSync(new URL(file, root))]).toEqual([file, true]);
    const open = makeWorkflowTargets({
      secrets: { current: async () => undefined } as never,
      breakers: {} as never,
      limiter: {} as never,
      allowPrivate: true,
      nowMs: () => 0,
    });
    expect(open('w', target).timeoutMs).toBeGreaterThanOrEqual(0);
  });

  test('describes every field of its file', () => {
    const option = Target.options.find(({ shape }) => shape.type.value === type);
    for (const [name, schema] of Object.entries(option?.shape ?? {}))
      expect([name, (schema as { description?: string }).description ?? '']).toEqual([
        name,
        expect.stringMatching(/\.$/),
      ]);
  });

  test('asks AWS for what it names and for nothing else', () => {
    const here = {
      arnOf: (service: string, resource: string, name: string) => `arn:aws:${service}:::${resource}/${name}`,
    };
    const grants = aws?.grantsOf(target, here) ?? [];
    expect(grants.length > 0).toBe(aws !== undefined);
    for (const { actions, resources } of grants) {
      expect(actions.join()).not.toContain('*');
      for (const resource of resources) expect(resource).toMatch(/^arn:/);
    }
    if (aws) expect(aws.nameOf(target)).not.toBe('');
  });

  test('says who shares its secret, and what tells two of it apart', () => {
    if (secret) expect(secret.sharedWith).toMatch(/\w/);
    if (addressOf) expect(addressOf(target)).toMatch(/\w/);
  });
});
