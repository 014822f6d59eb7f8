import { Duration, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Dashboard,
  GraphWidget,
  type GraphWidgetProps,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  PeriodOverride,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PipelineFunction } from './pipeline-function.ts';
import { byReason, bySource, type StageMetricName, stageMetric, throttled } from './stage-metrics.ts';
import type { PipelineTable } from './tables.ts';

export type DashboardProps = {
  environment: string;
  api: HttpApi;
  /** By name. */
  functions: Record<string, PipelineFunction>;
  /** By name. */
  tables: Record<string, PipelineTable>;
  eventsQueue: Queue;
  actionsQueue: Queue;
  deadLetterQueues: Queue[];
};

const period = Duration.minutes(5);
const full = 24;
const half = 12;
const third = 8;
const quarter = 6;

/**
 * One screen per environment that answers the questions of the night, in the order in which they
 * are asked.
 */
export class PipelineDashboard extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    // Dashboards of all regions share one list of names per account.
    const dashboardName = `signalbox-${props.environment}-${region}`;
    new Dashboard(this, 'Dashboard', {
      dashboardName,
      periodOverride: PeriodOverride.INHERIT,
      defaultInterval: Duration.hours(6),
      widgets: [
        [text(howToRead(props.environment), 5)],
        ...arriving(props),
        ...processed(props),
        ...behind(props),
        ...failing(props),
        ...targets(props),
        ...functions(props),
        ...costs(props),
      ],
    });
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboardName}`;
  }
}

function howToRead(environment: string): string {
  const cli = (command: string) => `\`npx signalbox ${command} --environment ${environment}\``;
  return [
    `# Signalbox ${environment}`,
    'Read from top to bottom: an event arrives, is processed, and its actions run. The first row that looks wrong is where to begin; what is below it follows.',
    '',
    `- What failed lately, and why: ${cli('events --status failed --since 1h')}, ${cli('actions --status failed --since 1h')}`,
    `- One event, user, message id or run, start to finish: ${cli('why ID')}`,
    `- Run failed ones again, once the cause is gone: ${cli('replay ID…')}`,
    '',
    'Each alarm has a page with what to do: docs/runbooks in the repository.',
  ].join('\n');
}

function arriving({ environment, api }: DashboardProps): IWidget[][] {
  return [
    [heading('Are events coming in?')],
    [
      graph('Events accepted, by source', half, [bySource(environment, 'EventsAccepted', period)]),
      graph('Requests refused, by reason (most senders drop these)', half, [
        byReason(environment, ['RequestsRefused', 'ApiRefused'], period),
        stageMetric(environment, 'SignaturesRefused', { period, label: 'wrong signatures, in all' }),
      ]),
    ],
    [
      graph('API answers', half, [
        api.metricCount({ period, statistic: Stats.SUM, label: 'requests' }),
        api.metricClientError({ period, statistic: Stats.SUM, label: '4xx' }),
        throttled(environment, period, '429 of the gateway'),
        api.metricServerError({ period, statistic: Stats.SUM, label: '5xx' }),
        stageMetric(environment, 'RequestsFailed', { period, label: 'answered 503' }),
        stageMetric(environment, 'ApiRequests', { period, label: 'calls of the REST API' }),
        stageMetric(environment, 'ConfigurationUnreadable', { period, label: 'configuration not readable' }),
      ]),
      graph('API answer time (ms)', half, [
        api.metricLatency({ period, statistic: 'p50', label: 'median' }),
        api.metricLatency({ period, statistic: 'p99', label: 'p99' }),
      ]),
    ],
  ];
}

function processed({ environment }: DashboardProps): IWidget[][] {
  const names: StageMetricName[] = [
    'EventsProcessed',
    'EventsUnmapped',
    'EventsDuplicate',
    'EventsRejected',
    'EventsFailed',
    'EventsHandedBack',
  ];
  return [
    [heading('Are they being processed?')],
    [
      graph(
        'How events ended (handed back: will be delivered again)',
        half,
        names.map((name) => stageMetric(environment, name, { period })),
        { stacked: true },
      ),
      graph('Events processed, by source', half, [bySource(environment, 'EventsProcessed', period)]),
    ],
  ];
}

function behind({ environment, eventsQueue, actionsQueue, deadLetterQueues }: DashboardProps): IWidget[][] {
  const queues = [
    { queue: eventsQueue, label: 'events' },
    { queue: actionsQueue, label: 'actions' },
  ];
  const deepest = { period, statistic: Stats.MAXIMUM };
  const longest = (name: StageMetricName, label: string) => stageMetric(environment, name, { ...deepest, label });
  return [
    [heading('How far behind?')],
    [
      graph('Received to processed (ms)', quarter, [
        stageMetric(environment, 'ProcessingLagMs', { period, statistic: 'p50', label: 'median' }),
        stageMetric(environment, 'ProcessingLagMs', { period, statistic: 'p99', label: 'p99' }),
      ]),
      graph(
        'Oldest message (s)',
        quarter,
        queues.map(({ queue, label }) => queue.metricApproximateAgeOfOldestMessage({ ...deepest, label })),
      ),
      graph('Tried again and again for (ms)', quarter, [
        longest('EventsReturnedMs', 'events that come back'),
        longest('ActionsReturnedMs', 'actions that come back'),
        longest('ActionsBlockedMs', 'actions that need a table or secret'),
        longest('TargetWaitMs', 'runs that wait for a target'),
      ]),
      graph('Messages waiting', quarter, [
        ...queues.flatMap(({ queue, label }) => [
          queue.metricApproximateNumberOfMessagesVisible({ ...deepest, label }),
          queue.metricApproximateNumberOfMessagesDelayed({ ...deepest, label: `${label}, to be tried later` }),
        ]),
        ...deadLetterQueues.map((queue, i) =>
          queue.metricApproximateNumberOfMessagesVisible({ ...deepest, label: `${queues[i]?.label} dead letters` }),
        ),
      ]),
    ],
  ];
}

