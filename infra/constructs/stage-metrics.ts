import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { defined } from '../../shared/core/defined.ts';
import { namespace, requestsThrottled } from '../../shared/operations/metrics/metric-names.ts';

/** The functions' counts (`shared/lambda/metrics.ts`); `docs/alarms.md` explains each name. */
export type StageMetricName =
  | 'EventsAccepted'
  | 'EventsUnanswered'
  | 'RequestsRefused'
  | 'SignaturesRefused'
  | 'UrlsRefused'
  | 'RequestsFailed'
  | 'ApiRequests'
  | 'ApiRefused'
  | 'KeysRefused'
  | 'EventsProcessed'
  | 'EventsUnmapped'
  | 'EventsDuplicate'
  | 'EventsRejected'
  | 'EventsFailed'
  | 'EventsHeld'
  | 'EventsHandedBack'
  | 'EventsReturnedMs'
  | 'ProcessingLagMs'
  | 'ActionsSucceeded'
  | 'ActionsSkipped'
  | 'ActionsFailed'
  | 'ActionsRetried'
  | 'ActionsReturnedMs'
  | 'ActionsBlockedMs'
  | 'RunsStarted'
  | 'TargetCalls'
  | 'TargetFailures'
  | 'TargetWaitMs'
  | 'DeadLetters'
  | 'ConfigurationUnreadable'
  | 'NotificationsFailed'
  | 'StatementsDiffering'
  | 'VolumeUnusual';

type Options = {
  period: Duration;
  /** Default: the sum. */
  statistic?: string;
  /** Default: the name. */
  label?: string;
};

/** Over all sources of an environment. */
export function stageMetric(
  environment: string,
  metricName: StageMetricName,
  { period, statistic = 'Sum', label }: Options,
): Metric {
  return new Metric({
    namespace,
    metricName,
    dimensionsMap: { environment },
    statistic,
    period,
    ...defined({ label }),
  });
}

/** As the gateway's access log tells. */
export function throttledMetric(environment: string): { metricNamespace: string; metricName: string } {
  const { namespace: metricNamespace, name: metricName } = requestsThrottled(environment);
  return { metricNamespace, metricName };
}

export function throttled(environment: string, period: Duration, label?: string): Metric {
  const { metricNamespace, metricName } = throttledMetric(environment);
  return new Metric({ namespace: metricNamespace, metricName, statistic: 'Sum', period, ...defined({ label }) });
}

/** Of one source alone. */
export function sourceMetric(
  environment: string,
  source: string,
  metricName: StageMetricName,
  { period, statistic = 'Sum' }: Omit<Options, 'label'>,
): Metric {
  return new Metric({ namespace, metricName, dimensionsMap: { environment, source }, statistic, period });
}

/**
 * One line per source that was counted: a search, so that a new source appears by itself. Not for
 * alarms.
 */
export function bySource(environment: string, metricName: StageMetricName, period: Duration): MathExpression {
  return search('environment,source', environment, [metricName], property('Dim.source'), period);
}

/** One line per source and reason. */
export function byReason(environment: string, metricNames: StageMetricName[], period: Duration): MathExpression {
  const label = `${property('MetricName')}: ${property('Dim.reason')} (${property('Dim.source')})`;
  return search('environment,source,reason', environment, metricNames, label, period);
}

/** CloudWatch puts the value in for each line that the search finds. */
function property(name: string): string {
  return `\${PROP('${name}')}`;
}

function search(
  dimensions: string,
  environment: string,
  metricNames: StageMetricName[],
  label: string,
  period: Duration,
): MathExpression {
  const names = metricNames.map((name) => `"${name}"`).join(' OR ');
  const query = `{${namespace},${dimensions}} MetricName=(${names}) environment="${environment}"`;
  const expression = `SEARCH('${query}', 'Sum', ${period.toSeconds()})`;
  return new MathExpression({ expression, usingMetrics: {}, label, period });
}
