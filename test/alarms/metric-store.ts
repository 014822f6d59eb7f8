/** A metric's name, with the dimensions that make it one metric of many. */
export type MetricName = { namespace: string; name: string; dimensions: Record<string, string> };

type Aggregate = { samples: number; sum: number; min: number; max: number };

const minuteMs = 60_000;

/** What CloudWatch keeps of values: their number, sum and extremes of each minute. */
export class MetricStore {
  readonly #metrics = new Map<string, Map<number, Aggregate>>();
  /** Of metrics that are asked for again and again. */
  readonly #keys = new WeakMap<object, string>();

  add({ namespace, name, dimensions }: MetricName, atMs: number, ...values: number[]): void {
    const key = keyOf({ namespace, name, dimensions });
    const minutes = this.#metrics.get(key) ?? new Map<number, Aggregate>();
    this.#metrics.set(key, minutes);
    const minute = Math.floor(atMs / minuteMs);
    for (const value of values) {
      const { samples, sum, min, max } = minutes.get(minute) ?? {
        samples: 0,
        sum: 0,
        min: Number.POSITIVE_INFINITY,
        max: Number.NEGATIVE_INFINITY,
      };
      minutes.set(minute, {
        samples: samples + 1,
        sum: sum + value,
        min: Math.min(min, value),
        max: Math.max(max, value),
      });
    }
  }

  /**
   * A statistic over the minutes from `fromMs` until before `untilMs`; undefined when there was no
   * value.
   */
  statistic(metric: MetricName, statistic: string, fromMs: number, untilMs: number): number | undefined {
    const key = this.#keys.get(metric) ?? keyOf(metric);
    this.#keys.set(metric, key);
    const minutes = this.#metrics.get(key);
    if (minutes === undefined) return undefined;
    const found: Aggregate[] = [];
    for (let minute = Math.ceil(fromMs / minuteMs); minute * minuteMs < untilMs; minute++) {
      const aggregate = minutes.get(minute);
      if (aggregate !== undefined) found.push(aggregate);
    }
    if (found.length === 0) return undefined;
    const total = (field: 'samples' | 'sum') => found.reduce((sum, one) => sum + one[field], 0);
    switch (statistic) {
      case 'Sum':
        return total('sum');
      case 'SampleCount':
        return total('samples');
      case 'Average':
        return total('sum') / total('samples');
      case 'Minimum':
        return Math.min(...found.map(({ min }) => min));
      case 'Maximum':
        return Math.max(...found.map(({ max }) => max));
      default:
        throw new Error(`the statistic ${statistic} is not computed here`);
    }
  }

  /** The values of a metric's minutes, as the API of metrics asks for them. */
  minutes(metric: MetricName, { sinceMs, untilMs }: { sinceMs: number; untilMs: number }) {
    const minutes = [...(this.#metrics.get(keyOf(metric)) ?? [])];
    return minutes
      .map(([minute, { sum, max }]) => ({ minuteMs: minute * minuteMs, sum, max }))
      .filter((one) => one.minuteMs >= sinceMs && one.minuteMs < untilMs)
      .sort((a, b) => a.minuteMs - b.minuteMs);
  }

  /** True when a metric of this name ever had a value, with whatever dimensions. */
  knows({ namespace, name }: Pick<MetricName, 'namespace' | 'name'>): boolean {
    return [...this.#metrics.keys()].some((key) => key.startsWith(`${namespace}\n${name}\n`));
  }
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${namespace}\n${name}\n${JSON.stringify(sorted)}`;
}
