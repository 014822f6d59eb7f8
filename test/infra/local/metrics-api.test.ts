import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openMetricHistory } from '../../../infra/local/metric-history.ts';
import { type MetricsApi, startMetricsApi } from '../../../infra/local/metrics-api.ts';
import { makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import { localCredentials } from '../../support/dynalite.ts';

const minute = Date.parse('2026-05-04T10:00:00Z');
const history = openMetricHistory(undefined);
let api: MetricsApi;
let client: CloudWatchClient;

beforeAll(async () => {
  api = await startMetricsApi(history, localCredentials.credentials);
  client = new CloudWatchClient({ endpoint: api.endpoint, ...localCredentials, maxAttempts: 1 });
  for (let i = 0; i < 5; i++) {
    const sets: Record<string, string>[] = [{ environment: 'test', source: 'stripe' }, { environment: 'test' }];
    for (const dimensions of sets) {
      const at = { unit: 'Count', dimensions, timeMs: minute + i * 60_000 };
      history.add([
        { ...at, name: 'EventsAccepted', values: [10 ** i] },
        { ...at, name: 'EventsUnanswered', values: [i] },
      ]);
    }
  }
});
afterAll(async () => {
  client.destroy();
  await api.stop();
});

const query = (change: Partial<NonNullable<MetricDataQuery['MetricStat']>> = {}, Id = 'a'): MetricDataQuery => ({
  Id,
  MetricStat: {
    Metric: {
      Namespace: 'Signalbox',
      MetricName: 'EventsAccepted',
      Dimensions: [
        { Name: 'environment', Value: 'test' },
        { Name: 'source', Value: 'stripe' },
      ],
    },
    Period: 60,
    Stat: 'Sum',
    ...change,
  },
});
const ask = (MetricDataQueries: MetricDataQuery[], change: Record<string, unknown> = {}) =>
  client.send(
    new GetMetricDataCommand({
      StartTime: new Date(minute),
      EndTime: new Date(minute + 300_000),
      MetricDataQueries,
      ...change,
    }),
  );

describe("CloudWatch's GetMetricData, asked by the SDK's client", () => {
  test('answers the sum of each minute, newest first', async () => {
    const { MetricDataResults } = await ask([query()]);
    expect(MetricDataResults).toEqual([
      {
        Id: 'a',
        Label: 'EventsAccepted',
        StatusCode: 'Complete',
        Timestamps: [4, 3, 2, 1, 0].map((i) => new Date(minute + i * 60_000)),
        Values: [10_000, 1_000, 100, 10, 1],
      },
    ]);
  });

  test('adds up longer periods, each named by its start', async () => {
    const { MetricDataResults } = await ask([query({ Period: 300 })], { ScanBy: 'TimestampAscending' });
    expect(MetricDataResults?.[0]).toMatchObject({ Timestamps: [new Date(minute)], Values: [11_111] });
  });

  test('hands out long answers in pages', async () => {
    const values: number[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ask([query(), query({}, 'b')], { MaxDatapoints: 3, NextToken });
      values.push(...(page.MetricDataResults ?? []).flatMap(({ Values }) => Values ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(values).toHaveLength(10);
    expect(values.reduce((sum, value) => sum + value)).toBe(22_222);
  });

  test('answers the highest value of a period, and metrics of other namespaces for themselves', async () => {
    const dimensions = { QueueName: 'events' };
    const at = { namespace: 'AWS/SQS', name: 'EventsAccepted', unit: 'Seconds', dimensions };
    history.add([{ ...at, timeMs: minute, values: [7, 2] }]);
    history.add([{ ...at, timeMs: minute + 60_000, values: [3] }]);
    const Dimensions = [{ Name: 'QueueName', Value: 'events' }];
    const Metric = { Namespace: 'AWS/SQS', MetricName: 'EventsAccepted', Dimensions };
    const of = async (Stat: string) =>
      (await ask([query({ Metric, Stat, Period: 300 })])).MetricDataResults?.[0]?.Values;
    expect([await of('Maximum'), await of('Sum')]).toEqual([[7], [12]]);
  });

  test('refuses by name what it does not have', async () => {
    await expect(ask([query({ Stat: 'Average' })])).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('Sum and Maximum only'),
    });
    const Metric = { Namespace: 'AWS/EC2', MetricName: 'CPUUtilization' };
    await expect(ask([query({ Metric })])).rejects.toThrow('has the namespaces Signalbox');
    await expect(ask([query(), query()])).rejects.toThrow('must differ');
    await expect(ask([query()], { EndTime: new Date(minute) })).rejects.toThrow('before EndTime');
  });
});

describe('counts of accepted events', () => {
  const range = { sinceMs: minute, untilMs: minute + 120_000, periodSeconds: 60 };

  test('are read per source, and for the environment last', async () => {
    const counts = makeAcceptedCounts(client, 'test');
    const [stripe, segment, all] = await counts.read(['stripe', 'segment'], range);
    expect(stripe?.accepted).toEqual(
      new Map([
        [minute, 1],
        [minute + 60_000, 10],
      ]),
    );
    expect(stripe?.unansweredMax.get(minute + 60_000)).toBe(1);
    expect(segment?.accepted.size).toBe(0);
    expect(all?.accepted).toEqual(stripe?.accepted);
    expect(counts.metricsRead()).toBe(6);
  });

  test('are read for hundreds of sources, in several requests that the client compresses', async () => {
    const sources = [...Array.from({ length: 399 }, (_, i) => `source-${i}`), 'stripe'];
    const read = await makeAcceptedCounts(client, 'test').read(sources, range);
    expect(read).toHaveLength(401);
    expect(read[399]?.accepted.get(minute + 60_000)).toBe(10);
    expect(read[400]?.accepted.get(minute + 60_000)).toBe(10);
  });
});
