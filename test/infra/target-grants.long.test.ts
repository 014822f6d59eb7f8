import { describe, expect, test } from '@jest/globals';
import { workflowsInFiles } from '../../infra/constructs/target-grants.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { Target } from '../../shared/core/configuration/targets/index.ts';
import { functionsOf, referred, resourcesOf, type StackTemplate, templateOf } from './templates.ts';

const machine = (name: string) => `arn:aws:states:eu-west-1:123456789012:stateMachine:${name}`;
const busArn = 'arn:aws:events:eu-west-1:210987654321:event-bus/central';

function templateWith(targets: Record<string, Record<string, object>>): StackTemplate {
  const workflows = Object.fromEntries(
    Object.entries(targets).map(([key, target]) => [key, WorkflowFile.parse({ name: key, target })]),
  );
  return templateOf('production', {}, {}, workflows);
}

/** What each function may do outside DynamoDB, SQS, its log and its secrets. */
function targetGrants(template: StackTemplate) {
  const functions = Object.entries(functionsOf(template));
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) =>
    (Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[])
      .filter(({ Action }) => [Action].flat().some((action) => /^(states|events):/.test(action)))
      .map(({ Action, Resource }) => ({
        functions: functions
          .filter(([, { properties }]) =>
            Properties.Roles.some((role: unknown) => referred(role) === referred(properties.Role)),
          )
          .map(([name]) => name),
        action: Action,
        resource: Resource,
      })),
  );
}

const granted = (action: string, resource: unknown) => ({ functions: ['workflow-trigger'], action, resource });

describe('permissions for targets', () => {
  test('nothing is granted where nothing is named', () => {
    expect(targetGrants(templateWith({}))).toEqual([]);
    const others = {
      a: { production: { type: 'log' } },
      b: { production: { type: 'http', url: 'https://x.example/' } },
    };
    expect(targetGrants(templateWith({ ...others, c: { production: { type: 'knock', workflow: 'w' } } }))).toEqual([]);
  });

  test('a state machine: starting it, and stopping its executions, and nothing of another', () => {
    const template = templateWith({
      a: { production: { type: 'step-functions', state_machine_arn: machine('orders') } },
    });
    expect(targetGrants(template)).toEqual([
      granted('states:StartExecution', machine('orders')),
      granted('states:StopExecution', 'arn:aws:states:eu-west-1:123456789012:execution:orders:*'),
    ]);
  });

  test('several, named more than once, by version or alias: each once', () => {
    const template = templateWith({
      a: { production: { type: 'step-functions', state_machine_arn: machine('orders') } },
      b: { production: { type: 'step-functions', state_machine_arn: machine('orders') } },
      c: { production: { type: 'step-functions', state_machine_arn: machine('orders:live') } },
    });
    expect(targetGrants(template)).toEqual([
      granted('states:StartExecution', [machine('orders'), machine('orders:live')]),
      granted('states:StopExecution', 'arn:aws:states:eu-west-1:123456789012:execution:orders:*'),
    ]);
  });

  test('a bus by its ARN is that bus; by its name the one of the stack’s own account and region', () => {
    const template = templateWith({
      a: { production: { type: 'event-bridge', bus: busArn } },
      b: { production: { type: 'event-bridge', bus: 'orders' } },
    });
    const own = ['arn:', { Ref: 'AWS::Partition' }, ':events:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }];
    expect(targetGrants(template)).toEqual([
      granted('events:PutEvents', [busArn, { 'Fn::Join': ['', [...own, ':event-bus/orders']] }]),
    ]);
  });

  test('what other environments name is none of this one’s business', () => {
    const template = templateWith({
      a: {
        staging: { type: 'step-functions', state_machine_arn: machine('orders') },
        development: { type: 'event-bridge', bus: busArn },
        production: { type: 'log' },
      },
    });
    expect(targetGrants(template)).toEqual([]);
  });

  test('the shipped configuration can be read', () => {
    expect(Object.keys(workflowsInFiles())).toContain('order-completed');
  });
});

describe('what a workflow file may name', () => {
  test.each<[string, object]>([
    ['not an ARN', { type: 'step-functions', state_machine_arn: 'orders' }],
    ['an execution', { type: 'step-functions', state_machine_arn: machine('o').replace('stateMachine', 'execution') }],
    ['every state machine', { type: 'step-functions', state_machine_arn: machine('*') }],
    ['two qualifiers', { type: 'step-functions', state_machine_arn: machine('a:b:c') }],
    ['every bus', { type: 'event-bridge', bus: '*' }],
    ['no bus', { type: 'event-bridge', bus: '' }],
    ['a rule', { type: 'event-bridge', bus: 'arn:aws:events:eu-west-1:123456789012:rule/x' }],
    ['a source that AWS keeps to itself', { type: 'event-bridge', bus: 'b', source: 'aws.s3' }],
    ['no workflow of Knock', { type: 'knock', workflow: '' }],
    ['a batch of none', { type: 'http', url: 'https://x.example/', batch: { max: 0 } }],
    ['a batch of too many', { type: 'http', url: 'https://x.example/', batch: { max: 101 } }],
    ['a type that is none', { type: 'sns', topic: 't' }],
  ])('%s is refused', (_name, target) => {
    expect(Target.safeParse(target).success).toBe(false);
  });

  test.each<[string, object]>([
    ['step-functions', { type: 'step-functions', state_machine_arn: machine('orders') }],
    ['in China', { type: 'step-functions', state_machine_arn: machine('o').replace('arn:aws:', 'arn:aws-cn:') }],
    ['event-bridge', { type: 'event-bridge', bus: 'default' }],
    ['knock', { type: 'knock', workflow: 'new-order' }],
    ['http in batches', { type: 'http', url: 'https://x.example/', batch: { max: 100 } }],
  ])('%s is accepted', (_name, target) => {
    expect(Target.safeParse(target).error).toBeUndefined();
  });
});
