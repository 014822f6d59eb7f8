import { Duration, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarmKindOf, runbookOf } from '../../shared/operations/alarms/alarm-kinds.ts';
import { lateAfterMinutes, longWaitMs } from '../../shared/operations/queues/late-messages.ts';
import type { AlarmRecipient } from '../environments.ts';
import { acceptFindings } from './accepted-findings.ts';
import type { AlarmDefinition } from './alarm-definition.ts';
import type { ExpectedSources } from './expected-sources.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import { silenceAlarms, volumeAlarms } from './source-alarms.ts';
import { type StageMetricName, stageMetric, throttled } from './stage-metrics.ts';

export type AlarmsProps = {
  environment: string;
  /** Absent: the alarms exist but no person gets a mail. */
  recipient?: AlarmRecipient;
  /** What sources are expected to send. */
  expected: ExpectedSources;
  /** What states each day whether all is accounted for; absent without it. */
  statement?: PipelineFunction;
  /** What compares each hour with the same of a week before; absent where no source expects a volume. */
  volume?: PipelineFunction;
  /** Where the notifier hears of alarms; absent without one. */
  notifications?: Queue;
  api: HttpApi;
  /** More events in five minutes than a normal day ever has. */
  surgeAbove: number;
  /** By name. */
  functions: Record<string, PipelineFunction>;
  eventsQueue: Queue;
  actionsQueue: Queue;
  deadLetterQueues: Queue[];
};

const minutes = (count: number) => Duration.minutes(count);

/** Every alarm. A page of docs/runbooks says what to do for each. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const actions = this.#topics(props).map((topic) => new SnsAction(topic));
    const definitions = [
      ...stageAlarms(props),
      ...queueAlarms(props),
      ...functionAlarms(props.functions),
      ...apiAlarms(props),
      ...notificationAlarms(props),
      ...silenceAlarms(props),
      ...volumeAlarms(props),
      ...statementAlarms(props),
    ];
    for (const { name, metric, above, breaching, of, missing = TreatMissingData.NOT_BREACHING } of definitions) {
      const kind = alarmKindOf(name);
      if (kind === undefined) throw new Error(`the alarm ${name} has no kind, and so no page`);
      const alarm = new Alarm(this, name, {
        alarmName: `signalbox-${props.environment}-${name}`,
        alarmDescription: `${kind.means} What to do: ${runbookOf(kind)}`,
        metric,
        threshold: above,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        datapointsToAlarm: breaching,
        evaluationPeriods: of,
        // Functions print no count while no event arrives.
        treatMissingData: missing,
      });
      alarm.addAlarmAction(...actions);
      alarm.addOkAction(...actions);
    }
  }

  /** One of the recipient's own, one of ours for mails and the notifier, or both. */
  #topics({ environment, recipient, notifications }: AlarmsProps): ITopic[] {
    const own = recipient !== undefined && 'topicArn' in recipient ? recipient.topicArn : undefined;
    const email = recipient !== undefined && 'email' in recipient ? recipient.email : undefined;
    const topics = own === undefined ? [] : [Topic.fromTopicArn(this, 'RecipientTopic', own)];
    if (email === undefined && notifications === undefined) return topics;
    const topic = this.#topic(environment);
    if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
    if (notifications !== undefined) {
      topic.addSubscription(new SqsSubscription(notifications, { rawMessageDelivery: true }));
      acceptFindings(notifications, {
        'Serverless-SNSRedrivePolicy': 'Our own queue takes every message, and the alarm itself stays raised.',
      });
    }
    return [...topics, topic];
  }

  #topic(environment: string): Topic {
    const topic = new Topic(this, 'Topic', {
      topicName: `signalbox-${environment}-alarms`,
      displayName: `Signalbox ${environment}`,
      // Not encrypted: alarms cannot use the free key, and these mails hold only names and counts.
      enforceSSL: true,
    });
    // Our own policy replaces the default one, which would let alarms of the account publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    acceptFindings(topic, {
      'Serverless-SNSRedrivePolicy':
        'A mail that cannot be delivered would wait in a queue that no person reads, and our own queue takes every message; the alarm itself stays raised.',
    });
    return topic;
  }
}

