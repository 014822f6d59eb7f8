import { CloudFormationClient, DescribeStacksCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { patientCalls } from '../../adapters/aws-calls.ts';
import type { ClientConfig } from '../environment.ts';

export type Caller = { account: string; arn: string };

export type DeployedStack = {
  status: string;
  /** CloudFormation's words about the status. */
  reason?: string;
  terminationProtection: boolean;
  outputs: Record<string, string>;
};

/** A resource that a stack holds. `name`: as CloudFormation knows it; of a queue, its URL. */
export type HeldResource = { logicalId: string; type: string; name: string };

/** Executions at once in an account and region. */
export type AccountConcurrency = { total: number; unreserved: number };

/** What a preflight reads of an account and region. Each call fails with the SDK's own error. */
export type AwsAccount = {
  /** As it was given, or as the shell's variables and the profile say. Absent: none is set. */
  region(): Promise<string | undefined>;
  caller(): Promise<Caller>;
  /** Absent: there is no such parameter. */
  parameter(name: string): Promise<string | undefined>;
  concurrency(): Promise<AccountConcurrency>;
  /** What is reserved for a function; 0 for none. */
  reservedFor(functionName: string): Promise<number>;
  /** Absent: there is none, or it is deleted. */
  stack(name: string): Promise<DeployedStack | undefined>;
  resourcesOf(stackName: string): Promise<HeldResource[]>;
  tableNames(): Promise<string[]>;
  /** Absent: there is no such queue. */
  queueUrl(name: string): Promise<string | undefined>;
  logGroupsBelow(prefix: string): Promise<string[]>;
  /** `deleted`: its deletion is scheduled, and its name is taken until then. */
  secret(name: string): Promise<'set' | 'deleted' | 'absent'>;
  close(): void;
};

/** Eight clients, which a command loads only when it needs this file. */
export function openAwsAccount(given: ClientConfig): AwsAccount {
  const sts = new STSClient({ ...patientCalls, ...given });
  const ssm = new SSMClient({ ...patientCalls, ...given });
  const lambda = new LambdaClient({ ...patientCalls, ...given });
  const cloudFormation = new CloudFormationClient({ ...patientCalls, ...given });
  const tables = new DynamoDBClient({ ...patientCalls, ...given });
  const queues = new SQSClient({ ...patientCalls, ...given });
  const logs = new CloudWatchLogsClient({ ...patientCalls, ...given });
  const secrets = new SecretsManagerClient({ ...patientCalls, ...given });
  return {
    // The SDK throws for nothing else.
    region: () => sts.config.region().catch(() => undefined),
    async caller() {
      const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
      return { account: Account, arn: Arn };
    },
    async parameter(Name) {
      const found = await unlessAbsent('ParameterNotFound', ssm.send(new GetParameterCommand({ Name })));
      return found?.Parameter?.Value;
    },
    async concurrency() {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
      return {
        total: AccountLimit?.ConcurrentExecutions ?? 0,
        unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? 0,
      };
    },
    async reservedFor(FunctionName) {
      const answer = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
      return answer.ReservedConcurrentExecutions ?? 0;
    },
    async stack(StackName) {
      // CloudFormation has no error of its own for a stack that is not there.
      const asked = cloudFormation.send(new DescribeStacksCommand({ StackName }));
      const [stack] = (await unlessAbsent('ValidationError', asked))?.Stacks ?? [];
      if (stack?.StackStatus === undefined || stack.StackStatus === 'DELETE_COMPLETE') return undefined;
      return {
        status: stack.StackStatus,
        ...(stack.StackStatusReason !== undefined && { reason: stack.StackStatusReason }),
        terminationProtection: stack.EnableTerminationProtection ?? false,
        outputs: Object.fromEntries((stack.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? ''])),
      };
    },
    resourcesOf: (StackName) =>
      allPages(async (NextToken) => {
        const page = await cloudFormation.send(new ListStackResourcesCommand({ StackName, NextToken }));
        const items = (page.StackResourceSummaries ?? []).flatMap((one) =>
          one.PhysicalResourceId === undefined || /^DELETE_(COMPLETE|SKIPPED)$/.test(one.ResourceStatus ?? '')
            ? []
            : [{ logicalId: one.LogicalResourceId ?? '', type: one.ResourceType ?? '', name: one.PhysicalResourceId }],
        );
        return { items, next: page.NextToken };
      }),
    tableNames: () =>
      allPages(async (ExclusiveStartTableName) => {
        const page = await tables.send(new ListTablesCommand({ ExclusiveStartTableName }));
        return { items: page.TableNames ?? [], next: page.LastEvaluatedTableName };
      }),
    async queueUrl(QueueName) {
      const found = await unlessAbsent('QueueDoesNotExist', queues.send(new GetQueueUrlCommand({ QueueName })));
      return found?.QueueUrl;
    },
    logGroupsBelow: (logGroupNamePrefix) =>
      allPages(async (nextToken) => {
        const page = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix, nextToken }));
        return { items: (page.logGroups ?? []).flatMap((one) => one.logGroupName ?? []), next: page.nextToken };
      }),
    async secret(SecretId) {
      const asked = secrets.send(new DescribeSecretCommand({ SecretId }));
      const found = await unlessAbsent('ResourceNotFoundException', asked);
      if (found === undefined) return 'absent';
      return found.DeletedDate === undefined ? 'set' : 'deleted';
    },
    close() {
      for (const client of [sts, ssm, lambda, cloudFormation, tables, queues, logs, secrets]) client.destroy();
    },
  };
}

/** Undefined when the call fails by the name that says so; any other failure stays one. */
async function unlessAbsent<Result>(name: string, call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && error.name === name) return undefined;
    throw error;
  }
}

async function allPages<Item>(
  read: (token: string | undefined) => Promise<{ items: Item[]; next: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await read(token);
    all.push(...items);
    token = next;
  } while (token !== undefined);
  return all;
}
