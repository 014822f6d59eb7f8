import { expect, test } from '@jest/globals';
import { alarmsOf } from '../alarms/alarm.ts';
import { functionsOf, grantsOf, only, referred, resourcesOf, type StackTemplate, templateOf } from './templates.ts';

const expectation = { every: { text: '1h', seconds: 3600 } };
const volume = { text: '0.2..5', low: 0.2, high: 5 };
const withExpected = (expected: object) => templateOf('production', {}, {}, undefined, expected as never);
const without = withExpected({ web: expectation, shop: expectation });
const template = withExpected({ web: { ...expectation, volume }, shop: { ...expectation, volume } });
const typesIn = ({ Resources }: StackTemplate) => Object.values(Resources).map(({ Type }) => Type);

test('an environment whose sources expect no volume pays for nothing of it', () => {
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
      ...Array(3).fill('AWS::CloudWatch::Alarm'),
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
  expect(more.map(({ name }) => name).sort()).toEqual([
    'volume-unchecked',
    'volume-unusual/shop',
    'volume-unusual/web',
  ]);
});

test('the function may read the configuration and counts, and nothing else', () => {
  const logId = referred(functionsOf(template).volume?.properties.LoggingConfig.LogGroup);
  expect(grantsOf(template, 'volume')).toEqual({
    [logId]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    '*': ['cloudwatch:GetMetricData'],
    Configuration: ['dynamodb:GetItem', 'dynamodb:Query'],
  });
});

test('it is called once an hour, after the last counts of the hour are there, by its rule alone', () => {
  const { ScheduleExpression, State, Targets } = only(template, 'AWS::Events::Rule').Properties;
  const { id } = functionsOf(template).volume ?? {};
  expect({ ScheduleExpression, State }).toEqual({ ScheduleExpression: 'cron(5 * * * ? *)', State: 'ENABLED' });
  expect(Targets.map(({ Arn }: { Arn: unknown }) => referred(Arn))).toEqual([id]);
  const allowed = resourcesOf(template, 'AWS::Lambda::Permission')
    .map(([, { Properties }]) => Properties)
    .filter(({ FunctionName }) => referred(FunctionName) === id);
  expect(allowed).toMatchObject([{ Principal: 'events.amazonaws.com', SourceArn: expect.anything() }]);
});
