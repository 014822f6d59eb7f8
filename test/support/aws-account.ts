import { type AwsCall, AwsFailure } from './aws-wire.ts';

/** An account and region as AWS describes it to who asks, with what a test puts there. */
export type ModelAccount = {
  account: string;
  caller: string;
  parameters: Record<string, string>;
  concurrency: { total: number; unreserved: number };
  /** By the name of the function. */
  reserved: Record<string, number>;
  stacks: Record<string, ModelStack>;
  tables: string[];
  /** Names. */
  queues: string[];
  logGroups: string[];
  /** By name. */
  secrets: Record<string, 'set' | 'deleted'>;
  /** What an operation answers instead. */
  refuses: Record<string, AwsFailure>;
};

export type ModelStack = {
  status: string;
  reason?: string;
  protected?: boolean;
  outputs?: Record<string, string>;
  resources?: { id: string; type: string; name: string; status?: string }[];
};

export function emptyAccount(account = '000000000000'): ModelAccount {
  return {
    account,
    caller: `arn:aws:iam::${account}:user/ada`,
    parameters: {},
    concurrency: { total: 1000, unreserved: 1000 },
    reserved: {},
    stacks: {},
    tables: [],
    queues: [],
    logGroups: [],
    secrets: {},
    refuses: {},
  };
}

/** Small, so that every list has several. */
const pageSize = 3;

/** The answers of `account` at the server with this address. */
export function answersOf(account: ModelAccount, url: () => string): (call: AwsCall) => object | AwsFailure {
  return (call) => account.refuses[call.operation] ?? answer(account, url(), call);
}

function answer(account: ModelAccount, url: string, { operation, input }: AwsCall): object | AwsFailure {
  switch (operation) {
    case 'GetCallerIdentity':
      return { UserId: 'AIDAEXAMPLE', Account: account.account, Arn: account.caller };
    case 'GetParameter': {
      const Value = account.parameters[String(input.Name)];
      if (Value === undefined) return new AwsFailure('ParameterNotFound', '');
      return { Parameter: { Name: input.Name, Type: 'String', Value, Version: 1 } };
    }
    case 'GetAccountSettings': {
      const { total, unreserved } = account.concurrency;
      return { AccountLimit: { ConcurrentExecutions: total, UnreservedConcurrentExecutions: unreserved } };
    }
    case 'GetFunctionConcurrency': {
      const reserved = account.reserved[String(input.FunctionName)];
      return reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved };
    }
    case 'DescribeStacks':
      return describeStack(account, String(input.StackName));
    case 'ListStackResources':
      return stackResources(account, String(input.StackName), input.NextToken);
    case 'ListTables': {
      const { items, isLast } = pageOf(
        account.tables,
        account.tables.indexOf(String(input.ExclusiveStartTableName)) + 1,
      );
      return { TableNames: items, ...(!isLast && { LastEvaluatedTableName: items.at(-1) }) };
    }
    case 'GetItem':
      return {};
    case 'GetQueueUrl':
      if (account.queues.includes(String(input.QueueName)))
        return { QueueUrl: `${url}/${account.account}/${input.QueueName}` };
      return new AwsFailure('QueueDoesNotExist', 'The specified queue does not exist.', {
        headers: { 'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender' },
      });
    case 'DescribeLogGroups': {
      const there = account.logGroups.filter((name) => name.startsWith(String(input.logGroupNamePrefix)));
      const { items, isLast, next } = pageOf(there, Number(input.nextToken ?? 0));
      return {
        logGroups: items.map((logGroupName) => ({ logGroupName })),
        ...(!isLast && { nextToken: String(next) }),
      };
    }
    case 'DescribeSecret': {
      const state = account.secrets[String(input.SecretId)];
      if (state === undefined)
        return new AwsFailure('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
      return { Name: input.SecretId, ...(state === 'deleted' && { DeletedDate: 1_790_000_000 }) };
    }
    default:
      return new AwsFailure('UnknownOperationException', operation);
  }
}

function describeStack({ stacks }: ModelAccount, name: string): object | AwsFailure {
  const stack = stacks[name];
  if (stack === undefined)
    return new AwsFailure('ValidationError', `Stack with id ${name} does not exist`, { status: 400 });
  const Outputs = Object.entries(stack.outputs ?? {}).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
  return {
    Stacks: [
      {
        StackName: name,
        StackStatus: stack.status,
        StackStatusReason: stack.reason,
        CreationTime: '2026-11-01T00:00:00Z',
        EnableTerminationProtection: stack.protected ?? false,
        Outputs,
      },
    ],
  };
}

function stackResources({ stacks }: ModelAccount, name: string, token: unknown): object {
  const { items, isLast, next } = pageOf(stacks[name]?.resources ?? [], Number(token ?? 0));
  return {
    StackResourceSummaries: items.map(({ id, type, name: PhysicalResourceId, status = 'CREATE_COMPLETE' }) => ({
      LogicalResourceId: id,
      ResourceType: type,
      PhysicalResourceId,
      ResourceStatus: status,
      LastUpdatedTimestamp: '2026-11-01T00:00:00Z',
    })),
    NextToken: isLast ? undefined : next,
  };
}

/** @param start position of the first item */
function pageOf<Item>(all: Item[], start: number): { items: Item[]; isLast: boolean; next: number } {
  const next = start + pageSize;
  return { items: all.slice(start, next), isLast: next >= all.length, next };
}