function stageAlarms({ environment, surgeAbove }: AlarmsProps): AlarmDefinition[] {
  const sum = (name: StageMetricName, period = minutes(5)) => stageMetric(environment, name, { period });
  /** The share of actions without success, in percent, as far as `judge` makes it count. */
  const unsuccessful = (period: Duration, judge: (all: string, share: string) => string) => {
    const all = total('succeeded', 'skipped', 'failed');
    return new MathExpression({
      label: 'failed or skipped actions (%)',
      expression: judge(all, `100 * ${total('skipped', 'failed')} / ${all}`),
      usingMetrics: {
        succeeded: sum('ActionsSucceeded', period),
        skipped: sum('ActionsSkipped', period),
        failed: sum('ActionsFailed', period),
      },
      period,
    });
  };
  return [
    {
      name: 'dead-letters',
      metric: sum('DeadLetters'),
      above: 0,
      breaching: 1,
      of: 1,
    },
    {
      name: 'events-failed',
      metric: sum('EventsFailed'),
      above: 0,
      breaching: 1,
      of: 1,
    },
    {
      name: 'actions-failing',
      metric: unsuccessful(
        minutes(15),
        (all, share) => `IF(${all} >= 20 OR (${all} >= 5 AND ${share} > 80), ${share}, 0)`,
      ),
      above: 20,
      breaching: 1,
      of: 1,
    },
    {
      name: 'actions-failing-slowly',
      // For environments with so few actions that 15 minutes show nothing.
      metric: unsuccessful(minutes(180), (all, share) => `IF(${all} >= 4, ${share}, 0)`),
      above: 50,
      breaching: 1,
      of: 1,
    },
    {
      name: 'actions-blocked',
      metric: stageMetric(environment, 'ActionsBlockedMs', { period: minutes(5), statistic: Stats.MAXIMUM }),
      above: longWaitMs,
      breaching: 1,
      of: 1,
    },
    {
      name: 'targets-failing',
      // Both: one run that its target never takes is no outage, and neither are failures that pass.
      metric: new MathExpression({
        label: 'failed calls of targets (%) while a run waits for more than 4 minutes',
        expression: `IF(FILL(waited, 0) > ${longWaitMs}, 100 * FILL(failures, 0) / calls, 0)`,
        usingMetrics: {
          calls: sum('TargetCalls'),
          failures: sum('TargetFailures'),
          waited: stageMetric(environment, 'TargetWaitMs', { period: minutes(5), statistic: Stats.MAXIMUM }),
        },
        period: minutes(5),
      }),
      above: 50,
      breaching: 1,
      of: 1,
    },
    {
      name: 'signatures-refused',
      metric: sum('SignaturesRefused'),
      above: 0,
      // Repeated refusals count, however few; a single one may be a stray request.
      breaching: 2,
      of: 6,
    },
    {
      name: 'urls-refused',
      metric: sum('UrlsRefused'),
      above: 20,
      breaching: 2,
      of: 6,
    },
    {
      name: 'keys-refused',
      metric: sum('KeysRefused'),
      above: 20,
      breaching: 2,
      of: 6,
    },
    {
      name: 'events-surge',
      metric: sum('EventsAccepted'),
      above: surgeAbove,
      breaching: 2,
      of: 3,
    },
    {
      name: 'requests-failed',
      metric: sum('RequestsFailed'),
      above: 0,
      breaching: 2,
      of: 3,
    },
    {
      name: 'configuration-unreadable',
      metric: sum('ConfigurationUnreadable'),
      above: 0,
      breaching: 1,
      of: 1,
    },
  ];
}

/** A missing count means zero. */
function total(...ids: string[]): string {
  return `(${ids.map((id) => `FILL(${id}, 0)`).join(' + ')})`;
}

