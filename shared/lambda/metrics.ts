/**
 * Counts of one function, per source; `docs/alarms.md` lists the names and the alarms that watch
 * them.
 */
export type StageMetrics = {
  /** Adds to a count. `reason` is from a closed list, never text from a request. */
  count(source: string, name: string, value?: number, reason?: string): void;
  /**
   * Adds to a count at the moment `atMs` instead of now: CloudWatch stores it under that minute.
   * `verify` compares such counts with rows by their time; counted at the current time, some would
   * fall into the next minute.
   */
  countAt(atMs: number, source: string, name: string, value?: number): void;
  /** Adds one measured value in milliseconds. */
  time(source: string, name: string, milliseconds: number): void;
  /**
   * Prints one line at once that is a log line as well: `fields` (level, message, ids) stand beside
   * its counts. What would take a line of its own anyway costs one line so, not two.
   */
  print(line: CountedLine): void;
  /**
   * Prints one line per source (and reason) that was counted since the last flush; CloudWatch turns
   * it into metrics.
   */
  flush(): void;
};

export type CountedLine = {
  source: string;
  /** As for `count`. */
  reason: string;
  atMs: number;
  counts: Record<string, number>;
  /** Counts that no one asks the reason of: each with a reason would be one more metric to pay for. */
  countsOfAllReasons?: Record<string, number>;
  fields: Record<string, unknown>;
};

type Line = {
  source: string;
  reason: string | undefined;
  /** Absent: the time of printing. */
  atMs: number | undefined;
  counts: Map<string, number>;
  times: Map<string, number[]>;
};

/**
 * Metrics in CloudWatch's embedded format: log lines become metrics, which costs no call and no
 * latency. Each line carries the dimension sets [environment], [environment, source] and, with a
 * reason, [environment, source, reason]: an alarm needs the first, "which source" and "why" the
 * others. (Powertools' Metrics puts its default dimensions into every set, which would leave no
 * metric for the whole environment.)
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * @param write takes one finished line; by default standard output, past the console that Lambda
 * wraps in JSON
 */
export function makeStageMetrics(
  environment: string,
  write = (line: string): void => void process.stdout.write(`${line}\n`),
): StageMetrics {
  const lines = new Map<string, Line>();
  const lineOf = (source: string, reason?: string, atMs?: number) => {
    const key = `${source}\n${reason ?? ''}\n${atMs ?? ''}`;
    let line = lines.get(key);
    if (line === undefined) {
      line = { source, reason, atMs, counts: new Map(), times: new Map() };
      lines.set(key, line);
    }
    return line;
  };
  const add = ({ counts }: Line, name: string, value: number) => counts.set(name, (counts.get(name) ?? 0) + value);
  return {
    count(source, name, value = 1, reason) {
      add(lineOf(source, reason), name, value);
    },
    countAt(atMs, source, name, value = 1) {
      add(lineOf(source, undefined, atMs), name, value);
    },
    time(source, name, milliseconds) {
      const { times } = lineOf(source);
      const values = times.get(name);
      if (values === undefined) times.set(name, [milliseconds]);
      // The format takes at most 100 values of a metric in one line.
      else if (values.length < 100) values.push(milliseconds);
    },
    print({ source, reason, atMs, counts, countsOfAllReasons = {}, fields }) {
      const line = { source, reason, atMs, counts: new Map(Object.entries(counts)), times: new Map() };
      write(embedded(environment, line, countsOfAllReasons, fields));
    },
    flush() {
      for (const line of lines.values()) write(embedded(environment, line));
      lines.clear();
    },
  };
}

function embedded(
  environment: string,
  { source, reason, atMs, counts, times }: Line,
  countsOfAllReasons: Record<string, number> = {},
  fields: Record<string, unknown> = {},
): string {
  const ofAllReasons = [['environment'], ['environment', 'source']];
  const dimensions = reason === undefined ? ofAllReasons : [...ofAllReasons, ['environment', 'source', 'reason']];
  const inCounts = (names: Iterable<string>) => [...names].map((Name) => ({ Name, Unit: 'Count' }));
  return JSON.stringify({
    _aws: {
      Timestamp: atMs ?? Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'Signalbox',
          Dimensions: dimensions,
          Metrics: [...inCounts(counts.keys()), ...[...times.keys()].map((Name) => ({ Name, Unit: 'Milliseconds' }))],
        },
        ...(Object.keys(countsOfAllReasons).length > 0
          ? [
              {
                Namespace: 'Signalbox',
                Dimensions: ofAllReasons,
                Metrics: inCounts(Object.keys(countsOfAllReasons)),
              },
            ]
          : []),
      ],
    },
    ...fields,
    environment,
    source,
    ...(reason !== undefined && { reason }),
    ...countsOfAllReasons,
    ...Object.fromEntries(counts),
    ...Object.fromEntries(times),
  });
}
