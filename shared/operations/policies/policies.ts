import type { StackOutputs } from '../environment.ts';

/** Who works on an environment: looks, operates, answers requests of persons, or deploys it. */
export const policyNames = ['read', 'operate', 'privacy', 'deploy'] as const;
export type PolicyName = (typeof policyNames)[number];

export type IamStatement = { Sid: string; Effect: 'Allow'; Action: string[]; Resource: string[] };
export type IamPolicy = { Version: '2012-10-17'; Statement: IamStatement[] };

export type Place = { partition: string; region: string; account: string };

type Row = {
  sid: string;
  /** The policies that contain it. */
  of: readonly PolicyName[];
  actions: readonly string[];
  resources(outputs: StackOutputs, at: Place): string[];
};

const arn = (service: string, { partition, region, account }: Place, resource: string) =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;

const tablesOf = (outputs: StackOutputs) => [
  outputs.ClaimsTable,
  outputs.EventLogTable,
  outputs.ActionLogTable,
  outputs.WorkflowRunsTable,
  outputs.DirectoryTable,
  outputs.ConfigurationTable,
];

const indexed = (outputs: StackOutputs) => [outputs.EventLogTable, outputs.ActionLogTable, outputs.DirectoryTable];

const queueArn = (url: string, at: Place) => arn('sqs', at, url.split('/').at(-1) ?? '');

const queueArns = (outputs: StackOutputs, at: Place) =>
  [
    outputs.EventsQueueUrl,
    outputs.ActionsQueueUrl,
    outputs.EventsDeadLetterQueueUrl,
    outputs.ActionsDeadLetterQueueUrl,
  ].map((url) => queueArn(url, at));

const secretsBelow = ({ SecretsPrefix }: StackOutputs, at: Place) => [
  arn('secretsmanager', at, `secret:${SecretsPrefix}/*`),
];

