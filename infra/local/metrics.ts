import * as z from 'zod';

/** CloudWatch's totals of one metric with one set of dimensions, since the runtime started. */
export type Metric = {
  name: string;
  unit: string;
  dimensions: Record<string, string>;
  samples: number;
  sum: number;
  min: number;
  max: number;
};

export type MetricCounters = {
  /** Counts a printed line if it is a metrics line; answers whether it was. */
  take(line: string): boolean;
  list(): Metric[];
  /** The sum of a metric over all sources of the environment. */
  total(name: string): number;
  /** The number of seconds with any count: the environment's working time, without idle times. */
  busySeconds(): number;
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const Embedded = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string().default('None') })),
      }),
    ),
  }),
});
const Values = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

/** Values of one metric with one set of dimensions, from a function's line. */
export type MetricValues = {
  /** Absent: the functions' own. */
  namespace?: string;
  name: string;
  unit: string;
  dimensions: Record<string, string>;
  timeMs: number;
  values: number[];
};

/** The content of a metrics line; undefined for any other line. */
export function readMetricsLine(line: string): MetricValues[] | undefined {
  if (!line.startsWith('{') || !line.includes('"_aws"')) return undefined;
  const embedded = Embedded.safeParse(parseJson(line));
  if (!embedded.success) return undefined;
  const { _aws, ...fields } = embedded.data;
  return _aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) => {
      const values = Values.safeParse(fields[Name]);
      if (!values.success) return [];
      return Dimensions.map((names) => ({
        name: Name,
        unit: Unit,
        dimensions: Object.fromEntries(names.map((name) => [name, String(fields[name])])),
        timeMs: _aws.Timestamp,
        values: values.data,
      }));
    }),
  );
}

/** @param history keeps counts by minute; absent: only totals are kept */
export function makeMetricCounters(history?: { add(values: MetricValues[]): void }): MetricCounters {
  const metrics = new Map<string, Metric>();
  let busySeconds = 0;
  let lastBusySecond = 0;
  const noteTime = () => {
    const second = Math.floor(Date.now() / 1000);
    if (second > lastBusySecond) busySeconds++;
    lastBusySecond = second;
  };
  const add = ({ name, unit, dimensions, values }: MetricValues) => {
    const key = JSON.stringify([name, dimensions]);
    const fresh = {
      name,
      unit,
      dimensions,
      samples: 0,
      sum: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
    };
    const metric = metrics.get(key) ?? fresh;
    metrics.set(key, metric);
    for (const value of values) {
      metric.samples++;
      metric.sum += value;
      metric.min = Math.min(metric.min, value);
      metric.max = Math.max(metric.max, value);
    }
  };
  return {
    take(line) {
      const read = readMetricsLine(line);
      if (read === undefined) return false;
      noteTime();
      for (const values of read) add(values);
      history?.add(read);
      return true;
    },
    list: () => [...metrics.values()],
    busySeconds: () => busySeconds,
    total(name) {
      const ofEnvironment = [...metrics.values()].filter((metric) => metric.name === name);
      return ofEnvironment
        .filter(({ dimensions }) => Object.keys(dimensions).join() === 'environment')
        .reduce((sum, metric) => sum + metric.sum, 0);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
