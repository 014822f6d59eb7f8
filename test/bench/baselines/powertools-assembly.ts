import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleBaseline } from '../bundle.ts';

/**
 * The baseline of `pipeline` as a cloud assembly, so that the local runtime runs it exactly as it runs our stack: the
 * same emulators, the same pollers, the same number of workers, memory, batch size and visibility.
 */
export async function makePowertoolsAssembly(
  folder: string,
  { environment, idempotentActions }: { environment: string; idempotentActions: boolean },
): Promise<string> {
  for (const name of ['powertools-processor', 'powertools-trigger']) {
    const asset = join(folder, `asset.${name}`);
    mkdirSync(asset, { recursive: true });
    await bundleBaseline(name, asset);
  }
  const tableVariables = {
    IDEMPOTENCY_TABLE: { Ref: 'Idempotency' },
    EVENT_LOG_TABLE: { Ref: 'EventLog' },
    ACTION_LOG_TABLE: { Ref: 'ActionLog' },
    WORKFLOW_RUNS_TABLE: { Ref: 'WorkflowRuns' },
    USERS_TABLE: { Ref: 'Users' },
    ACTIONS_QUEUE_URL: { Ref: 'Actions' },
    IDEMPOTENT_ACTIONS: String(idempotentActions),
  };
  const template = {
    Resources: {
      Idempotency: table(['id']),
      EventLog: table(['pk', 'sk'], { users: ['user_bucket', 'sk'] }),
      ActionLog: table(['pk', 'sk']),
      WorkflowRuns: table(['pk', 'sk']),
      Users: table(['pk']),
      Events: queue(`${environment}-events`, 180),
      Actions: queue(`${environment}-actions`, 360),
      Processor: lambda('powertools-processor', 30, tableVariables),
      Trigger: lambda('powertools-trigger', 60, tableVariables),
      ProcessorSource: eventSource('Events', 'Processor'),
      TriggerSource: eventSource('Actions', 'Trigger'),
    },
    Outputs: {
      Environment: { Value: environment },
      EventsQueueUrl: { Value: { Ref: 'Events' } },
      EventLogTable: { Value: { Ref: 'EventLog' } },
      ActionLogTable: { Value: { Ref: 'ActionLog' } },
      WorkflowRunsTable: { Value: { Ref: 'WorkflowRuns' } },
      UsersTable: { Value: { Ref: 'Users' } },
    },
  };
  const artifact = { type: 'aws:cloudformation:stack', properties: { templateFile: 'baseline.template.json' } };
  writeFileSync(join(folder, 'baseline.template.json'), JSON.stringify(template));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts: { baseline: artifact } }));
  return folder;
}

function table(keys: string[], indexes: Record<string, string[]> = {}) {
  const attributes = new Set([...keys, ...Object.values(indexes).flat()]);
  const schema = (names: string[]) =>
    names.map((AttributeName, i) => ({ AttributeName, KeyType: i ? 'RANGE' : 'HASH' }));
  return {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: schema(keys),
      AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      ...(Object.keys(indexes).length > 0 && {
        GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, names]) => ({
          IndexName,
          KeySchema: schema(names),
          Projection: { ProjectionType: 'KEYS_ONLY' },
        })),
      }),
    },
  };
}

function queue(QueueName: string, VisibilityTimeout: number) {
  return { Type: 'AWS::SQS::Queue', Properties: { QueueName, VisibilityTimeout } };
}

function lambda(name: string, Timeout: number, Variables: Record<string, unknown>) {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Code: { S3Key: `${name}.zip` },
      MemorySize: 512,
      Timeout,
      Environment: { Variables: { ...Variables, POWERTOOLS_SERVICE_NAME: name, NODE_OPTIONS: '--enable-source-maps' } },
    },
  };
}

function eventSource(queue: string, consumer: string) {
  return {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
      FunctionName: { Ref: consumer },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    },
  };
}
