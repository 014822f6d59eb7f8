import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { makeDocumentClient } from '../adapters/dynamodb.ts';
import type { ConfigurationTable } from '../adapters/dynamodb-configuration-table.ts';

/** What a stack says about itself; the local runtime says the same of the template it runs. */
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
  /** Stacks from before promotions were checked do not have it. */
  GrantedTargets: z.string().optional(),
  /** What the functions of the stack know. Stacks from before commits were checked do not have them. */
  KnownFormat: z.string().optional(),
  KnownKinds: z.string().optional(),
  KnownActions: z.string().optional(),
  KnownTargets: z.string().optional(),
  LogRetentionDays: z.coerce.number().int().positive(),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/** One environment, local or on AWS: where its parts are, and the clients that reach them. Every operation takes one. */
export type Environment = {
  name: string;
  /** `local`, or `AWS eu-central-1`. */
  where: string;
  local: boolean;
  outputs: StackOutputs;
  /** One per command; clients of services that not every command needs are made when asked for. */
  documents: DynamoDBDocumentClient;
  configuration: ConfigurationTable;
  queues(): Promise<SQSClient>;
  secrets(): Promise<SecretsManagerClient>;
  metrics(): Promise<CloudWatchClient>;
};

/** What AWS clients are made with; absent fields are as the SDK finds them. */
export type ClientConfig = {
  region?: string;
  profile?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
};

/** Where each service of a local environment listens. */
export type Endpoints = { dynamodb: string; sqs: string; secretsmanager: string; cloudwatch: string };

/** @param endpoints where the local runtime listens; absent: AWS */
export function openEnvironment(
  name: string,
  where: string,
  outputs: StackOutputs,
  config: ClientConfig,
  endpoints?: Endpoints,
): Environment {
  const documents = makeDocumentClient({ ...config, ...(endpoints && { endpoint: endpoints.dynamodb }) });
  return {
    name,
    where,
    local: endpoints !== undefined,
    outputs,
    documents,
    configuration: { client: documents, table: outputs.ConfigurationTable },
    async queues() {
      const { makeQueueClient } = await import('../adapters/sqs-queues.ts');
      return makeQueueClient({ ...config, ...(endpoints && { endpoint: endpoints.sqs }) });
    },
    async secrets() {
      const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
      return new SecretsManagerClient({ ...config, ...(endpoints && { endpoint: endpoints.secretsmanager }) });
    },
    async metrics() {
      const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch');
      return new CloudWatchClient({ ...config, ...(endpoints && { endpoint: endpoints.cloudwatch }) });
    },
  };
}
