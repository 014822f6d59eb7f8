import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import {
  functionsOf,
  grantsOf,
  listed,
  named,
  referred,
  resourcesOf,
  type Statement,
  templateOf,
} from './templates.ts';

const production = templateOf('production');
const functions = functionsOf(production);

const ownLog = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const consume = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
const table = (...operations: string[]) => operations.map((operation) => `dynamodb:${operation}`).sort();

/** Everything that each function may do, and nothing besides. A line here needs a line of code that uses it. */
const expected: Record<string, Record<string, string[]>> = {
  ingest: {
    log: ownLog,
    EventsQueue: ['sqs:SendMessage'],
    Configuration: table('GetItem', 'Query', 'UpdateItem'),
    ':secret:signalbox/production/ingest-??????': ['secretsmanager:GetSecretValue'],
    ':secret:signalbox/production/sources/*': ['secretsmanager:GetSecretValue'],
  },
  processor: {
    log: ownLog,
    EventsQueue: ['sqs:ChangeMessageVisibility', ...consume],
    ActionsQueue: ['sqs:SendMessage'],
    Claims: table('UpdateItem'),
    EventLog: table('GetItem', 'PutItem', 'BatchWriteItem'),
    Configuration: table('GetItem', 'Query', 'UpdateItem', 'BatchWriteItem', 'DeleteItem'),
  },
  'workflow-trigger': {
    log: ownLog,
    ActionsQueue: [...consume, 'sqs:SendMessage'],
    Claims: table('UpdateItem'),
    ActionLog: table('GetItem', 'PutItem', 'BatchWriteItem'),
    WorkflowRuns: table('BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'),
    'WorkflowRuns/index/cancellations': table('Query'),
    Directory: table('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'),
    Configuration: table('GetItem', 'Query'),
    ':secret:signalbox/production/targets/*': ['secretsmanager:GetSecretValue'],
  },
  'dead-letter': {
    log: ownLog,
    EventsDeadLetterQueue: consume,
    ActionsDeadLetterQueue: consume,
    Claims: table('UpdateItem'),
    EventLog: table('GetItem', 'PutItem'),
    ActionLog: table('GetItem', 'PutItem'),
  },
  api: {
    log: ownLog,
    EventsQueue: ['sqs:SendMessage'],
    ActionsQueue: ['sqs:SendMessage'],
    ':secret:signalbox/production/ingest-??????': ['secretsmanager:GetSecretValue'],
    ':secret:signalbox/production/sources/*': ['secretsmanager:GetSecretValue'],
    Claims: table('GetItem', 'UpdateItem'),
    EventLog: table('GetItem', 'BatchWriteItem'),
    ActionLog: table('GetItem', 'BatchGetItem', 'Query', 'BatchWriteItem'),
    'ActionLog/index/problems': table('Query'),
    WorkflowRuns: table('BatchGetItem', 'Query'),
    Directory: table('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'),
    'Directory/index/list': table('Query'),
    Configuration: table('GetItem', 'Query', 'UpdateItem', 'BatchWriteItem', 'DeleteItem'),
  },
  // No user, no queue, no secret: it serves people who have nothing but a link.
  'sender-page': {
    log: ownLog,
    EventLog: table('GetItem', 'Query'),
    Configuration: table('GetItem', 'Query', 'UpdateItem'),
    '*': ['cloudwatch:GetMetricData'],
  },
};

