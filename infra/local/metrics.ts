import * as z from 'zod';

/** What CloudWatch would have added up of one metric under one set of dimensions, since the runtime started. */
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
  /** Takes a printed line when it is a metrics line; says whether it was. */
  take(line: string): boolean;
  list(): Metric[];
  /** The sum of a metric over all sources of the environment. */
  total(name: string): number;
  /** Seconds in which anything was counted: the time that the environment was at work, idle times left out. */
  busySeconds(): number;
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const Embedded = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string().default('None') })),
      }),
    ),
  }),
});
const Values = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

export function makeMetricCounters(): MetricCounters {
  const metrics = new Map<string, Metric>();
  let busySeconds = 0;
  let lastBusySecond = 0;
  const noteTime = () => {
    const second = Math.floor(Date.now() / 1000);
    if (second > lastBusySecond) busySeconds++;
    lastBusySecond = second;
  };
  const add = (name: string, unit: string, dimensions: Record<string, string>, values: number[]) => {
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
      if (!line.startsWith('{') || !line.includes('"_aws"')) return false;
      const embedded = Embedded.safeParse(parseJson(line));
      if (!embedded.success) return false;
      noteTime();
      for (const { Dimensions, Metrics } of embedded.data._aws.CloudWatchMetrics) {
        for (const { Name, Unit } of Metrics) {
          const values = Values.safeParse(embedded.data[Name]);
          if (!values.success) continue;
          for (const names of Dimensions) {
            const dimensions = Object.fromEntries(names.map((name) => [name, String(embedded.data[name])]));
            add(Name, Unit, dimensions, values.data);
          }
        }
      }
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
