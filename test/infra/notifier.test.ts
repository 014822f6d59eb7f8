import { describe, expect, test } from '@jest/globals';
import type { Notify } from '../../infra/environments.ts';
import { alarmsOf } from '../alarms/alarm.ts';
import {
  functionsOf,
  grantsOf,
  only,
  referred,
  resource,
  resourcesOf,
  type StackTemplate,
  templateOf,
} from './templates.ts';

const notify: Notify = { slack: true, pagerDuty: {}, webhook: { url: 'https://alarms.example/hook' } };
const without = templateOf('production');
const template = templateOf('production', { notify });

const typesIn = ({ Resources }: StackTemplate) => Object.values(Resources).map(({ Type }) => Type);

test('an environment that notifies no one pays for nothing of it', () => {
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
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Logs::LogGroup',
      'AWS::SNS::Subscription',
      'AWS::SQS::Queue',
      'AWS::SQS::Queue',
      'AWS::SQS::QueuePolicy',
      'AWS::SQS::QueuePolicy',
    ].sort(),
  );
  const names = new Set(alarmsOf(without, 'production').map(({ name }) => name));
  const more = alarmsOf(template, 'production').filter(({ name }) => !names.has(name));
  expect(more.map(({ name }) => name).sort()).toEqual([
    'notifications-failing',
    'notifier-errors',
    'notifier-throttles',
  ]);
});

test('the notifier may do exactly what its code needs', () => {
  const table = (...operations: string[]) => operations.map((operation) => `dynamodb:${operation}`).sort();
  const logId = referred(functionsOf(template).notifier?.properties.LoggingConfig.LogGroup);
  expect(grantsOf(template, 'notifier')).toEqual({
    [logId]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    NotificationsQueue: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
    Configuration: table('GetItem', 'Query', 'UpdateItem'),
    EventLog: table('BatchGetItem'),
    'EventLog/index/problems': table('Query'),
    ActionLog: table('BatchGetItem', 'Query'),
    'ActionLog/index/problems': table('Query'),
    ':secret:signalbox/production/notifier/*': ['secretsmanager:GetSecretValue'],
  });
  const writing = resourcesOf(template, 'AWS::IAM::Policy')
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .filter(({ Condition }) => JSON.stringify(Condition)?.includes('announcements'));
  expect(writing).toMatchObject([
    {
      Action: 'dynamodb:UpdateItem',
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['announcements'] } },
    },
  ]);
});

test('a message that fails is tried ten times, and then kept', () => {
  const { VisibilityTimeout, RedrivePolicy } = resource(template, 'NotificationsQueue').Properties;
  const { Timeout } = functionsOf(template).notifier?.properties ?? {};
  expect(VisibilityTimeout).toBe(6 * Timeout);
  expect(RedrivePolicy.maxReceiveCount).toBe(10);
  expect(referred(RedrivePolicy.deadLetterTargetArn)).toBe('NotificationsDeadLetterQueue');
});

describe('the topic', () => {
  const topicId = (of: StackTemplate) => resourcesOf(of, 'AWS::SNS::Topic')[0]?.[0];

  test('sends what CloudWatch says to the queue, as it is, and no other topic may', () => {
    const subscriptions = resourcesOf(template, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
    expect(subscriptions.map(({ Protocol }) => Protocol).sort()).toEqual(['email', 'sqs']);
    expect(subscriptions.find(({ Protocol }) => Protocol === 'sqs')).toMatchObject({ RawMessageDelivery: true });
    const statements = resourcesOf(template, 'AWS::SQS::QueuePolicy')
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .filter(({ Effect }) => Effect === 'Allow');
    expect(statements).toMatchObject([
      {
        Action: 'sqs:SendMessage',
        Principal: { Service: 'sns.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': { Ref: topicId(template) } } },
      },
    ]);
  });

  test('is made for the notifier too where no address is given', () => {
    const alone = templateOf('production', { notify }, { alarmEmail: undefined });
    expect(only(alone, 'AWS::SNS::Subscription').Properties.Protocol).toBe('sqs');
  });

  test('stands beside one of your own, and every alarm tells both', () => {
    const topicArn = 'arn:aws:sns:eu-central-1:123456789012:on-call';
    const both = templateOf('production', { notify, alarmRecipient: { topicArn } });
    for (const [, { Properties }] of resourcesOf(both, 'AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions).toEqual([topicArn, { Ref: topicId(both) }]);
      expect(Properties.OKActions).toEqual(Properties.AlarmActions);
    }
  });
});

test('the function gets its settings, and no secret', () => {
  const { Variables } = functionsOf(template).notifier?.properties.Environment ?? {};
  expect(JSON.parse(Variables.NOTIFY)).toEqual(notify);
});
