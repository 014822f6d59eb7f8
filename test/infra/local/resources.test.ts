import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventSource } from '../../../infra/local/resources/event-source.ts';
import { lambdaFunction } from '../../../infra/local/resources/function.ts';
import { integration } from '../../../infra/local/resources/integration.ts';
import { queue } from '../../../infra/local/resources/queue.ts';
import { route } from '../../../infra/local/resources/route.ts';
import { table } from '../../../infra/local/resources/table.ts';
import { readResources } from '../../../infra/local/stack-resources.ts';
import { readStacks, type Stack } from '../../../infra/local/template.ts';

const assembly = fileURLToPath(new URL('../../local/fixtures/assembly', import.meta.url));
const addresses = {
  queueUrl: (name: string) => `http://127.0.0.1:4566/000000000000/${name}`,
  gatewayUrl: 'http://127.0.0.1:3000',
};
const [fixture] = readStacks(assembly) as [Stack];

function withResource(id: string, resource: Stack['template']['Resources'][string]): Stack {
  const Resources = { ...fixture.template.Resources, [id]: resource };
  return { ...fixture, template: { ...fixture.template, Resources } };
}

describe('what a template asks this machine to run', () => {
  const resources = readResources(fixture, addresses);

  test('queues have their attributes as SQS takes them, and dead letters lead to the other queue', () => {
    const events = resources.of(queue).find(({ name }) => name === 'signalbox-fixture-events');
    expect(events?.attributes).toEqual({
      VisibilityTimeout: '2',
      SqsManagedSseEnabled: 'true',
      RedrivePolicy:
        '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:signalbox-fixture-EventsDeadLetters","maxReceiveCount":2}',
    });
  });

  test('tables have keys and indexes, and say which attribute ends an item', () => {
    const [rows] = resources.of(table);
    expect(rows).toMatchObject({ name: 'signalbox-fixture-Rows', timeToLive: 'expires_at' });
    expect(Object.keys(rows?.definition ?? {}).sort()).toEqual([
      'AttributeDefinitions',
      'BillingMode',
      'GlobalSecondaryIndexes',
      'KeySchema',
      'TableName',
    ]);
  });

  test('functions have the bundle, memory, timeout and variables of the template', () => {
    expect(resources.of(lambdaFunction).find(({ name }) => name === 'signalbox-fixture-Ingest')).toEqual({
      name: 'signalbox-fixture-Ingest',
      file: join(assembly, 'asset.ingest', 'index.mjs'),
      handler: 'handler',
      role: 'arn:aws:iam::000000000000:role/signalbox-fixture-IngestRole',
      memoryMb: 256,
      timeoutSeconds: 1,
      reservedConcurrency: undefined,
      logging: { format: 'JSON', level: undefined },
      variables: {
        ENVIRONMENT: 'fixture',
        EVENTS_QUEUE_URL: 'http://127.0.0.1:4566/000000000000/signalbox-fixture-events',
        SECRETS_PREFIX: 'signalbox/fixture',
      },
    });
  });

  test('event sources and routes name the functions that they call', () => {
    expect(resources.of(eventSource)).toEqual([
      {
        enabled: true,
        queueArn: 'arn:aws:sqs:us-east-1:000000000000:signalbox-fixture-events',
        functionName: 'signalbox-fixture-Consumer',
        batchSize: 10,
        windowSeconds: 0,
        maximumConcurrency: 5,
        reportsItemFailures: true,
      },
      {
        enabled: true,
        queueArn: 'arn:aws:sqs:us-east-1:000000000000:signalbox-fixture-EventsDeadLetters',
        functionName: 'signalbox-fixture-DeadLetter',
        batchSize: 10,
        windowSeconds: 0,
        maximumConcurrency: undefined,
        reportsItemFailures: false,
      },
    ]);
    const [{ id } = { id: '' }] = resources.of(integration);
    expect(resources.of(integration)).toEqual([{ id, functionName: 'signalbox-fixture-Ingest', timeoutMs: 30_000 }]);
    expect(resources.of(route)).toEqual([{ routeKey: 'ANY /v1/sources/{source}/{token}', integrationId: id }]);
  });

  test('outputs are what the CLI can use on this machine', () => {
    expect(resources.outputs).toEqual({
      Environment: 'fixture',
      IngestUrl: 'http://127.0.0.1:3000',
      EventsQueueUrl: 'http://127.0.0.1:4566/000000000000/signalbox-fixture-events',
      RowsTable: 'signalbox-fixture-Rows',
      SecretsPrefix: 'signalbox/fixture',
    });
  });

  test('an ingest URL on a custom domain is this machine all the same', () => {
    const Outputs = { ...fixture.template.Outputs, IngestUrl: { Value: 'https://events.example.com' } };
    const stack = { ...fixture, template: { ...fixture.template, Outputs } };
    expect(readResources(stack, addresses).outputs.IngestUrl).toBe('http://127.0.0.1:3000');
  });

  test('each resource that has no part in a local run is named with the reason', () => {
    expect(resources.skipped).toEqual([
      'AWS::Logs::LogGroup IngestLog: logs go to the terminal',
      'AWS::Lambda::Permission Permission: only the policies of roles are checked',
    ]);
  });

  test.each([
    ['a type that would be missed', { Type: 'AWS::Kinesis::Stream', Properties: {} }, /AWS::Kinesis::Stream \(Extra\)/],
    [
      'a type that CDK makes for a custom resource',
      { Type: 'Custom::Thing', Properties: {} },
      /Custom::Thing \(Extra\)/,
    ],
    [
      'a condition',
      { Type: 'AWS::SQS::Queue', Properties: {}, Condition: 'IsProd' },
      /AWS::SQS::Queue Extra .*condition/,
    ],
    [
      'a REST-style API',
      { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } },
      /AWS::ApiGatewayV2::Api Extra/,
    ],
    [
      'a named stage',
      { Type: 'AWS::ApiGatewayV2::Stage', Properties: { StageName: 'prod' } },
      /AWS::ApiGatewayV2::Stage Extra/,
    ],
    [
      'a function whose bundle is not there',
      {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Handler: 'index.handler',
          Role: 'arn:aws:iam::000000000000:role/r',
          Runtime: 'nodejs24.x',
          Code: { S3Key: 'gone.zip' },
        },
      },
      /AWS::Lambda::Function Extra: no index\.mjs.*asset\.gone/,
    ],
  ])('refuses %s, by type and logical id', (_, resource, message) => {
    expect(() => readResources(withResource('Extra', resource), addresses)).toThrow(message);
  });

  test('an event source that is switched off is not started', async () => {
    const { FromEvents } = fixture.template.Resources;
    const off = {
      ...FromEvents,
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { ...FromEvents?.Properties, Enabled: false },
    };
    const [first] = readResources(withResource('FromEvents', off), addresses).of(eventSource);
    const started: unknown[] = [];
    await eventSource.start(first as never, { addEventSource: (one: unknown) => started.push(one) } as never);
    expect([first?.enabled, started]).toEqual([false, []]);
  });
});

describe('reading a cloud assembly', () => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-assembly-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('a stack that does not say which environment it is, is named by its file', () => {
    mkdirSync(directory, { recursive: true });
    const artifacts = {
      other: { type: 'aws:cloudformation:stack', properties: { templateFile: 'other.template.json' } },
    };
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ artifacts }));
    writeFileSync(join(directory, 'other.template.json'), JSON.stringify({ Resources: {} }));
    expect(() => readStacks(directory)).toThrow(/other\.template\.json has no output "Environment"/);
  });
});
