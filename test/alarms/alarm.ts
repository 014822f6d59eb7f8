import { referred, resourcesOf, type StackTemplate, type TemplateResource } from '../infra/templates.ts';
import { type Expression, parseMetricMath } from './metric-math.ts';
import type { MetricName, MetricStore } from './metric-store.ts';

export type WatchedMetric = MetricName & { statistic: string };

/** One alarm of a template, ready to be judged. */
export type TemplateAlarm = {
  /** Without the environment: `events-delayed`. */
  name: string;
  metrics: WatchedMetric[];
  periodMs: number;
  evaluationPeriods: number;
  datapointsToAlarm: number;
  isBreaching(value: number): boolean;
  /** What stands for a period without a value. */
  missingIsBreaching: boolean;
  /** The watched values of the periods that end at these times; undefined where one is missing. */
  valuesAt(store: MetricStore, untilMs: readonly number[]): (number | undefined)[];
};

type Properties = TemplateResource['Properties'];
type MetricStat = { Metric: { Namespace: string; MetricName: string; Dimensions?: unknown[] }; Stat: string };
type MetricQuery = { Id: string; MetricStat?: MetricStat & { Period: number }; Expression?: string };

/**
 * The alarms of a template. A dimension that refers to a resource has its logical id as value.
 * @throws Error for settings whose meaning is not built here
 */
export function alarmsOf(template: StackTemplate, environment: string): TemplateAlarm[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
    readAlarm(Properties, environment),
  );
}

function readAlarm(properties: Properties, environment: string): TemplateAlarm {
  const { AlarmName, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods, Threshold } = properties;
  const watched = properties.Metrics === undefined ? readSingle(properties) : readMath(properties.Metrics);
  return {
    name: String(AlarmName).replace(`signalbox-${environment}-`, ''),
    ...watched,
    evaluationPeriods: EvaluationPeriods,
    datapointsToAlarm: DatapointsToAlarm,
    isBreaching: comparison(properties.ComparisonOperator, Threshold),
    missingIsBreaching: treatsMissingAsBreaching(properties.TreatMissingData),
  };
}

type Watched = Pick<TemplateAlarm, 'metrics' | 'periodMs' | 'valuesAt'>;

function readSingle({ Namespace, MetricName, Dimensions, Statistic, Period }: Properties): Watched {
  const metric = watchedMetric({ Metric: { Namespace, MetricName, Dimensions }, Stat: Statistic });
  const periodMs = Period * 1000;
  return {
    metrics: [metric],
    periodMs,
    valuesAt: (store, times) =>
      times.map((untilMs) => store.statistic(metric, metric.statistic, untilMs - periodMs, untilMs)),
  };
}

function readMath(queries: MetricQuery[]): Watched {
  const metrics = new Map<string, WatchedMetric>();
  const periods = new Set<number>();
  let expression: Expression | undefined;
  for (const { Id, MetricStat, Expression } of queries) {
    if (MetricStat !== undefined) {
      metrics.set(Id, watchedMetric(MetricStat));
      periods.add(MetricStat.Period);
    } else if (Expression !== undefined && expression === undefined) expression = parseMetricMath(Expression);
    else throw new Error('an alarm with two expressions is not judged here');
  }
  const [periodSeconds, ...others] = periods;
  if (expression === undefined || periodSeconds === undefined || others.length > 0)
    throw new Error('an alarm needs an expression, and metrics of one period');
  const compute = expression;
  const periodMs = periodSeconds * 1000;
  return {
    metrics: [...metrics.values()],
    periodMs,
    valuesAt(store, times) {
      const periods = times.map(
        (untilMs) =>
          new Map(
            [...metrics].map(([id, metric]) => [
              id,
              store.statistic(metric, metric.statistic, untilMs - periodMs, untilMs),
            ]),
          ),
      );
      // FILL fills gaps of a time line; where no metric has any value there is no time line.
      if (periods.every((values) => [...values.values()].every((value) => value === undefined)))
        return times.map(() => undefined);
      return periods.map((values) =>
        compute((id) => {
          if (!metrics.has(id)) throw new Error(`an expression names ${id}, which is no metric of its alarm`);
          return values.get(id);
        }),
      );
    },
  };
}

function watchedMetric({ Metric: { Namespace, MetricName, Dimensions = [] }, Stat }: MetricStat): WatchedMetric {
  const dimensions = (Dimensions as { Name: string; Value: unknown }[]).map(({ Name, Value }) => [
    Name,
    typeof Value === 'string' ? Value : referred(Value),
  ]);
  return { namespace: Namespace, name: MetricName, dimensions: Object.fromEntries(dimensions), statistic: Stat };
}

function comparison(operator: string, threshold: number): (value: number) => boolean {
  switch (operator) {
    case 'GreaterThanThreshold':
      return (value) => value > threshold;
    case 'LessThanThreshold':
      return (value) => value < threshold;
    default:
      throw new Error(`the comparison ${operator} is not judged here`);
  }
}

function treatsMissingAsBreaching(treatment: string | undefined): boolean {
  if (treatment === 'breaching') return true;
  if (treatment === 'notBreaching') return false;
  throw new Error(`missing data treated as "${treatment}" is not judged here`);
}

// CloudWatch reads a few periods more than it evaluates, for those whose data is late.
const extraPeriods = 2;

/**
 * Whether an alarm is raised at `nowMs`, as CloudWatch finds out every minute: over a window that
 * slides with the clock, of what had arrived by then. Where enough periods have values, missing ones
 * are passed over, however far back the others are.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function isRaised(alarm: TemplateAlarm, store: MetricStore, nowMs: number): boolean {
  const { evaluationPeriods, datapointsToAlarm, periodMs } = alarm;
  const times = Array.from({ length: evaluationPeriods + extraPeriods }, (_, i) => nowMs - i * periodMs);
  const points = alarm.valuesAt(store, times);
  const real = points.filter((value) => value !== undefined).slice(0, evaluationPeriods);
  const filled = alarm.missingIsBreaching ? evaluationPeriods - real.length : 0;
  return real.filter(alarm.isBreaching).length + filled >= datapointsToAlarm;
}