/**
 * By how many minutes the oldest message is too late. The queue knows the age of messages that wait.
 * It passes over those that were received three times, whose consumer tells for how long they have
 * been coming back.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
function minutesTooLate(environment: string, queue: Queue, returned: StageMetricName, waitMinutes: number) {
  const highest = { period: minutes(5), statistic: Stats.MAXIMUM };
  const waits = `FILL(age, 0) / 60 - ${waitMinutes}`;
  const returns = `(FILL(returned, 0) - ${longWaitMs}) / 60000`;
  return new MathExpression({
    label: 'minutes too late',
    expression: `IF(${waits} > ${returns}, ${waits}, ${returns})`,
    usingMetrics: {
      age: queue.metricApproximateAgeOfOldestMessage(highest),
      returned: stageMetric(environment, returned, highest),
    },
    period: minutes(5),
  });
}

function queueAlarms({ environment, eventsQueue, actionsQueue, deadLetterQueues }: AlarmsProps): AlarmDefinition[] {
  // Averages: a waiting message counts as one although it alternates between the two states, and a
  // message that is done soon counts little.
  const average = { period: minutes(5), statistic: Stats.AVERAGE };
  const held = Object.fromEntries(
    deadLetterQueues.flatMap((queue, i) => [
      [`visible${i}`, queue.metricApproximateNumberOfMessagesVisible(average)],
      [`inFlight${i}`, queue.metricApproximateNumberOfMessagesNotVisible(average)],
    ]),
  );
  return [
    {
      name: 'events-delayed',
      metric: minutesTooLate(environment, eventsQueue, 'EventsReturnedMs', lateAfterMinutes.events),
      above: 0,
      breaching: 1,
      of: 1,
    },
    {
      name: 'actions-delayed',
      metric: minutesTooLate(environment, actionsQueue, 'ActionsReturnedMs', lateAfterMinutes.actions),
      above: 0,
      breaching: 1,
      of: 1,
    },
    {
      name: 'dead-letters-stuck',
      // Not the age: SQS leaves out messages that were received three times, as these were.
      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
      metric: new MathExpression({
        label: 'messages in the dead-letter queues',
        expression: total(...Object.keys(held)),
        usingMetrics: held,
        period: minutes(5),
      }),
      above: 0.5,
      breaching: 3,
      of: 3,
    },
  ];
}

function functionAlarms(functions: Record<string, PipelineFunction>): AlarmDefinition[] {
  return Object.entries(functions).flatMap(([name, { lambda }]) => [
    {
      name: `${name}-errors`,
      metric: lambda.metricErrors({ period: minutes(5) }),
      above: 0,
      breaching: 2,
      of: 3,
    },
    {
      name: `${name}-throttles`,
      metric: lambda.metricThrottles({ period: minutes(5) }),
      above: 0,
      breaching: 2,
      of: 3,
    },
  ]);
}

/** The function is tried three times within an hour, once a day. */
function statementAlarms({ environment, statement }: AlarmsProps): AlarmDefinition[] {
  if (statement === undefined) return [];
  return [
    {
      name: 'statement-differs',
      // Until the next day's run, which looks at the day again.
      metric: stageMetric(environment, 'StatementsDiffering', { period: Duration.days(1) }),
      above: 0,
      breaching: 1,
      of: 1,
    },
    {
      name: 'statement-missing',
      metric: statement.lambda.metricErrors({ period: Duration.hours(1) }),
      above: 2,
      breaching: 1,
      of: 1,
    },
  ];
}

function notificationAlarms({ environment, notifications }: AlarmsProps): AlarmDefinition[] {
  if (notifications === undefined) return [];
  return [
    {
      name: 'notifications-failing',
      metric: stageMetric(environment, 'NotificationsFailed', { period: minutes(5) }),
      above: 0,
      breaching: 2,
      of: 3,
    },
  ];
}

function apiAlarms({ api, environment }: AlarmsProps): AlarmDefinition[] {
  const sum = { period: minutes(5), statistic: Stats.SUM };
  const share = (errors: IMetric, status: string, least: number) =>
    new MathExpression({
      label: `requests answered ${status} (%)`,
      expression: `IF(requests >= ${least}, 100 * FILL(errors, 0) / requests, 0)`,
      usingMetrics: { requests: api.metricCount(sum), errors },
      period: minutes(5),
    });
  return [
    {
      name: 'api-errors',
      metric: share(api.metricServerError(sum), '5xx', 1),
      above: 1,
      breaching: 2,
      of: 3,
    },
    {
      name: 'requests-throttled',
      metric: throttled(environment, minutes(5)),
      above: 0,
      breaching: 2,
      of: 3,
    },
    {
      name: 'api-refusals',
      // Without calls of the REST API: a client may well ask for a user who does not exist.
      metric: new MathExpression({
        label: 'requests to sources answered 4xx (%)',
        expression:
          'IF(requests - FILL(calls, 0) >= 50, 100 * (FILL(errors, 0) - FILL(refused, 0)) / (requests - FILL(calls, 0)), 0)',
        usingMetrics: {
          requests: api.metricCount(sum),
          errors: api.metricClientError(sum),
          calls: stageMetric(environment, 'ApiRequests', { period: minutes(5) }),
          refused: stageMetric(environment, 'ApiRefused', { period: minutes(5) }),
        },
        period: minutes(5),
      }),
      above: 10,
      breaching: 2,
      of: 3,
    },
  ];
}
