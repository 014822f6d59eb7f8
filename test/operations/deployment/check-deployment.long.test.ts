import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { explainError } from '../../../infra/cli/errors.ts';
import { makeRoleAccess } from '../../../infra/local/access/role-access.ts';
import { openAwsAccount } from '../../../shared/operations/deployment/aws-account.ts';
import { checkDeployment, type DeploymentCheckResult } from '../../../shared/operations/deployment/check-deployment.ts';
import { commandsWith, type DeploymentCheck, type Finding } from '../../../shared/operations/deployment/finding.ts';
import { type PlannedStack, plannedStack } from '../../../shared/operations/deployment/planned-stack.ts';
import { configurationThere } from '../../../shared/operations/deployment/secrets-finding.ts';
import { StackOutputs } from '../../../shared/operations/environment.ts';
import { placeOf, policyFor } from '../../../shared/operations/policies/policies.ts';
import { awsRefusedBecause, cdkRefusedBecause, loadAwsClients } from '../../docs/aws-commands.ts';
import { loadCommands, refusedBecause } from '../../docs/cli-commands.ts';
import { templateOf } from '../../infra/templates.ts';
import { answersOf, emptyAccount, type ModelAccount } from '../../support/aws-account.ts';
import { AwsFailure, startAws } from '../../support/aws-wire.ts';

/*
 * The SDK's own clients ask a server that speaks AWS's protocols about an account in every state that a deploy can meet.
 */

const region = 'us-east-1';
const bootstrap = { parameter: '/cdk-bootstrap/hnb659fds/version', version: 6 };

function planned(name: 'development' | 'production'): PlannedStack {
  const stack = {
    name: `signalbox-${name}`,
    environment: name,
    terminationProtection: name === 'production',
    bootstrap,
  };
  return plannedStack(stack, templateOf(name));
}

/** Everything that any finding said to do. */
const steps = new Set<string>();

let aws: Awaited<ReturnType<typeof startAws>>;
let account: ModelAccount;

beforeAll(async () => {
  aws = await startAws(() => ({}));
  process.env.AWS_ENDPOINT_URL = aws.url;
});
afterAll(async () => {
  delete process.env.AWS_ENDPOINT_URL;
  await aws.stop();
});
beforeEach(() => {
  account = { ...emptyAccount(), parameters: { [bootstrap.parameter]: '30' } };
  aws.world.answer = answersOf(account, () => aws.url);
  aws.calls.length = 0;
});

