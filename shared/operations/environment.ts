import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { patientCalls } from '../adapters/aws-calls.ts';
import { makeDocumentClient } from '../adapters/dynamodb.ts';
import type { ConfigurationTable } from '../adapters/dynamodb-configuration-table.ts';

/** A stack's outputs; the local runtime gives the same for the template that it runs. */
export const StackOutputs = z.object({
  Environment: z.string(),
  IngestUrl: z.string(),
  EventsQueueUrl: z.string(),
  ActionsQueueUrl: z.string(),
  EventsDeadLetterQueueUrl: z.string(),
  ActionsDeadLetterQueueUrl: z.string(),
  ClaimsTable: z.string(),
  EventLogTable: z.string(),
  ActionLogTable: z.string(),
  WorkflowRunsTable: z.string(),
  DirectoryTable: z.string(),
  ConfigurationTable: z.string(),
  SecretsPrefix: z.string(),
  LogShards: z.coerce.number().int().positive(),
  /** Older stacks do not have it. */
  GrantedTargets: z.string().optional(),
  /** What the stack's functions know. Older stacks do not have these outputs. */
  KnownFormat: z.string().optional(),
  KnownKinds: z.string().optional(),
  KnownActions: z.string().optional(),
  KnownTargets: z.string().optional(),
  KnownMarks: z.string().optional(),
  /** The code of its functions: `ingest:3f2a9c41d07b …`. Older stacks do not have it. */
  FunctionCode: z.string().optional(),
  /** What its functions are called: `ingest:signalbox-production-Ingest… …`. Older stacks do not have it. */
  FunctionNames: z.string().optional(),
  LogRetentionDays: z.coerce.number().int().positive(),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/**
 * One environment, local or on AWS: the addresses of its parts, and clients for them. Every
 * operation takes one.
 */
export type Environment = {
  name: string;
  /** `local`, or `AWS eu-central-1`. */
  where: string;
  local: boolean;
  outputs: StackOutputs;
  /** One per command. Clients that few commands need are made on demand. */
  documents: DynamoDBDocumentClient;
  configuration: ConfigurationTable;
  queues(): Promise<SQSClient>;
  secrets(): Promise<SecretsManagerClient>;
  metrics(): Promise<CloudWatchClient>;
};

/** Options of the AWS clients; the SDK finds absent ones itself. */
export type ClientConfig = {
  region?: string;
  profile?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
};

/** The address of each service of a local environment. */
export type Endpoints = { dynamodb: string; sqs: string; secretsmanager: string; cloudwatch: string };

/** @param endpoints addresses of the local runtime; absent: AWS */
export function openEnvironment(
  name: string,
  where: string,
  outputs: StackOutputs,
  config: ClientConfig,
  endpoints?: Endpoints,
): Environment {
  const documents = makeDocumentClient({
    ...patientCalls,
    ...config,
    ...(endpoints && { endpoint: endpoints.dynamodb }),
  });
  return {
    name,
    where,
    local: endpoints !== undefined,
    outputs,
    documents,
    configuration: { client: documents, table: outputs.ConfigurationTable },
    async queues() {
      const { makeQueueClient } = await import('../adapters/sqs-queues.ts');
      return makeQueueClient({ ...patientCalls, ...config, ...(endpoints && { endpoint: endpoints.sqs }) });
    },
    async secrets() {
      const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
      return new SecretsManagerClient({
        ...patientCalls,
        ...config,
        ...(endpoints && { endpoint: endpoints.secretsmanager }),
      });
    },
    async metrics() {
      const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch');
      return new CloudWatchClient({ ...patientCalls, ...config, ...(endpoints && { endpoint: endpoints.cloudwatch }) });
    },
  };
}
