import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Roles } from './access/roles.ts';
import type { LocalCredentials } from './credentials.ts';
import { guardServer } from './guard.ts';
import { listen, readBody, stopServer } from './http-server.ts';
import type { MetricHistory } from './metric-history.ts';

export type MetricsApi = { endpoint: string; stop(): Promise<void> };

/** Where metrics are answered from, by the minute. */
export type MetricReader = Pick<MetricHistory, 'minutes'>;

/**
 * CloudWatch's GetMetricData for the metrics of a local run: sums and the highest, in any period of
 * whole minutes.
 */
export async function startMetricsApi(
  history: MetricReader,
  credentials: LocalCredentials,
  roles?: Roles,
): Promise<MetricsApi> {
  const server = createServer((request, response) => void answer(history, request, response));
  const guards = { credentials, ...(roles && { roles }), target: 'GraniteServiceVersion20100801' };
  // Metrics have no resources, so that a request says all that its permission depends on.
  guardServer(server, guards, { partitionKeyOf: () => undefined, secretArn: () => undefined });
  const port = await listen(server, 0);
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => stopServer(server) };
}

async function answer(history: MetricReader, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [status, body] = await run(history, request);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

async function run(history: MetricReader, request: IncomingMessage): Promise<[number, Record<string, unknown>]> {
  const name = String(request.headers['x-amz-target'] ?? '').replace(/^GraniteServiceVersion20100801\./, '');
  const body = await readBody(request, 4 * 1024 * 1024);
  if (name !== 'GetMetricData') return refusal('UnknownOperationException', `the local runtime has no ${name}`);
  try {
    // The SDK compresses longer requests to CloudWatch.
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body ?? '') : body;
    return [200, getMetricData(history, JSON.parse(text?.toString('utf8') || '{}'))];
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    return refusal('InvalidParameterValueException', message);
  }
}

function refusal(type: string, message: string): [number, Record<string, unknown>] {
  return [400, { __type: type, Message: message, message }];
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const GetMetricData = z
  .object({
    // Epoch seconds.
    StartTime: z.number(),
    EndTime: z.number(),
    NextToken: z.string().regex(/^\d+$/).optional(),
    MaxDatapoints: z.int().min(1).max(100_800).default(100_800),
    ScanBy: z.enum(['TimestampAscending', 'TimestampDescending']).default('TimestampDescending'),
    MetricDataQueries: z
      .array(
        z.object({
          Id: z.string().regex(/^[a-z]\w*$/),
          MetricStat: z.object({
            Metric: z.object({
              Namespace: z
                .string()
                .regex(
                  /^(Signalbox(\/\w+)?|AWS\/(SQS|DynamoDB|Lambda))$/,
                  'the local runtime has the namespaces Signalbox, AWS/SQS, AWS/DynamoDB and AWS/Lambda only',
                ),
              MetricName: z.string(),
              Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
            }),
            Period: z.int().min(60).multipleOf(60),
            Stat: z.enum(['Sum', 'Maximum'], 'the local runtime answers Sum and Maximum only'),
          }),
        }),
      )
      .min(1)
      .max(500),
  })
  .refine(({ StartTime, EndTime }) => StartTime < EndTime, 'StartTime must be before EndTime');

function getMetricData(history: MetricReader, request: unknown) {
  const { StartTime, EndTime, NextToken, MaxDatapoints, ScanBy, MetricDataQueries } = GetMetricData.parse(request);
  const ids = MetricDataQueries.map(({ Id }) => Id);
  if (new Set(ids).size < ids.length) throw new Error('the Ids of MetricDataQueries must differ');
  // All data points of the answer in one list; a page is a piece of it.
  const points = MetricDataQueries.flatMap(({ Id, MetricStat: { Metric, Period, Stat } }) => {
    const dimensions = Object.fromEntries(Metric.Dimensions.map(({ Name, Value }) => [Name, Value]));
    const range = { sinceMs: Math.floor(StartTime / 60) * 60_000, untilMs: EndTime * 1000 };
    const periods = new Map<number, number>();
    const metric = { namespace: Metric.Namespace, name: Metric.MetricName, dimensions };
    for (const { minuteMs, sum, max } of history.minutes(metric, range)) {
      const second = Math.floor(minuteMs / 1000 / Period) * Period;
      const before = periods.get(second);
      if (Stat === 'Sum') periods.set(second, (before ?? 0) + sum);
      else periods.set(second, Math.max(before ?? max, max));
    }
    const ofMetric = [...periods].map(([second, value]) => ({ Id, second, value }));
    return ScanBy === 'TimestampDescending' ? ofMetric.reverse() : ofMetric;
  });
  const from = Number(NextToken ?? 0);
  const page = points.slice(from, from + MaxDatapoints);
  const more = from + MaxDatapoints < points.length;
  return {
    Messages: [],
    MetricDataResults: MetricDataQueries.map(({ Id, MetricStat: { Metric } }) => ({
      Id,
      Label: Metric.MetricName,
      Timestamps: page.filter((point) => point.Id === Id).map(({ second }) => second),
      Values: page.filter((point) => point.Id === Id).map(({ value }) => value),
      StatusCode: more ? 'PartialData' : 'Complete',
    })),
    ...(more && { NextToken: String(from + MaxDatapoints) }),
  };
}
