import { type TableName, tableDefinitions } from '../../adapters/table-definitions.ts';
import type { Environment } from '../environment.ts';
import { requestsThrottled } from '../metrics/metric-names.ts';
import { type Counted, countQuery, sumOf } from '../metrics/read-counts.ts';
import { added, type MetricQuery, type ValueByPeriod } from '../metrics/read-metrics.ts';

/** What AWS counts of the parts of a stack: for how long messages wait, and what it refused for want of capacity. */
export type Pressure = {
  /** By the queue's name in `QueueDepth`. */
  queues: Map<string, QueueAge>;
  /** Requests that the gateway answered 429. */
  requests: Counted;
  /** Calls that Lambda refused, by function; empty for stacks that do not tell the names of theirs. */
  functions: Map<string, Counted>;
  /** Reads and writes that DynamoDB refused, by table, with its indexes. */
  tables: Map<string, Counted>;
};

export type QueueAge = {
  /** When its oldest message was sent. SQS passes over those that were received three times. */
  waitsSinceMs?: number;
  /** When what keeps coming back was delivered first, as its consumer tells. */
  returnsSinceMs?: number;
};

type Where = Pick<Environment, 'name' | 'outputs'>;

const queuesOf = ({ outputs }: Where) =>
  [
    ['events', outputs.EventsQueueUrl, 'EventsReturnedMs'],
    ['actions', outputs.ActionsQueueUrl, 'ActionsReturnedMs'],
    ['events dead-letter', outputs.EventsDeadLetterQueueUrl, undefined],
    ['actions dead-letter', outputs.ActionsDeadLetterQueueUrl, undefined],
  ] as const;

/** Indexes are throttled for themselves, and hold up the writes of their table. */
function tablesOf({ outputs }: Where): { name: TableName; dimensions: Record<string, string>[] }[] {
  return (Object.keys(tableDefinitions) as TableName[]).map((name) => {
    const TableName = outputs[`${name}Table`];
    const indexes = Object.keys(tableDefinitions[name].indexes);
    return {
      name,
      dimensions: [
        { TableName },
        ...indexes.map((GlobalSecondaryIndexName) => ({ TableName, GlobalSecondaryIndexName })),
      ],
    };
  });
}

/** `ingest:signalbox-production-Ingest… processor:…` */
function functionsOf({ outputs }: Where): [string, string][] {
  return (outputs.FunctionNames ?? '').split(' ').flatMap((text): [string, string][] => {
    const [name = '', deployed] = text.split(':');
    return deployed === undefined ? [] : [[name, deployed]];
  });
}

const minuteMs = 60_000;
/** A value of before says nothing of what waits now: AWS measures once a minute, and is three minutes late at most. */
const lateMs = 3 * minuteMs;
const ageFreshMs = () => minuteMs + lateMs;
/** What comes back is measured at each delivery, and the delays double: the next comes after about as long again. */
const returnedFreshMs = (value: number) => 1.25 * value + lateMs;

/** The queries, and what to make of their answers, which are by the minute. */
export function pressureOf(environment: Where, nowMs: number) {
  const sum = (namespace: string, name: string, dimensions: Record<string, string>): MetricQuery => ({
    namespace,
    name,
    dimensions,
    statistic: 'Sum',
  });
  const ages = queuesOf(environment).map(([queue, url, returned]) => ({
    queue,
    query: {
      namespace: 'AWS/SQS',
      name: 'ApproximateAgeOfOldestMessage',
      dimensions: { QueueName: url.split('/').at(-1) ?? '' },
      statistic: 'Maximum',
    } satisfies MetricQuery,
    returned:
      returned === undefined
        ? undefined
        : ({ ...countQuery(environment.name, { name: returned }), statistic: 'Maximum' } satisfies MetricQuery),
  }));
  const throttled = requestsThrottled(environment.name);
  const requests = sum(throttled.namespace, throttled.name, {});
  const functions = functionsOf(environment).map(
    ([name, FunctionName]) => [name, [sum('AWS/Lambda', 'Throttles', { FunctionName })]] as const,
  );
  const tables = tablesOf(environment).map(
    ({ name, dimensions }) =>
      [
        name,
        ['ReadThrottleEvents', 'WriteThrottleEvents'].flatMap((metric) =>
          dimensions.map((one) => sum('AWS/DynamoDB', metric, one)),
        ),
      ] as const,
  );
  const queries = [
    ...ages.flatMap(({ query, returned }) => (returned === undefined ? [query] : [query, returned])),
    requests,
    ...[...functions, ...tables].flatMap(([, ofOne]) => ofOne),
  ];
  return {
    queries,
    read(answers: readonly ValueByPeriod[]): Pressure {
      const of = new Map(queries.map((query, i) => [query, answers[i] ?? new Map<number, number>()]));
      const valuesOf = (query: MetricQuery) => of.get(query) ?? new Map<number, number>();
      const counted = (ofOne: readonly MetricQuery[]) => sumOf(added(ofOne.map(valuesOf)));
      const byName = (all: readonly (readonly [string, readonly MetricQuery[]])[]) =>
        new Map(all.map(([name, ofOne]) => [name, counted(ofOne)]));
      const age = ({ query, returned }: (typeof ages)[number]): QueueAge => {
        const waits = beginnings(newest(valuesOf(query)), 1000, nowMs, ageFreshMs);
        const returns = returned === undefined ? [] : beginnings(valuesOf(returned), 1, nowMs, returnedFreshMs);
        return {
          ...(waits.length > 0 && { waitsSinceMs: Math.min(...waits) }),
          ...(returns.length > 0 && { returnsSinceMs: Math.min(...returns) }),
        };
      };
      return {
        queues: new Map(ages.map((one) => [one.queue, age(one)])),
        requests: counted([requests]),
        functions: byName(functions),
        tables: byName(tables),
      };
    },
  };
}

function newest(values: ValueByPeriod): ValueByPeriod {
  const last = Math.max(...values.keys());
  return new Map([...values].filter(([startMs]) => startMs === last));
}

/** When what was measured began, by the measurements that still count. It had lasted for so long at the end of its minute. */
function beginnings(
  values: ValueByPeriod,
  unitMs: number,
  nowMs: number,
  freshMs: (valueMs: number) => number,
): number[] {
  return [...values]
    .map(([startMs, value]) => ({ atMs: Math.min(startMs + minuteMs, nowMs), valueMs: value * unitMs }))
    .filter(({ atMs, valueMs }) => valueMs > 0 && nowMs - atMs <= freshMs(valueMs))
    .map(({ atMs, valueMs }) => atMs - valueMs);
}
