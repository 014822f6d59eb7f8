import { describe, expect, jest, test } from '@jest/globals';
import { environmentNamed } from '../../infra/environments.ts';
import { PipelineStack } from '../../infra/pipeline-stack.ts';
import { emptyApp } from './apps.ts';
import { functionsOf, resourcesOf, templateOf } from './templates.ts';

const firstDeploy = { firstDeploy: 'true' };

function stackOf(name: string, context: Record<string, unknown> = {}): PipelineStack {
  return new PipelineStack(emptyApp(context), environmentNamed(name), {});
}

const warningsOf = (stack: PipelineStack) =>
  stack.node.metadata.filter(({ type }) => type === 'aws:cdk:warning').map(({ data }) => String(data));

// The synthesis prints the warning.
jest.spyOn(console, 'error').mockImplementation(() => undefined);

describe('a first deploy', () => {
  const template = templateOf('production', {}, firstDeploy);

  // Otherwise CloudFormation could not delete a table when the creation fails, and the stack could not be deleted after it.
  test('protects neither stack nor tables, and says so', () => {
    const stack = stackOf('production', firstDeploy);
    expect(stack.terminationProtection).toBe(false);
    expect(warningsOf(stack).join()).toContain('can be deleted until you deploy again without -c firstDeploy=true');
    for (const [, { Properties }] of resourcesOf(template, 'AWS::DynamoDB::Table'))
      expect(Properties.DeletionProtectionEnabled).toBe(false);
  });

  // What stays behind blocks the next creation by its name, or is an empty table that costs and confuses.
  test('leaves nothing behind when it fails, whatever is kept later', () => {
    const kept = Object.entries(template.Resources).filter(([, { DeletionPolicy }]) =>
      /Retain/.test(DeletionPolicy ?? ''),
    );
    expect(kept.map(([id]) => id).sort()).toEqual([
      'ActionLog',
      'Claims',
      'Configuration',
      'Directory',
      'EventLog',
      'IngestKey',
      'WorkflowRuns',
    ]);
    for (const [, { DeletionPolicy, UpdateReplacePolicy }] of kept)
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
  });

  test('differs from the next one in nothing but the protection', () => {
    const next = structuredClone(templateOf('production'));
    for (const [, { Properties }] of resourcesOf(next, 'AWS::DynamoDB::Table'))
      Properties.DeletionProtectionEnabled = false;
    expect(next).toEqual(template);
  });

  test('is the only one without protection, and means nothing where data is not protected', () => {
    for (const context of [{}, { firstDeploy: 'false' }]) {
      const stack = stackOf('production', context);
      expect(stack.terminationProtection).toBe(true);
      expect(warningsOf(stack).join()).not.toContain('firstDeploy');
    }
    const development = stackOf('development', firstDeploy);
    expect(development.terminationProtection).toBe(false);
    expect(warningsOf(development)).toEqual([]);
  });
});

describe('a new account', () => {
  // It has ten concurrent executions, all of which Lambda keeps unreserved.
  test('needs no reserved concurrency: production without it reserves none', () => {
    const template = templateOf('production', { ingestReservedConcurrency: undefined });
    expect(Object.values(functionsOf(template))).toHaveLength(6);
    expect(JSON.stringify(template)).not.toContain('ReservedConcurrentExecutions');
    expect(JSON.stringify(templateOf('production'))).toContain('"ReservedConcurrentExecutions":200');
  });
});
