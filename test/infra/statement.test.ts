import { expect, test } from '@jest/globals';
import { alarmsOf } from '../alarms/alarm.ts';
import { functionsOf, grantsOf, only, referred, resourcesOf, type StackTemplate, templateOf } from './templates.ts';

const without = templateOf('production');
const template = templateOf('production', { dailyStatement: true });
const typesIn = ({ Resources }: StackTemplate) => Object.values(Resources).map(({ Type }) => Type);

test('an environment without daily statements pays for nothing of it', () => {
  const left = typesIn(without);
  const added = typesIn(template).filter((type) => {
    const at = left.indexOf(type);
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
  expect(left).toEqual([]);
  expect(added.sort()).toEqual(
    [
      ...Array(2).fill('AWS::CloudWatch::Alarm'),
      'AWS::Events::Rule',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
    ].sort(),
  );
  const names = new Set(alarmsOf(without, 'production').map(({ name }) => name));
  const more = alarmsOf(template, 'production').filter(({ name }) => !names.has(name));
  expect(more.map(({ name }) => name).sort()).toEqual(['statement-differs', 'statement-missing']);
});

test('the function may read rows, counts and depths, and write statements, and nothing else', () => {
  const table = (...operations: string[]) => operations.map((operation) => `dynamodb:${operation}`).sort();
  const logId = referred(functionsOf(template).statement?.properties.LoggingConfig.LogGroup);
  const depth = ['sqs:GetQueueAttributes'];
  expect(grantsOf(template, 'statement')).toEqual({
    [logId]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    '*': ['cloudwatch:GetMetricData'],
    EventsQueue: depth,
    ActionsQueue: depth,
    EventsDeadLetterQueue: depth,
    ActionsDeadLetterQueue: depth,
    Configuration: table('GetItem', 'Query', 'PutItem'),
    EventLog: table('Query'),
    ActionLog: table('BatchGetItem', 'Query'),
  });
  const writing = resourcesOf(template, 'AWS::IAM::Policy')
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .filter(({ Condition }) => JSON.stringify(Condition)?.includes('statements'));
  expect(writing).toMatchObject([
    {
      Action: 'dynamodb:PutItem',
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['statements'] } },
    },
  ]);
});

test('it is called once a day, by its rule alone', () => {
  const { ScheduleExpression, State, Targets } = only(template, 'AWS::Events::Rule').Properties;
  const { id } = functionsOf(template).statement ?? {};
  expect({ ScheduleExpression, State }).toEqual({ ScheduleExpression: 'cron(5 4 * * ? *)', State: 'ENABLED' });
  expect(Targets.map(({ Arn }: { Arn: unknown }) => referred(Arn))).toEqual([id]);
  const allowed = resourcesOf(template, 'AWS::Lambda::Permission')
    .map(([, { Properties }]) => Properties)
    .filter(({ FunctionName }) => referred(FunctionName) === id);
  expect(allowed).toMatchObject([{ Principal: 'events.amazonaws.com', SourceArn: expect.anything() }]);
});

test('the stack names the code of its functions, which statements repeat', () => {
  const value = String(template.Outputs.FunctionCode?.Value);
  expect(value).toMatch(/^ingest:[0-9a-f]{12} processor:[0-9a-f]{12} workflow-trigger:[0-9a-f]{12} /);
  expect(value.length).toBeLessThanOrEqual(1_024);
  expect(functionsOf(template).statement?.properties.Environment.Variables.FUNCTION_CODE).toBe(value);
});