function failing({ environment, functions }: DashboardProps): IWidget[][] {
  return [
    [heading('What fails, and why?')],
    [
      graph('Events rejected or failed, by reason', half, [
        byReason(environment, ['EventsRejected', 'EventsFailed'], period),
        stageMetric(environment, 'DeadLetters', { period, label: 'dead letters, in all' }),
      ]),
      graph('Actions failed or skipped, by reason', half, [
        byReason(environment, ['ActionsFailed', 'ActionsSkipped'], period),
      ]),
    ],
    [
      new LogQueryWidget({
        title: 'Latest warnings and errors of the functions',
        view: LogQueryVisualizationType.TABLE,
        logGroupNames: Object.values(functions).map(({ logGroup }) => logGroup.logGroupName),
        queryLines: [
          // Lambda's own lines carry no level; at the level set for them only failures are logged.
          'fields @timestamp, @log, coalesce(level, type) as kind, coalesce(message, record.status) as what',
          'filter kind in ["WARN", "ERROR", "CRITICAL"] or kind like "platform."',
          'sort @timestamp desc',
          'limit 30',
        ],
        width: full,
        height: 6,
      }),
    ],
  ];
}

function targets({ environment }: DashboardProps): IWidget[][] {
  return [
    [heading('Are targets answering?')],
    [
      graph('Calls of workflow targets', third, [
        stageMetric(environment, 'TargetCalls', { period, label: 'calls' }),
        stageMetric(environment, 'TargetFailures', { period, label: 'failures' }),
      ]),
      graph('How actions ended (retried: will be tried again)', third, [
        stageMetric(environment, 'ActionsSucceeded', { period }),
        stageMetric(environment, 'ActionsSkipped', { period }),
        stageMetric(environment, 'ActionsFailed', { period }),
        stageMetric(environment, 'ActionsRetried', { period }),
      ]),
      graph('Workflow runs started, by source', third, [bySource(environment, 'RunsStarted', period)]),
    ],
  ];
}

function functions(props: DashboardProps): IWidget[][] {
  const each = (metricOf: (pipelineFunction: PipelineFunction, label: string) => IMetric) =>
    Object.entries(props.functions).map(([label, pipelineFunction]) => metricOf(pipelineFunction, label));
  return [
    [heading('Functions')],
    [
      graph(
        'Errors (crashes and time-outs)',
        quarter,
        each(({ lambda }, label) => lambda.metricErrors({ period, label })),
      ),
      graph(
        'Duration, p99 (ms)',
        quarter,
        each(({ lambda }, label) => lambda.metricDuration({ period, label, statistic: 'p99' })),
      ),
      graph(
        'Throttles',
        quarter,
        each(({ lambda }, label) => lambda.metricThrottles({ period, label })),
      ),
      graph(
        'At work at once',
        quarter,
        each(({ lambda }, label) => lambda.metric('ConcurrentExecutions', { period, label, statistic: Stats.MAXIMUM })),
      ),
    ],
  ];
}

function costs({ environment, tables }: DashboardProps): IWidget[][] {
  const each = (metricName: string) =>
    Object.entries(tables).map(([label, { table }]) =>
      table.metric(metricName, { period, label, statistic: Stats.SUM }),
    );
  const written = Object.fromEntries(
    Object.entries(tables).map(([name, { table }]) => [
      `w${name}`,
      table.metricConsumedWriteCapacityUnits({ period, statistic: Stats.SUM }),
    ]),
  );
  const sum = Object.keys(written)
    .map((name) => `FILL(${name}, 0)`)
    .join(' + ');
  return [
    [heading('What does it cost?')],
    [
      graph('Write units, by table (without indexes)', third, each('ConsumedWriteCapacityUnits'), { stacked: true }),
      graph('Write units per accepted event (4 to 5 is normal, retries add)', third, [
        new MathExpression({
          label: 'write units per event',
          expression: `(${sum}) / accepted`,
          usingMetrics: { ...written, accepted: stageMetric(environment, 'EventsAccepted', { period }) },
          period,
        }),
      ]),
      graph('Refused by the tables (throttled writes)', third, each('WriteThrottleEvents')),
    ],
  ];
}

function text(markdown: string, height: number): TextWidget {
  return new TextWidget({ markdown, width: full, height });
}

function heading(question: string): TextWidget {
  return text(`## ${question}`, 1);
}

function graph(title: string, width: number, left: IMetric[], more: GraphWidgetProps = {}): GraphWidget {
  return new GraphWidget({ title, left, width, height: 6, leftYAxis: { min: 0, showUnits: false }, ...more });
}