describe('roles', () => {
  test.each(Object.entries(expected))('%s may do exactly what its code needs', (name, { log, ...grants }) => {
    const logId = referred(functions[name]?.properties.LoggingConfig.LogGroup);
    expect(grantsOf(production, name)).toEqual({ ...grants, [logId]: log });
  });

  // What is live decides over every event: no function may change it, whatever an event makes its code do.
  test('the configuration is only read, but for notes of sources, event types, refusals and the use of keys', () => {
    const writing = resourcesOf(production, 'AWS::IAM::Policy')
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[])
      .filter(({ Resource }) => listed(Resource).map(named).includes('Configuration'))
      .filter(({ Action }) => listed(Action).some((action) => !/:(Get|BatchGet)Item$|:Query$/.test(action)));
    expect(writing).toMatchObject([
      {
        Action: 'dynamodb:UpdateItem',
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['refusals'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
      {
        Action: expect.arrayContaining(['dynamodb:UpdateItem', 'dynamodb:BatchWriteItem', 'dynamodb:DeleteItem']),
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['sources', 'event-types#*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
      {
        Action: 'dynamodb:UpdateItem',
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['keys', 'sources'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
      {
        Action: expect.arrayContaining(['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem']),
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['event-types#*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
      {
        Action: 'dynamodb:UpdateItem',
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['links'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
    ]);
  });

  test('the page of a source reads neither keys of the API, nor drafts, nor the history of the configuration', () => {
    const statements = resourcesOf(production, 'AWS::IAM::Policy')
      .filter(([id]) => id.startsWith('SenderPage'))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[])
      .filter(({ Resource }) => listed(Resource).map(named).includes('Configuration'));
    const keys = ['links', 'current', 'snapshot#*', 'sources', 'event-types#*', 'refusals'];
    expect(statements.map(({ Condition }) => Condition)).toEqual(
      [keys, ['links']].map((allowed) => ({
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': allowed },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      })),
    );
  });

  test('each function has a role of its own, without policies that AWS or others could widen', () => {
    const roles = Object.values(functions).map(({ properties }) => referred(properties.Role));
    expect(new Set(roles).size).toBe(6);
    for (const [, { Properties }] of resourcesOf(production, 'AWS::IAM::Role')) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
        { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
      ]);
    }
    expect(resourcesOf(production, 'AWS::IAM::Role')).toHaveLength(6);
  });

  test.each(environments)('nothing in $name is allowed to do everything, or to anything', ({ name }) => {
    const statements = resourcesOf(templateOf(name), 'AWS::IAM::Policy').flatMap(
      ([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[],
    );
    for (const { Effect, Action, Resource } of statements) {
      expect(Effect).toBe('Allow');
      for (const action of listed(Action)) expect(action).not.toContain('*');
      for (const target of listed(Resource).map(named)) {
        // Metrics have no permissions of their own.
        if (target === '*') expect(Action).toBe('cloudwatch:GetMetricData');
        // The other kind of wildcard: secrets are made by the CLI, below a prefix of the environment.
        else if (target.includes('*'))
          expect(target).toMatch(new RegExp(`^:secret:signalbox/${name}/(sources|targets)/\\*$`));
      }
    }
  });

  test('only the gateway may call ingest, the API and the page of a source, each by its route, and no other caller may call a function', () => {
    const permissions = resourcesOf(production, 'AWS::Lambda::Permission').map(([, { Properties }]) => Properties);
    for (const permission of permissions)
      expect(permission).toMatchObject({ Principal: 'apigateway.amazonaws.com', Action: 'lambda:InvokeFunction' });
    const routeOf = ({ SourceArn }: (typeof permissions)[number]) => SourceArn['Fn::Join'][1].at(-1);
    expect(permissions.map((one) => [referred(one.FunctionName), routeOf(one)])).toEqual([
      [functions.ingest?.id, '/*/*/v1/sources/{source}/{token+}'],
      [functions.api?.id, '/*/*/v1/{proxy+}'],
      [functions.api?.id, '/*/*/v1/sources/{source}/{token}/rpc'],
      [functions['sender-page']?.id, '/*/*/v1/links/{token+}'],
    ]);
  });

  test('a function may use every table whose name it is told, and is told of no other', () => {
    const tableOf = new Map(Object.entries(tableDefinitions).map(([name, { variable }]) => [variable as string, name]));
    for (const [name, { properties }] of Object.entries(functions)) {
      const told = Object.entries(properties.Environment.Variables)
        .filter(([variable]) => variable.endsWith('_TABLE'))
        .map(([variable, value]) => {
          expect(referred(value)).toBe(tableOf.get(variable));
          return referred(value);
        });
      const mayUse = Object.entries(grantsOf(production, name))
        .filter(
          ([target, actions]) => !target.includes('/') && actions.some((action) => action.startsWith('dynamodb:')),
        )
        .map(([target]) => target);
      expect(told.sort()).toEqual(mayUse.sort());
    }
  });

  test('a function may send to, or read from, the queue behind each URL that it is told', () => {
    for (const [name, { properties }] of Object.entries(functions))
      for (const [variable, value] of Object.entries(properties.Environment.Variables))
        if (variable.endsWith('_QUEUE_URL')) expect(Object.keys(grantsOf(production, name))).toContain(referred(value));
  });
});
