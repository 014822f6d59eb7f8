import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { payloadBytesMax } from '../../shared/core/events/raw-event.ts';
import { actionsMessageBytesMax } from '../../shared/core/plan/actions-message.ts';
import { functionsOf, referred, resource, resourcesOf, templateOf } from './templates.ts';

const production = templateOf('production');
const functions = functionsOf(production);
const queues = resourcesOf(production, 'AWS::SQS::Queue');
const mainQueues = queues.filter(([, { Properties }]) => Properties.RedrivePolicy !== undefined);
const mappings = resourcesOf(production, 'AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => ({
  queue: referred(Properties.EventSourceArn),
  consumer: referred(Properties.FunctionName),
  properties: Properties,
}));

const deadLetterQueueOf = (queueId: string) =>
  referred(resource(production, queueId).Properties.RedrivePolicy.deadLetterTargetArn);

describe('queues', () => {
  test('F22 there are two, and each has a dead-letter queue that keeps messages longer than it does', () => {
    expect(mainQueues.map(([id]) => id).sort()).toEqual(['ActionsQueue', 'EventsQueue']);
    for (const [id, queue] of mainQueues) {
      const deadLetters = resource(production, deadLetterQueueOf(id)).Properties;
      expect(deadLetters.MessageRetentionPeriod).toBe(14 * 24 * 3600);
      expect(queue.Properties.MessageRetentionPeriod).toBeLessThan(deadLetters.MessageRetentionPeriod);
    }
  });

  test('F21 a message is delivered ten times before it is given up, so that a short outage parks nothing', () => {
    for (const [, queue] of mainQueues) expect(queue.Properties.RedrivePolicy.maxReceiveCount).toBe(10);
  });

  test('all take the largest message of this code, whatever AWS has as the default', () => {
    const largestBytes = (Math.max(payloadBytesMax, actionsMessageBytesMax) * 4) / 3 + 32 * 1024;
    expect(queues).toHaveLength(4);
    for (const [, { Properties }] of queues) {
      expect(Properties.MaximumMessageSize).toBe(1024 * 1024);
      expect(Properties.MaximumMessageSize).toBeGreaterThan(largestBytes);
    }
  });

  test('a dead-letter queue takes messages of its own queue alone', () => {
    for (const [id, queue] of mainQueues) {
      const policy = resource(production, deadLetterQueueOf(id)).Properties.RedriveAllowPolicy;
      expect(policy.redrivePermission).toBe('byQueue');
      expect(JSON.stringify(policy.sourceQueueArns)).toContain(`:${queue.Properties.QueueName}"`);
      expect(policy.sourceQueueArns).toHaveLength(1);
    }
  });

  test('are encrypted and refuse requests without TLS', () => {
    const policies = resourcesOf(production, 'AWS::SQS::QueuePolicy').map(([, { Properties }]) => Properties);
    for (const [id, queue] of queues) {
      expect(queue.Properties.SqsManagedSseEnabled).toBe(true);
      const policy = policies.find(({ Queues }) => referred(Queues[0]) === id);
      expect(policy?.PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'sqs:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    }
  });
});

describe('what consumes them', () => {
  test('each queue, dead letters too, has one consumer', () => {
    const consumers = Object.fromEntries(
      mappings.map(({ queue, consumer }) => [
        queue,
        Object.entries(functions).find(([, { id }]) => id === consumer)?.[0],
      ]),
    );
    expect(consumers).toEqual({
      EventsQueue: 'processor',
      ActionsQueue: 'workflow-trigger',
      EventsDeadLetterQueue: 'dead-letter',
      ActionsDeadLetterQueue: 'dead-letter',
    });
    expect(mappings).toHaveLength(4);
  });

  // Else a message is delivered a second time while it is still worked on, and before its claim's lease has ended.
  test('F20 a message stays invisible for six time-outs of its consumer and the batch window', () => {
    for (const { queue, consumer, properties } of mappings) {
      const timeout = resource(production, consumer).Properties.Timeout;
      expect(resource(production, queue).Properties.VisibilityTimeout).toBeGreaterThanOrEqual(
        6 * timeout + properties.MaximumBatchingWindowInSeconds,
      );
    }
  });

  test('only what failed of a batch is delivered again, on every queue', () => {
    for (const { properties } of mappings)
      expect(properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  test('batches are of up to ten and are not waited for', () => {
    for (const { properties } of mappings)
      expect(properties).toMatchObject({ BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
  });

  // Message groups are for standard queues: in a FIFO queue a group would be worked on one batch at a time. SQS sees a busy
  // group by its share of what is in flight, and not below 30 messages of it.
  test.each(environments)('queues of $name are fair between sources: standard, and enough in flight', (environment) => {
    const template = templateOf(environment.name);
    for (const [, { Properties }] of resourcesOf(template, 'AWS::SQS::Queue'))
      expect(Properties.FifoQueue).toBeUndefined();
    for (const [id] of mainQueues) {
      const [, mapping] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').find(
        ([, { Properties }]) => referred(Properties.EventSourceArn) === id,
      ) as [string, { Properties: { BatchSize: number; ScalingConfig: { MaximumConcurrency: number } } }];
      const { BatchSize, ScalingConfig } = mapping.Properties;
      expect(BatchSize * ScalingConfig.MaximumConcurrency).toBeGreaterThanOrEqual(50);
    }
  });

  // A consumer limited by reserved concurrency would be throttled, and throttled deliveries count towards giving up.
  test.each(environments)(
    'the poller limits how many batches are at work in $name, not the function',
    (environment) => {
      const template = templateOf(environment.name);
      const limits = Object.fromEntries(
        resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => [
          referred(Properties.EventSourceArn),
          Properties.ScalingConfig.MaximumConcurrency,
        ]),
      );
      const { processor, workflowTrigger, deadLetter } = environment.concurrency;
      expect(limits).toEqual({
        EventsQueue: processor,
        ActionsQueue: workflowTrigger,
        EventsDeadLetterQueue: deadLetter,
        ActionsDeadLetterQueue: deadLetter,
      });
      for (const [name, { properties }] of Object.entries(functionsOf(template)))
        if (name !== 'ingest') expect(properties.ReservedConcurrentExecutions).toBeUndefined();
    },
  );

  test('F26 workflow-trigger alone may send to the queue it is called from', () => {
    const loops = Object.entries(functions).map(([name, { properties }]) => [name, properties.RecursiveLoop]);
    expect(Object.fromEntries(loops)).toEqual({
      ingest: undefined,
      processor: undefined,
      'workflow-trigger': 'Allow',
      'dead-letter': undefined,
    });
  });
});

describe('functions', () => {
  test('have the memory and time that the local runtime and the benchmarks hold them to', () => {
    const sizes = Object.entries(functions).map(([name, { properties }]) => [
      name,
      [properties.MemorySize, properties.Timeout],
    ]);
    expect(Object.fromEntries(sizes)).toEqual({
      ingest: [1024, 10],
      processor: [512, 30],
      'workflow-trigger': [512, 60],
      'dead-letter': [512, 30],
      api: [1024, 28],
      'sender-page': [512, 10],
    });
  });

  test('run on Node 24 and arm64', () => {
    for (const { properties } of Object.values(functions))
      expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
  });

  test.each([
    ['ingest', 'ENVIRONMENT EVENTS_QUEUE_URL CONFIGURATION_TABLE SECRETS_PREFIX LOG_SHARDS'],
    [
      'processor',
      'ENVIRONMENT EVENTS_QUEUE_URL ACTIONS_QUEUE_URL CLAIMS_TABLE EVENT_LOG_TABLE CONFIGURATION_TABLE LOG_RETENTION_DAYS USERS_INDEX MAX_RECEIVE_COUNT',
    ],
    [
      'workflow-trigger',
      'ENVIRONMENT ACTIONS_QUEUE_URL CLAIMS_TABLE ACTION_LOG_TABLE WORKFLOW_RUNS_TABLE DIRECTORY_TABLE CONFIGURATION_TABLE SECRETS_PREFIX LOG_RETENTION_DAYS MAX_RECEIVE_COUNT',
    ],
    ['dead-letter', 'ENVIRONMENT CLAIMS_TABLE EVENT_LOG_TABLE ACTION_LOG_TABLE LOG_RETENTION_DAYS USERS_INDEX'],
    [
      'api',
      'ENVIRONMENT EVENTS_QUEUE_URL ACTIONS_QUEUE_URL CLAIMS_TABLE EVENT_LOG_TABLE ACTION_LOG_TABLE WORKFLOW_RUNS_TABLE DIRECTORY_TABLE CONFIGURATION_TABLE SECRETS_PREFIX SYNC_LIMITS LOG_SHARDS LOG_RETENTION_DAYS USERS_INDEX',
    ],
    ['sender-page', 'ENVIRONMENT EVENT_LOG_TABLE CONFIGURATION_TABLE LOG_SHARDS'],
  ])('%s is told exactly what it reads', (name, variables) => {
    const told = Object.keys(functions[name]?.properties.Environment.Variables);
    expect(told.sort()).toEqual([...variables.split(' '), 'NODE_OPTIONS'].sort());
  });

  // LOCAL is the local runtime's alone: no deployed function may think that it runs on a laptop.
  test.each(Object.keys(functions))('%s finds every variable that its handler asks for', (name) => {
    const handler = readFileSync(`functions/${name}/handler.ts`, 'utf8');
    const [, asked = ''] = /readEnvironment\(([^)]+)\)/.exec(handler) ?? [];
    const told = Object.keys(functions[name]?.properties.Environment.Variables);
    expect(
      asked
        .match(/[A-Z_]{3,}/g)
        ?.filter((variable) => variable !== 'LOCAL')
        .sort(),
    ).toEqual(told.filter((variable) => variable !== 'NODE_OPTIONS').sort());
    expect(told).not.toContain('LOCAL');
  });

  test('MAX_RECEIVE_COUNT is what the queues are set to, so that the last delivery is known as such', () => {
    for (const name of ['processor', 'workflow-trigger'])
      expect(functions[name]?.properties.Environment.Variables.MAX_RECEIVE_COUNT).toBe('10');
  });

  test('log as JSON, without a line per call by Lambda itself, into a log group that forgets', () => {
    for (const { properties } of Object.values(functions)) {
      expect(properties.LoggingConfig).toMatchObject({
        LogFormat: 'JSON',
        SystemLogLevel: 'WARN',
        ApplicationLogLevel: 'INFO',
      });
      const log = resource(production, referred(properties.LoggingConfig.LogGroup));
      expect(log.Properties.RetentionInDays).toBe(90);
    }
  });

  test('no log group is kept for ever', () => {
    for (const [, log] of resourcesOf(production, 'AWS::Logs::LogGroup'))
      expect(log.Properties.RetentionInDays).toBeGreaterThan(0);
  });
});