async function check(
  name: 'development' | 'production' = 'production',
  change: Partial<PlannedStack> = {},
): Promise<DeploymentCheckResult> {
  const config = { region, credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' } };
  const asked = openAwsAccount(config);
  try {
    const result = await checkDeployment({ ...planned(name), ...change }, region, {
      account: asked,
      commands: commandsWith({}),
      configuration: (deployed) => configurationThere(name, deployed, config, files),
      explain: explainError,
    });
    for (const { next } of result.findings) for (const one of next) steps.add(one);
    return result;
  } finally {
    asked.close();
  }
}

/** A source that is verified and a workflow whose target signs: each needs a secret. */
const files = {
  snapshot: {
    sources: { stripe: { kind: 'stripe', mappings: [] } },
    workflows: { welcome: { target: { production: { type: 'http', url: 'https://example.com/hook' } } } },
    audiences: {},
  },
  seed: undefined,
} as never;

const secrets = {
  'signalbox/production/sources/stripe': 'set',
  'signalbox/production/targets/welcome': 'set',
} as const;

const outputs = (name: string) => ({
  Environment: name,
  IngestUrl: 'https://example.com',
  ...Object.fromEntries(
    planned('production').queues.map((queue) => {
      const [kind = '', dead] = [queue.split('-')[2], queue.endsWith('dead-letters')];
      const output = `${kind[0]?.toUpperCase()}${kind.slice(1)}${dead ? 'DeadLetter' : ''}QueueUrl`;
      return [output, `${aws.url}/000000000000/${queue}`];
    }),
  ),
  ...Object.fromEntries(planned('production').tables.map((id) => [`${id}Table`, `signalbox-${name}-${id}-AB12`])),
  SecretsPrefix: `signalbox/${name}`,
  LogShards: '4',
  LogRetentionDays: '90',
});

/** The stack as a deploy leaves it, with everything that it holds. */
function deploy(status = 'UPDATE_COMPLETE', isProtected = true): void {
  const { queues, logGroups, tables, secrets: named, reserved } = planned('production');
  const functions = Object.keys(reserved).map((id) => ({
    id,
    type: 'AWS::Lambda::Function',
    name: `signalbox-production-${id}-XYZ`,
  }));
  account.queues.push(...queues);
  account.logGroups.push(...logGroups);
  account.tables.push(...tables.map((id) => `signalbox-production-${id}-AB12`));
  for (const name of named) account.secrets[name] = 'set';
  Object.assign(account.secrets, secrets);
  for (const { name, id } of functions) account.reserved[name] = reserved[id] ?? 0;
  account.concurrency = { total: 1000, unreserved: 800 };
  account.stacks['signalbox-production'] = {
    status,
    protected: isProtected,
    outputs: outputs('production'),
    resources: [
      ...queues.map((name) => ({ id: name, type: 'AWS::SQS::Queue', name: `${aws.url}/000000000000/${name}` })),
      ...logGroups.map((name) => ({ id: name, type: 'AWS::Logs::LogGroup', name })),
      ...tables.map((id) => ({ id, type: 'AWS::DynamoDB::Table', name: `signalbox-production-${id}-AB12` })),
      ...named.map((name) => ({
        id: 'IngestKey',
        type: 'AWS::SecretsManager::Secret',
        name: `arn:aws:secretsmanager:${region}:000000000000:secret:${name}-a1B2c3`,
      })),
      ...functions,
    ],
  };
}

const of = ({ findings }: DeploymentCheckResult, check: DeploymentCheck) =>
  findings.filter((one) => one.check === check);
const levels = ({ findings }: DeploymentCheckResult) => findings.map(({ check, level }) => `${check} ${level}`);
const text = (findings: Finding[]) =>
  findings.map(({ found, right, next }) => [found, right, ...next].join('\n')).join('\n');

describe('an account that is ready', () => {
  test('for the first deploy: everything is fine, and the command creates the stack without its protection first', async () => {
    Object.assign(account.secrets, secrets);
    const result = await check();
    expect(levels(result)).toEqual([
      'credentials fine',
      'bootstrap fine',
      'stack fine',
      'leftovers fine',
      'concurrency fine',
      'secrets fine',
    ]);
    expect(result).toMatchObject({ ready: true, account: '000000000000', caller: account.caller });
    expect(of(result, 'stack')[0]?.next).toEqual([
      'npx cdk deploy -c environment=production -c firstDeploy=true',
      'npx cdk deploy -c environment=production',
    ]);
  });

  test('for an environment without protection one deploy is enough', async () => {
    expect(of(await check('development'), 'stack')[0]).toMatchObject({
      found: 'there is no stack signalbox-development yet',
      next: ['npx cdk deploy -c environment=development'],
    });
  });

  test('for an update: what the stack holds is its own, and what its functions reserve is theirs already', async () => {
    deploy();
    account.concurrency = { total: 400, unreserved: 200 };
    const result = await check();
    expect(levels(result).filter((one) => !one.endsWith('fine'))).toEqual([]);
    expect(of(result, 'stack')[0]?.next).toEqual([]);
  });

  test('nothing was changed: only reads were asked for', async () => {
    deploy();
    await check();
    expect(aws.calls.map(({ operation }) => operation).filter((name) => !/^(Get|Describe|List)/.test(name))).toEqual(
      [],
    );
  });
});

describe('credentials', () => {
  test.each([
    ['ExpiredToken', 'The security token included in the request is expired', 'aws sso login'],
    ['InvalidClientTokenId', 'The security token included in the request is invalid.', 'aws sso login'],
    ['SignatureDoesNotMatch', 'Signature expired: 20261129T101500Z is now earlier than …', 'the clock of this machine'],
  ])('that STS refuses with %s are shown in its words, and nothing else is asked', async (code, message, next) => {
    account.refuses.GetCallerIdentity = new AwsFailure(code, message);
    const result = await check();
    expect(result).toMatchObject({ ready: false, account: null, caller: null });
    expect(levels(result)).toEqual(['credentials blocks']);
    expect(text(result.findings)).toContain(message);
    expect(text(result.findings)).toContain(next);
    expect([...new Set(aws.calls.map(({ operation }) => operation))]).toEqual(['GetCallerIdentity']);
  });

  test('of another account than infra/environments.ts names block, and nothing else is asked', async () => {
    const result = await check('production', { account: '111122223333' });
    expect(levels(result)).toEqual(['credentials blocks']);
    expect(text(result.findings)).toContain('infra/environments.ts deploys production to account 111122223333');
    expect(aws.calls).toHaveLength(1);
  });
});

describe('the bootstrap of CDK', () => {
  test('that is missing blocks, and the command names account and region', async () => {
    account.parameters = {};
    const [finding] = of(await check(), 'bootstrap');
    expect(finding).toMatchObject({ level: 'blocks', next: ['npx cdk bootstrap aws://000000000000/us-east-1'] });
    expect(finding?.found).toContain(bootstrap.parameter);
  });

  test.each([
    ['5', 'blocks'],
    ['6', 'fine'],
    ['30', 'fine'],
    ['not a number', 'blocks'],
  ])('of version %s, where the template needs 6: %s', async (version, level) => {
    account.parameters = { [bootstrap.parameter]: version };
    expect(of(await check(), 'bootstrap')[0]?.level).toBe(level);
  });
});

describe('concurrency', () => {
  test('of a new account cannot be reserved: the quota to ask for, and what to leave out until then', async () => {
    account.concurrency = { total: 10, unreserved: 10 };
    const [finding] = of(await check(), 'concurrency');
    expect(finding).toMatchObject({ level: 'blocks' });
    expect(finding?.found).toContain('the template reserves 200');
    expect(finding?.next).toEqual([
      'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000',
      'until it is granted, leave ingestReservedConcurrency of production out of infra/environments.ts',
    ]);
  });

  // Lambda keeps 100 for all functions together.
  test.each([
    [{ total: 1000, unreserved: 300 }, 'fine'],
    [{ total: 1000, unreserved: 299 }, 'blocks'],
    [{ total: 300, unreserved: 300 }, 'advice'],
    [{ total: 299, unreserved: 299 }, 'blocks'],
  ])('%j for 200 reserved ones: %s', async (concurrency, level) => {
    account.concurrency = concurrency;
    expect(of(await check(), 'concurrency')[0]?.level).toBe(level);
  });

  test('that others have reserved blocks an update that reserves more, and the quota covers it', async () => {
    deploy();
    account.concurrency = { total: 1000, unreserved: 150 };
    account.reserved = {};
    const [finding] = of(await check(), 'concurrency');
    expect(finding?.level).toBe('blocks');
    expect(finding?.next[0]).toContain('--desired-value 1150');
  });

  test('that is less than the consumers use is advice where nothing is reserved', async () => {
    account.concurrency = { total: 10, unreserved: 10 };
    const [finding] = of(await check('development'), 'concurrency');
    expect(finding).toMatchObject({ level: 'advice', found: expect.stringContaining('use up to 14') });
  });
});

describe('a stack', () => {
  const statuses: [status: string, isProtected: boolean, level: string, next: string][] = [
    ['CREATE_COMPLETE', true, 'fine', ''],
    ['UPDATE_COMPLETE', true, 'fine', ''],
    ['IMPORT_COMPLETE', true, 'fine', ''],
    ['CREATE_COMPLETE', false, 'advice', 'npx cdk deploy -c environment=production'],
    ['UPDATE_ROLLBACK_COMPLETE', true, 'advice', 'aws cloudformation describe-stack-events'],
    ['REVIEW_IN_PROGRESS', false, 'fine', ''],
    ['ROLLBACK_COMPLETE', false, 'advice', 'npx cdk deploy -c environment=production -c firstDeploy=true'],
    ['ROLLBACK_COMPLETE', true, 'blocks', '--no-enable-termination-protection'],
    ['ROLLBACK_FAILED', false, 'blocks', 'aws cloudformation delete-stack --stack-name signalbox-production'],
    ['ROLLBACK_FAILED', true, 'blocks', '--no-enable-termination-protection'],
    ['CREATE_FAILED', false, 'blocks', 'aws cloudformation delete-stack --stack-name signalbox-production'],
    ['DELETE_FAILED', false, 'blocks', 'aws cloudformation delete-stack --stack-name signalbox-production'],
    ['UPDATE_FAILED', true, 'blocks', 'npx cdk rollback -c environment=production'],
    ['UPDATE_ROLLBACK_FAILED', true, 'blocks', 'npx cdk rollback -c environment=production'],
    ['CREATE_IN_PROGRESS', false, 'blocks', 'aws cloudformation wait stack-create-complete'],
    ['UPDATE_IN_PROGRESS', true, 'blocks', 'aws cloudformation wait stack-update-complete'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', true, 'blocks', 'aws cloudformation wait stack-update-complete'],
    ['UPDATE_ROLLBACK_IN_PROGRESS', true, 'blocks', 'aws cloudformation wait stack-rollback-complete'],
    ['DELETE_IN_PROGRESS', false, 'blocks', 'aws cloudformation wait stack-delete-complete'],
    ['A_STATUS_OF_LATER', true, 'unknown', 'aws cloudformation describe-stack-events'],
  ];

  test.each(statuses)('in %s (protected: %s): %s', async (status, isProtected, level, next) => {
    deploy(status, isProtected);
    const result = await check();
    const [finding] = of(result, 'stack');
    expect(finding).toMatchObject({ level, found: expect.stringContaining(status) });
    expect((finding?.next ?? []).join('\n')).toContain(next);
    expect(result.ready).toBe(level === 'fine' || level === 'advice');
  });

  test('says why, in the words of CloudFormation', async () => {
    deploy('ROLLBACK_COMPLETE', false);
    const stack = account.stacks['signalbox-production'];
    if (stack !== undefined) stack.reason = 'The following resource(s) failed to create: [EventsQueue].';
    expect(text(of(await check(), 'stack'))).toContain('failed to create: [EventsQueue]');
  });
});

describe('what an earlier stack left', () => {
  test('each name that is taken blocks, with the command that frees it', async () => {
    const { queues, logGroups } = planned('production');
    account.queues = [queues[0] ?? ''];
    account.logGroups = [logGroups[2] ?? '', '/signalbox/production/of-another-tool'];
    account.secrets = { ...secrets, 'signalbox/production/ingest': 'set' };
    const findings = of(await check(), 'leftovers');
    expect(findings.map(({ level }) => level)).toEqual(['blocks', 'blocks', 'blocks']);
    const said = text(findings);
    expect(said).toContain(`aws sqs delete-queue --queue-url ${aws.url}/000000000000/${queues[0]}`);
    expect(said).toContain(`aws logs delete-log-group --log-group-name ${logGroups[2]}`);
    expect(said).toContain('delete-secret --secret-id signalbox/production/ingest --force-delete-without-recovery');
    expect(said).toContain('docs/tear-down.md');
    expect(said).not.toContain('of-another-tool');
  });

  test('a secret that is scheduled for deletion keeps its name, and can be restored', async () => {
    account.secrets = { ...secrets, 'signalbox/production/ingest': 'deleted' };
    const said = text(of(await check(), 'leftovers'));
    expect(said).toContain('is scheduled for deletion, and keeps its name until then');
    expect(said).toContain('aws secretsmanager restore-secret --secret-id signalbox/production/ingest');
  });

  // CloudFormation gives the new one another name.
  test('a table is advice, since it holds what the new stack will not see', async () => {
    account.tables = ['a', 'b', 'c', 'd', 'signalbox-production-Directory-1A2B3C', 'z'];
    const findings = of(await check(), 'leftovers');
    expect(findings).toMatchObject([{ level: 'advice', found: expect.stringContaining('Directory-1A2B3C') }]);
    expect(text(findings)).toContain('docs/restore.md');
  });

  test('is not looked for among what is of an environment whose name begins with this one’s, or of other tools', async () => {
    account.tables = [
      'signalbox-production-eu-EventLog-1A2B',
      'signalbox-production-EventLog-copy',
      'signalbox-production',
    ];
    account.queues = ['signalbox-production-eu-events', 'signalbox-production'];
    account.logGroups = ['/signalbox/production-eu/ingest'];
    account.secrets = { ...secrets, 'signalbox/production-eu/ingest': 'set' };
    expect(of(await check(), 'leftovers')).toMatchObject([{ level: 'fine' }]);
  });

  test('is told from what the stack holds: a second table with a name of ours is of an earlier one', async () => {
    deploy();
    account.tables.push('signalbox-production-Claims-OLD1');
    expect(of(await check(), 'leftovers')).toMatchObject([
      { level: 'advice', found: expect.stringContaining('Claims-OLD1') },
    ]);
  });

  test('what a failed creation could not delete is held by its stack, and what it deleted is not', async () => {
    deploy('ROLLBACK_COMPLETE', false);
    const resources = account.stacks['signalbox-production']?.resources ?? [];
    for (const resource of resources) resource.status = 'DELETE_COMPLETE';
    const { queues, logGroups, tables } = planned('production');
    const count = queues.length + logGroups.length + tables.length + 1;
    expect(of(await check(), 'leftovers')).toHaveLength(count);
    for (const resource of resources) resource.status = 'DELETE_FAILED';
    expect(of(await check(), 'leftovers')).toMatchObject([{ level: 'fine' }]);
  });
});

describe('secrets', () => {
  test('that the files need and no one has set are advice, with the command for each', async () => {
    const [finding] = of(await check(), 'secrets');
    expect(finding).toMatchObject({ level: 'advice' });
    expect(finding?.found).toContain('needs 2 secrets that are not set: sources/stripe, targets/welcome');
    expect(finding?.next).toEqual([
      'npx signalbox secrets set sources/stripe --environment production',
      'npx signalbox secrets set targets/welcome --environment production',
    ]);
  });

  test('that are scheduled for deletion are restored', async () => {
    account.secrets = { ...secrets, 'signalbox/production/sources/stripe': 'deleted' };
    expect(of(await check(), 'secrets')[0]?.next).toEqual([
      'npx signalbox secrets restore sources/stripe --environment production',
    ]);
  });
});

describe('what AWS denies', () => {
  const denied = (action: string) =>
    `User: arn:aws:iam::000000000000:user/ada is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`;

  test.each([
    ['GetParameter', 'ssm:GetParameter', 'bootstrap'],
    ['GetAccountSettings', 'lambda:GetAccountSettings', 'concurrency'],
    ['ListTables', 'dynamodb:ListTables', 'leftovers'],
    ['DescribeLogGroups', 'logs:DescribeLogGroups', 'leftovers'],
    ['GetQueueUrl', 'sqs:GetQueueUrl', 'leftovers'],
  ] as const)('%s: that check is unknown, in AWS’s words, and the others are made', async (operation, action, name) => {
    account.refuses[operation] = new AwsFailure('AccessDeniedException', denied(action));
    const result = await check();
    expect(result.ready).toBe(false);
    expect(of(result, name)).toMatchObject([{ level: 'unknown', found: expect.stringContaining(denied(action)) }]);
    expect(text(of(result, name))).toContain(`npx signalbox policy deploy prints a policy that allows ${action}`);
    expect(result.findings.filter(({ level }) => level === 'unknown')).toHaveLength(1);
    expect(result.findings).toHaveLength(6);
  });

  test('a stack that cannot be described leaves open what is left over, rather than call its own parts that', async () => {
    deploy();
    account.refuses.DescribeStacks = new AwsFailure('AccessDenied', denied('cloudformation:DescribeStacks'));
    const result = await check();
    expect(of(result, 'stack')).toMatchObject([{ level: 'unknown' }]);
    expect(of(result, 'leftovers')).toEqual([]);
    expect(of(result, 'concurrency')).toEqual([]);
  });
});

test('findings begin with what blocks; what is fine comes last', async () => {
  account.parameters = {};
  account.concurrency = { total: 10, unreserved: 10 };
  account.queues = planned('production').queues.slice(0, 1);
  expect(levels(await check())).toEqual([
    'bootstrap blocks',
    'leftovers blocks',
    'concurrency blocks',
    'secrets advice',
    'credentials fine',
    'stack fine',
  ]);
});

test('commands repeat the profile and the region that the check was given', () => {
  const commands = commandsWith({ profile: 'prod', region: 'eu-central-1' });
  expect(commands.aws('sts get-caller-identity')).toBe(
    'aws sts get-caller-identity --profile prod --region eu-central-1',
  );
  expect(commands.cdk('deploy', 'staging', 'firstDeploy=true')).toBe(
    'npx cdk deploy -c environment=staging -c firstDeploy=true -c region=eu-central-1 --profile prod',
  );
  expect(commands.signalbox('secrets list', 'staging')).toBe(
    'npx signalbox secrets list --environment staging --profile prod --region eu-central-1',
  );
});

/** What a call asks of IAM: AWS's service authorization reference. */
const permissionOf: Record<string, (input: Record<string, unknown>) => [action: string, resource: string]> = {
  GetParameter: ({ Name }) => ['ssm:GetParameter', `arn:aws:ssm:${region}:000000000000:parameter${Name}`],
  GetAccountSettings: () => ['lambda:GetAccountSettings', '*'],
  GetFunctionConcurrency: ({ FunctionName }) => [
    'lambda:GetFunctionConcurrency',
    `arn:aws:lambda:${region}:000000000000:function:${FunctionName}`,
  ],
  DescribeStacks: ({ StackName }) => [
    'cloudformation:DescribeStacks',
    `arn:aws:cloudformation:${region}:000000000000:stack/${StackName}/id`,
  ],
  ListStackResources: ({ StackName }) => [
    'cloudformation:ListStackResources',
    `arn:aws:cloudformation:${region}:000000000000:stack/${StackName}/id`,
  ],
  ListTables: () => ['dynamodb:ListTables', '*'],
  GetItem: ({ TableName }) => ['dynamodb:GetItem', `arn:aws:dynamodb:${region}:000000000000:table/${TableName}`],
  GetQueueUrl: ({ QueueName }) => ['sqs:GetQueueUrl', `arn:aws:sqs:${region}:000000000000:${QueueName}`],
  DescribeLogGroups: () => ['logs:DescribeLogGroups', `arn:aws:logs:${region}:000000000000:log-group::log-stream:`],
  DescribeSecret: ({ SecretId }) => [
    'secretsmanager:DescribeSecret',
    `arn:aws:secretsmanager:${region}:000000000000:secret:${SecretId}-a1B2c3`,
  ],
};

test('the policy deploy allows every call of the check, and the check makes every call that it allows', async () => {
  deploy();
  await check();
  const there = StackOutputs.parse(outputs('production'));
  const document = policyFor('deploy', there, placeOf(there));
  const access = makeRoleAccess({
    arn: 'arn:aws:iam::000000000000:role/deploy',
    session: 'ben',
    policies: [{ name: 'deploy', document }],
  });
  // Anyone may ask who they are.
  const asked = aws.calls.filter(({ operation }) => operation !== 'GetCallerIdentity');
  const permissions = asked.map(({ operation, input }) => {
    const [action, resource] = permissionOf[operation]?.(input) ?? [operation, ''];
    return { action, resource, conditions: {} };
  });
  for (const permission of permissions)
    expect([permission, access.denied([permission])]).toEqual([permission, undefined]);
  const used = new Set(permissions.map(({ action }) => action));
  const allowed = document.Statement.flatMap(({ Action }) => Action);
  // Content that is live is read by a query as well; roles of the bootstrap are CDK's.
  expect(allowed.filter((action) => !used.has(action))).toEqual(['dynamodb:Query', 'sts:AssumeRole']);
});

// Last: it looks at what the tests above were told.
test('every command that a finding names is one that aws, cdk or this tool has, with its options', async () => {
  await loadAwsClients();
  await loadCommands();
  const refusedBy: [start: RegExp, refused: (command: string) => string | undefined][] = [
    [/^aws /, awsRefusedBecause],
    [/^npx cdk /, cdkRefusedBecause],
    [/^npx signalbox /, (command) => (command.startsWith('policy ') ? undefined : refusedBecause(command))],
  ];
  const commands = [...steps].flatMap((one) => {
    const [command = ''] = one.split(/, | prints /);
    return refusedBy.flatMap(([start, refused]) =>
      start.test(command) ? [[command, refused(command.replace(start, ''))]] : [],
    );
  });
  expect(commands.length).toBeGreaterThan(25);
  expect(commands.filter(([, because]) => because !== undefined)).toEqual([]);
});
