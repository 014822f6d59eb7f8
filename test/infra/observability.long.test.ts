import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { isRaised, alarmsOf as readAlarms } from '../alarms/alarm.ts';
import { type MetricName, MetricStore } from '../alarms/metric-store.ts';
import { only, referred, resourcesOf, type StackTemplate, templateOf } from './templates.ts';

const production = templateOf('production');

type Watched = { name: string; namespace?: string; metric?: string; expression?: string };

const alarmsOf = (template: StackTemplate) =>
  resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);

const alarmNamedIn = (name: string) => {
  const found = readAlarms(production, 'production').find((alarm) => alarm.name === name);
  if (found === undefined) throw new Error(`there is no alarm ${name}`);
  return found;
};

const alarmNamed = (name: string) => {
  const found = alarmsOf(production).find(({ AlarmName }) => AlarmName === `signalbox-production-${name}`);
  if (found === undefined) throw new Error(`there is no alarm ${name}`);
  return found;
};

/** The metrics that an alarm looks at, alone or in an expression. */
function watchedBy(name: string): Watched[] {
  const alarm = alarmNamed(name);
  if (alarm.MetricName !== undefined) return [{ name, namespace: alarm.Namespace, metric: alarm.MetricName }];
  return alarm.Metrics.flatMap((query: { MetricStat?: { Metric: { Namespace: string; MetricName: string } } }) =>
    query.MetricStat
      ? [{ name, namespace: query.MetricStat.Metric.Namespace, metric: query.MetricStat.Metric.MetricName }]
      : [],
  );
}

