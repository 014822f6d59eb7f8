import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmDefinition } from './alarm-definition.ts';
import type { ExpectedSources } from './expected-sources.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import { sourceMetric } from './stage-metrics.ts';

/* Alarms of single sources, by what their files expect: one over all would be quiet while any source is well. */

type Expected = { environment: string; expected: ExpectedSources };

const daySeconds = 86_400;

export function silenceAlarms({ environment, expected }: Expected): AlarmDefinition[] {
  return Object.entries(expected).flatMap(([source, { every }]) => {
    if (every === undefined) return [];
    // A day is the longest period; what is longer is as many days, each without an event.
    const period = Duration.seconds(Math.min(every.seconds, daySeconds));
    const periods = Math.ceil(every.seconds / daySeconds);
    return [
      {
        name: `source-silent/${source}`,
        metric: new MathExpression({
          label: `1: no event of ${source} for ${every.text}`,
          // Filled: CloudWatch would otherwise pass over the quiet period and look at the one before.
          expression: 'IF(FILL(accepted, 0) < 1, 1, 0)',
          usingMetrics: { accepted: sourceMetric(environment, source, 'EventsAccepted', { period }) },
          period,
        }),
        above: 0,
        breaching: periods,
        of: periods,
        missing: TreatMissingData.BREACHING,
      },
    ];
  });
}

/**
 * A comparison counts until the next one, an hour later, and a little longer: with a gap between the
 * two the alarm would end and begin again each hour.
 */
const comparisonCounts = Duration.minutes(75);

export function volumeAlarms({
  environment,
  expected,
  volume: check,
}: Expected & { volume?: PipelineFunction }): AlarmDefinition[] {
  if (check === undefined) return [];
  const watched = Object.entries(expected).filter(([, { volume }]) => volume !== undefined);
  return [
    ...watched.map(([source]) => ({
      name: `volume-unusual/${source}`,
      metric: sourceMetric(environment, source, 'VolumeUnusual', {
        period: comparisonCounts,
        statistic: Stats.MAXIMUM,
      }),
      above: 0,
      breaching: 1,
      of: 1,
    })),
    {
      name: 'volume-unchecked',
      // The three tries of an hour.
      metric: check.lambda.metricErrors({ period: Duration.hours(1) }),
      above: 2,
      breaching: 1,
      of: 1,
    },
  ];
}
