import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { builtFile } from '../../infra/build/build.js';
import { makeAwsJsonClient } from '../../infra/local/aws-json-client.ts';
import type { RuntimeEnvironment } from '../../infra/local/runtime.ts';

// Processes and workers start slowly on a busy machine.

const data = mkdtempSync(join(tmpdir(), 'signalbox-kill-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

async function start(): Promise<{ child: ChildProcess; environment: RuntimeEnvironment }> {
  const script = builtFile('test/local/fixtures/start-process.ts');
  const child = spawn(process.execPath, [script, data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, environment: JSON.parse(line) };
}

async function storedBodies({ endpoints, credentials, outputs }: RuntimeEnvironment): Promise<Set<string>> {
  const client = makeAwsJsonClient(endpoints.dynamodb, 'DynamoDB_20120810', credentials);
  const bodies = new Set<string>();
  let ExclusiveStartKey: object | undefined;
  do {
    const page = await client.call<{ Items: { body: { S: string } }[]; LastEvaluatedKey?: object }>('Scan', {
      TableName: outputs.RowsTable,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    });
    for (const { body } of page.Items) bodies.add(body.S);
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  client.close();
  return bodies;
}

/** What ingest counted, as the runtime answers for CloudWatch. */
async function acceptedCount({ endpoints, credentials }: RuntimeEnvironment): Promise<number> {
  const client = makeAwsJsonClient(endpoints.cloudwatch, 'GraniteServiceVersion20100801', credentials);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const Metric = {
    Namespace: 'Signalbox',
    MetricName: 'EventsAccepted',
    Dimensions: [{ Name: 'environment', Value: 'fixture' }],
  };
  const { MetricDataResults } = await client.call<{ MetricDataResults: { Values: number[] }[] }>('GetMetricData', {
    StartTime: nowSeconds - 600,
    EndTime: nowSeconds + 60,
    MetricDataQueries: [{ Id: 'accepted', MetricStat: { Metric, Period: 60, Stat: 'Sum' } }],
  });
  client.close();
  return (MetricDataResults[0]?.Values ?? []).reduce((sum, value) => sum + value, 0);
}

describe('kill -9', () => {
  test('loses nothing that was answered 2xx, neither event nor count, though it strikes twice in the middle of the work', async () => {
    const accepted = new Set<string>();
    let count = 0;
    for (const killAfter of [100, 100]) {
      const { child, environment } = await start();
      const target = accepted.size + killAfter;
      const sender = async () => {
        while (accepted.size < target) {
          const body = `event ${count++}`;
          const init = { method: 'POST', body, headers: { 'content-type': 'text/plain' } };
          const response = await fetch(`${environment.ingestUrl}/v1/sources/a/b`, init).catch(() => undefined);
          if (response?.status !== 200) return;
          accepted.add(body);
        }
        child.kill('SIGKILL');
      };
      await Promise.all([...Array.from({ length: 8 }, sender), once(child, 'exit')]);
    }
    expect(accepted.size).toBeGreaterThanOrEqual(200);

    const { environment } = await start();
    const missing = async () => {
      const stored = await storedBodies(environment);
      return [...accepted].filter((body) => !stored.has(body));
    };
    // What was in work when the process died is worked on at once, not after the queue's visibility timeout.
    for (const endsAtMs = Date.now() + 5_000; (await missing()).length > 0 && Date.now() < endsAtMs; );
    expect(await missing()).toEqual([]);
    // Never fewer than were answered; more by those whose answer the kill cut off, at most what was under way.
    const counted = await acceptedCount(environment);
    expect(counted).toBeGreaterThanOrEqual(accepted.size);
    expect(counted).toBeLessThanOrEqual(accepted.size + 2 * 8);
  });
});