/** Every call that commands make, by the policy that allows it. */
const rows: readonly Row[] = [
  {
    sid: 'FindTheStack',
    of: ['read', 'operate', 'privacy', 'deploy'],
    actions: ['cloudformation:DescribeStacks'],
    resources: ({ Environment }, at) => [arn('cloudformation', at, `stack/signalbox-${Environment}/*`)],
  },
  {
    sid: 'ReadTables',
    of: ['read', 'operate', 'privacy'],
    actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
    resources: (outputs, at) => tablesOf(outputs).map((table) => arn('dynamodb', at, `table/${table}`)),
  },
  {
    sid: 'ReadIndexes',
    of: ['read', 'operate', 'privacy'],
    actions: ['dynamodb:Query'],
    resources: (outputs, at) => indexed(outputs).map((table) => arn('dynamodb', at, `table/${table}/index/*`)),
  },
  {
    sid: 'SeeQueues',
    of: ['read', 'operate', 'privacy'],
    actions: ['sqs:GetQueueAttributes'],
    resources: (outputs, at) => queueArns(outputs, at),
  },
  // Neither has a permission per resource.
  {
    sid: 'ListSecretsAndCounts',
    of: ['read', 'operate', 'privacy'],
    actions: ['secretsmanager:ListSecrets', 'cloudwatch:GetMetricData'],
    resources: () => ['*'],
  },
  {
    sid: 'SeeSecrets',
    of: ['read', 'operate', 'privacy', 'deploy'],
    actions: ['secretsmanager:DescribeSecret'],
    resources: secretsBelow,
  },
  {
    sid: 'ChangeConfiguration',
    of: ['operate'],
    actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
    resources: ({ ConfigurationTable }, at) => [arn('dynamodb', at, `table/${ConfigurationTable}`)],
  },
  {
    // A forced replay notes the new event's id at the old one; a discard closes events and actions.
    sid: 'MarkEvents',
    of: ['operate'],
    actions: ['dynamodb:UpdateItem'],
    resources: ({ EventLogTable, ActionLogTable }, at) =>
      [EventLogTable, ActionLogTable].map((table) => arn('dynamodb', at, `table/${table}`)),
  },
  {
    // A released trigger is held no more, and neither is one whose runs were cancelled.
    sid: 'CancelAndReleaseRuns',
    of: ['operate'],
    actions: ['dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
    resources: ({ WorkflowRunsTable }, at) => [arn('dynamodb', at, `table/${WorkflowRunsTable}`)],
  },
  {
    // A trigger whose last run was cancelled has ended, and its row says so; jobs keep their events there.
    sid: 'WriteActionLog',
    of: ['operate'],
    actions: ['dynamodb:PutItem', 'dynamodb:BatchWriteItem'],
    resources: ({ ActionLogTable }, at) => [arn('dynamodb', at, `table/${ActionLogTable}`)],
  },
  {
    sid: 'Replay',
    of: ['operate'],
    actions: ['sqs:SendMessage'],
    resources: ({ EventsQueueUrl, ActionsQueueUrl }, at) =>
      [EventsQueueUrl, ActionsQueueUrl].map((url) => queueArn(url, at)),
  },
  {
    sid: 'DrainDeadLetters',
    of: ['operate'],
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
    resources: ({ EventsDeadLetterQueueUrl, ActionsDeadLetterQueueUrl }, at) =>
      [EventsDeadLetterQueueUrl, ActionsDeadLetterQueueUrl].map((url) => queueArn(url, at)),
  },
  {
    // What no version can read becomes a row, and so does a test run of a workflow.
    sid: 'WriteUnreadable',
    of: ['operate'],
    actions: ['dynamodb:PutItem', 'dynamodb:BatchWriteItem'],
    resources: ({ EventLogTable }, at) => [arn('dynamodb', at, `table/${EventLogTable}`)],
  },
  {
    sid: 'UseSecrets',
    of: ['operate'],
    actions: [
      'secretsmanager:GetSecretValue',
      'secretsmanager:CreateSecret',
      'secretsmanager:UpdateSecret',
      'secretsmanager:RestoreSecret',
    ],
    resources: secretsBelow,
  },
  {
    // The record of an erasure, and its job.
    sid: 'RecordErasures',
    of: ['privacy'],
    actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
    resources: ({ ConfigurationTable }, at) => [arn('dynamodb', at, `table/${ConfigurationTable}`)],
  },
  {
    sid: 'EraseFromLogs',
    of: ['privacy'],
    actions: ['dynamodb:PutItem'],
    resources: ({ EventLogTable, ActionLogTable }, at) =>
      [EventLogTable, ActionLogTable].map((table) => arn('dynamodb', at, `table/${table}`)),
  },
  {
    // Rows of runs and claims are deleted 25 to a call.
    sid: 'EraseFromRuns',
    of: ['privacy'],
    actions: ['dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem'],
    resources: ({ WorkflowRunsTable }, at) => [arn('dynamodb', at, `table/${WorkflowRunsTable}`)],
  },
  {
    sid: 'EraseFromDirectory',
    of: ['privacy'],
    actions: ['dynamodb:DeleteItem'],
    resources: ({ DirectoryTable }, at) => [arn('dynamodb', at, `table/${DirectoryTable}`)],
  },
  {
    sid: 'EraseClaims',
    of: ['privacy'],
    actions: ['dynamodb:BatchWriteItem'],
    resources: ({ ClaimsTable }, at) => [arn('dynamodb', at, `table/${ClaimsTable}`)],
  },
  // What `deploy check` looks at.
  {
    sid: 'CheckTheStack',
    of: ['deploy'],
    actions: ['cloudformation:ListStackResources'],
    resources: ({ Environment }, at) => [arn('cloudformation', at, `stack/signalbox-${Environment}/*`)],
  },
  {
    sid: 'CheckTheBootstrap',
    of: ['deploy'],
    actions: ['ssm:GetParameter'],
    resources: (_, at) => [arn('ssm', at, 'parameter/cdk-bootstrap/hnb659fds/version')],
  },
  // None has a permission per resource that serves a search.
  {
    sid: 'CheckTheAccount',
    of: ['deploy'],
    actions: ['lambda:GetAccountSettings', 'dynamodb:ListTables', 'logs:DescribeLogGroups'],
    resources: () => ['*'],
  },
  {
    sid: 'CheckReservedConcurrency',
    of: ['deploy'],
    actions: ['lambda:GetFunctionConcurrency'],
    resources: ({ Environment }, at) => [arn('lambda', at, `function:signalbox-${Environment}-Ingest*`)],
  },
  {
    sid: 'CheckQueues',
    of: ['deploy'],
    actions: ['sqs:GetQueueUrl'],
    resources: (outputs, at) => queueArns(outputs, at),
  },
  {
    sid: 'CheckConfiguration',
    of: ['deploy'],
    actions: ['dynamodb:GetItem', 'dynamodb:Query'],
    resources: ({ ConfigurationTable }, at) => [arn('dynamodb', at, `table/${ConfigurationTable}`)],
  },
  {
    // `cdk bootstrap` made these roles; CloudFormation does the rest with a role of its own.
    // https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    sid: 'DeployWithCdk',
    of: ['deploy'],
    actions: ['sts:AssumeRole'],
    resources: (_, { partition, region, account }) =>
      ['deploy', 'file-publishing', 'lookup'].map(
        (role) => `arn:${partition}:iam::${account}:role/cdk-hnb659fds-${role}-role-${account}-${region}`,
      ),
  },
];

/** A policy as IAM takes it, for one environment. */
export function policyFor(name: PolicyName, outputs: StackOutputs, place: Place): IamPolicy {
  return {
    Version: '2012-10-17',
    Statement: rows
      .filter(({ of }) => of.includes(name))
      .map(({ sid, actions, resources }) => ({
        Sid: sid,
        Effect: 'Allow',
        Action: [...actions],
        Resource: resources(outputs, place),
      })),
  };
}

/**
 * The policies that have an action; none for one that no command needs.
 * @param table a table's name, which has that of the template in it; absent: the action is enough
 */
export function policiesWith(action: string, table?: string): PolicyName[] {
  const same = (one: string) => one.toLowerCase() === action.toLowerCase();
  const fits = (row: Row) =>
    row.actions.some(same) && (table === undefined || tablesNamed(row).some((one) => table.includes(one)));
  return policyNames.filter((name) => rows.some((row) => row.of.includes(name) && fits(row)));
}

/** The tables of a row as the template names them. */
function tablesNamed({ resources }: Row): string[] {
  const byName = new Proxy({} as StackOutputs, { get: (_, output) => String(output).replace(/Table$/, '') });
  return resources(byName, { partition: '', region: '', account: '' }).flatMap((one) => one.split(':table/')[1] ?? []);
}

/** Account and region, which the address of a queue names; a local run has made-up ones. */
export function placeOf({ EventsQueueUrl }: StackOutputs): Place {
  const { hostname, pathname } = new URL(EventsQueueUrl);
  const region = /^sqs\.([a-z0-9-]+)\.amazonaws\./.exec(hostname)?.[1] ?? 'us-east-1';
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return { partition, region, account: pathname.split('/')[1] ?? '' };
}