describe('alarms', () => {
  test.each([
    ['dead-letters', 'Signalbox', ['DeadLetters']],
    ['dead-letters-stuck', 'AWS/SQS', ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible']],
    ['events-failed', 'Signalbox', ['EventsFailed']],
    ['actions-failing', 'Signalbox', ['ActionsSucceeded', 'ActionsSkipped', 'ActionsFailed']],
    ['actions-failing-slowly', 'Signalbox', ['ActionsSucceeded', 'ActionsSkipped', 'ActionsFailed']],
    ['actions-blocked', 'Signalbox', ['ActionsBlockedMs']],
    ['targets-failing', 'Signalbox', ['TargetCalls', 'TargetFailures', 'TargetWaitMs']],
    ['signatures-refused', 'Signalbox', ['SignaturesRefused']],
    ['urls-refused', 'Signalbox', ['UrlsRefused']],
    ['keys-refused', 'Signalbox', ['KeysRefused']],
    ['events-surge', 'Signalbox', ['EventsAccepted']],
    ['requests-failed', 'Signalbox', ['RequestsFailed']],
    ['configuration-unreadable', 'Signalbox', ['ConfigurationUnreadable']],
    ['requests-throttled', 'Signalbox/production', ['RequestsThrottled']],
    ['api-errors', 'AWS/ApiGateway', ['Count', '5xx']],
  ])('%s watches what its name says', (name, namespace, metrics) => {
    const watched = watchedBy(name);
    expect(new Set(watched.map(({ metric }) => metric))).toEqual(new Set(metrics));
    expect(new Set(watched.map((one) => one.namespace))).toEqual(new Set([namespace]));
  });

  // A client may well ask the REST API for a user who does not exist; a sender loses what is refused.
  test('api-refusals leaves out the calls of the REST API', () => {
    const watched = watchedBy('api-refusals').map(({ namespace, metric }) => `${namespace} ${metric}`);
    expect(watched.sort()).toEqual([
      'AWS/ApiGateway 4xx',
      'AWS/ApiGateway Count',
      'Signalbox ApiRefused',
      'Signalbox ApiRequests',
    ]);
  });

  test.each(['ingest', 'processor', 'workflow-trigger', 'dead-letter', 'rest', 'sender-page'])(
    '%s is watched for errors and throttles',
    (name) => {
      expect(watchedBy(`${name}-errors`)).toMatchObject([{ namespace: 'AWS/Lambda', metric: 'Errors' }]);
      expect(watchedBy(`${name}-throttles`)).toMatchObject([{ namespace: 'AWS/Lambda', metric: 'Throttles' }]);
    },
  );

  test('a single dead letter, failed event or configuration that cannot be read raises one', () => {
    for (const name of ['dead-letters', 'events-failed', 'configuration-unreadable'])
      expect(alarmNamed(name)).toMatchObject({
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        EvaluationPeriods: 1,
        Statistic: 'Sum',
      });
  });

  // A metric of another dimension set would exist for no one, and the alarm stay silent for ever.
  test('counts are watched over all sources of the environment', () => {
    for (const name of [
      'dead-letters',
      'events-failed',
      'signatures-refused',
      'urls-refused',
      'events-surge',
      'requests-failed',
      'configuration-unreadable',
    ])
      expect(alarmNamed(name).Dimensions).toEqual([{ Name: 'environment', Value: 'production' }]);
  });

  test('F23 both dead-letter queues are watched, and not by age: SQS leaves out what it delivered three times', () => {
    const queues = alarmNamed('dead-letters-stuck').Metrics.flatMap(
      (query: { MetricStat?: { Metric: { Dimensions: { Value: unknown }[] } } }) =>
        query.MetricStat ? query.MetricStat.Metric.Dimensions.map(({ Value }) => referred(Value)) : [],
    );
    expect(new Set(queues)).toEqual(new Set(['EventsDeadLetterQueue', 'ActionsDeadLetterQueue']));
  });

  test('a few skipped actions raise none: the share counts from 20 actions on', () => {
    const [{ Expression }] = alarmNamed('actions-failing').Metrics;
    expect(Expression).toContain('>= 20');
  });

  test('a few refused requests raise none, and a whole night of guessing does', () => {
    expect(alarmNamed('urls-refused')).toMatchObject({ Threshold: 20, DatapointsToAlarm: 2, EvaluationPeriods: 6 });
    const [{ Expression }] = alarmNamed('api-refusals').Metrics;
    expect(Expression).toContain('requests - FILL(calls, 0) >= 50');
  });

  test('a surge is what the environment says is one', () => {
    expect(alarmNamed('events-surge').Threshold).toBe(50_000);
  });

  // SQS passes over what it delivered three times, which is when the functions tell instead.
  test.each([
    ['events-delayed', 'EventsQueue', 'EventsReturnedMs'],
    ['actions-delayed', 'ActionsQueue', 'ActionsReturnedMs'],
  ])('%s watches what waits and what comes back', (name, queue, returned) => {
    const [age, ours] = alarmNamedIn(name).metrics;
    expect(age).toMatchObject({ name: 'ApproximateAgeOfOldestMessage', dimensions: { QueueName: queue } });
    expect(ours).toMatchObject({ name: returned, dimensions: { environment: 'production' }, statistic: 'Maximum' });
  });

  // Retried actions wait in the queue for up to 15 minutes.
  test.each([
    [15 * 60, false],
    [18 * 60, true],
  ])('an action that has waited for %d s is late: %p', (seconds, isLate) => {
    const alarm = alarmNamedIn('actions-delayed');
    const store = new MetricStore();
    store.add(alarm.metrics[0] as MetricName, 0, seconds);
    expect(isRaised(alarm, store, 60_000)).toBe(isLate);
  });

  test.each(environments)('stay quiet in $name while nothing happens', ({ name }) => {
    for (const alarm of alarmsOf(templateOf(name))) expect(alarm.TreatMissingData).toBe('notBreaching');
  });
});

describe('who hears of alarms', () => {
  const actionsOf = (template: StackTemplate) => alarmsOf(template).map(({ AlarmActions }) => AlarmActions);

  test('an address is told of each one, and when it is over', () => {
    expect(only(production, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'on-call@example.com',
    });
    for (const { AlarmActions, OKActions } of alarmsOf(production)) {
      expect(production.Resources[referred(AlarmActions[0])]?.Type).toBe('AWS::SNS::Topic');
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  test('alarms of this account, and no one without TLS, may use the topic', () => {
    const { Statement } = only(production, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    expect(Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    );
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });

  test('a topic of your own is used as it is', () => {
    const topicArn = 'arn:aws:sns:eu-central-1:123456789012:on-call';
    const template = templateOf('production', { alarmRecipient: { topicArn } });
    expect(new Set(actionsOf(template).flat())).toEqual(new Set([topicArn]));
    expect(JSON.stringify(template)).not.toContain('AWS::SNS::');
  });

  test('without a recipient, the alarms exist all the same', () => {
    const template = templateOf('development', {}, { alarmEmail: undefined });
    expect(alarmsOf(template)).toHaveLength(alarmsOf(production).length);
    expect(new Set(actionsOf(template))).toEqual(new Set([undefined]));
  });
});

type Widget = { properties: { markdown?: string; metrics?: unknown[][]; query?: string } };

/** Widgets of the dashboard, whose body is JSON in pieces with references in between. */
function widgetsOf(template: StackTemplate): Widget[] {
  const body = only(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody;
  const pieces: unknown[] = body['Fn::Join'][1];
  return JSON.parse(pieces.map((piece) => (typeof piece === 'string' ? piece : referred(piece))).join('')).widgets;
}

/** What a line of a graph shows: `Namespace Metric`, or the names that a search looks for. */
function shownBy([first, metric]: unknown[]): string[] {
  if (typeof first === 'string') return [`${first} ${metric}`];
  const { expression } = first as { expression: string };
  const searched = /\{(\w+),.*MetricName=\(([^)]+)\)/.exec(expression);
  return searched ? (searched[2]?.match(/\w{3,}/g) ?? []).map((name) => `${searched[1]} ${name}`) : [];
}

describe('the dashboard', () => {
  const widgets = widgetsOf(production);
  const text = JSON.stringify(widgets);
  const sections = new Map<string, string[]>();
  let question = '';
  for (const { properties } of widgets) {
    if (properties.markdown?.startsWith('## ')) question = properties.markdown.slice(3);
    sections.set(question, [...(sections.get(question) ?? []), ...(properties.metrics ?? []).flatMap(shownBy)]);
  }

  test('asks its questions in the order of the night', () => {
    expect([...sections.keys()]).toEqual([
      '',
      'Are events coming in?',
      'Are they being processed?',
      'How far behind?',
      'What fails, and why?',
      'Are targets answering?',
      'Functions',
      'What does it cost?',
    ]);
  });

  test.each([
    [
      'Are events coming in?',
      'Signalbox',
      ['EventsAccepted', 'RequestsRefused', 'SignaturesRefused', 'RequestsFailed'],
    ],
    ['Are events coming in?', 'AWS/ApiGateway', ['Count', '4xx', '5xx', 'Latency']],
    [
      'Are they being processed?',
      'Signalbox',
      ['EventsProcessed', 'EventsUnmapped', 'EventsDuplicate', 'EventsRejected', 'EventsFailed', 'EventsHandedBack'],
    ],
    ['How far behind?', 'Signalbox', ['ProcessingLagMs']],
    ['How far behind?', 'AWS/SQS', ['ApproximateAgeOfOldestMessage', 'ApproximateNumberOfMessagesVisible']],
    [
      'What fails, and why?',
      'Signalbox',
      ['EventsRejected', 'EventsFailed', 'DeadLetters', 'ActionsFailed', 'ActionsSkipped'],
    ],
    ['Are targets answering?', 'Signalbox', ['TargetCalls', 'TargetFailures', 'ActionsRetried', 'RunsStarted']],
    ['Functions', 'AWS/Lambda', ['Errors', 'Duration', 'Throttles', 'ConcurrentExecutions']],
    ['What does it cost?', 'AWS/DynamoDB', ['ConsumedWriteCapacityUnits', 'WriteThrottleEvents']],
  ])('%s is answered by %s', (asked, namespace, metrics) => {
    expect(sections.get(asked)).toEqual(expect.arrayContaining(metrics.map((metric) => `${namespace} ${metric}`)));
  });

  test('finds sources and reasons by itself: a new one needs no deploy to be seen', () => {
    const bySource = (name: string) => `SEARCH('{Signalbox,environment,source} MetricName=(\\"${name}\\")`;
    for (const name of ['EventsAccepted', 'EventsProcessed', 'RunsStarted']) expect(text).toContain(bySource(name));
    expect(text).toContain('{Signalbox,environment,source,reason} MetricName=(\\"ActionsFailed\\"');
  });

  test('shows the latest words of every function', () => {
    const query = widgets.find(({ properties }) => properties.query !== undefined)?.properties.query;
    expect(query?.match(/SOURCE '/g)).toHaveLength(6);
  });

  test('names the commands to go on with, for its own environment', () => {
    for (const command of ['events --status failed', 'why ID', 'replay ID'])
      expect(text).toMatch(new RegExp(`npx signalbox ${command}[^\`]* --environment production`));
  });
});

// A misspelt name would leave an alarm silent and a graph empty, and nobody would know.
test('every count that is watched is made by a function', () => {
  const code = ['functions', 'shared']
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((file) => file.isFile() && file.name.endsWith('.ts'))
    .map((file) => readFileSync(`${file.parentPath}/${file.name}`, 'utf8'))
    .join('\n');
  const shown = widgetsOf(production).flatMap(({ properties }) => (properties.metrics ?? []).flatMap(shownBy));
  const alarmed = alarmsOf(production).flatMap(({ AlarmName }) =>
    watchedBy(AlarmName.replace('signalbox-production-', '')).map(({ namespace, metric }) => `${namespace} ${metric}`),
  );
  const names = [...new Set([...shown, ...alarmed])].flatMap((metric) => metric.match(/^Signalbox (.+)/)?.[1] ?? []);
  expect(names).toHaveLength(28);
  expect(names.filter((name) => !code.includes(`'${name}'`))).toEqual([]);
});
