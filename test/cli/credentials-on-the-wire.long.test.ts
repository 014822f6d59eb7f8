import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type AwsCall, AwsFailure, startAws } from '../support/aws-wire.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';

/*
 * Commands on an environment of AWS whose services refuse the credentials, each in its own spelling. The SDK's clients send
 * real calls to a server that speaks the services' protocols.
 */

const home = mkdtempSync(join(tmpdir(), 'signalbox-wire-'));

const configuration = `
[profile keys]
region = eu-central-1
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = example
[profile role]
region = eu-central-1
role_arn = arn:aws:iam::123456789012:role/Operator
source_profile = keys
[profile never-signed-in]
sso_session = home
sso_account_id = 123456789012
sso_role_name = Operator
region = eu-central-1
[profile signed-out]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Operator
region = eu-central-1
[sso-session home]
sso_region = eu-central-1
sso_start_url = https://home.awsapps.com/start
[sso-session work]
sso_region = eu-central-1
sso_start_url = https://work.awsapps.com/start
`;

let aws: Awaited<ReturnType<typeof startAws>>;
let cli: WarmCli;

beforeAll(async () => {
  aws = await startAws(() => ({}));
  writeFileSync(join(home, 'config'), configuration);
  mkdirSync(join(home, '.aws/sso/cache'), { recursive: true });
  const token = { accessToken: 'revoked', expiresAt: '2040-01-01T00:00:00Z', region: 'eu-central-1' };
  const file = `${createHash('sha1').update('work').digest('hex')}.json`;
  writeFileSync(join(home, '.aws/sso/cache', file), JSON.stringify(token));
  cli = startWarmCli({
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: aws.url,
    SIGNALBOX_RUNTIME_FILE: join(home, 'none.json'),
  });
});
afterAll(async () => {
  cli.stop();
  await aws.stop();
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  aws.calls.length = 0;
});

const outputs = () => ({
  Environment: 'production',
  IngestUrl: 'https://abc.execute-api.eu-central-1.amazonaws.com',
  ...Object.fromEntries(
    ['Events', 'Actions', 'EventsDeadLetter', 'ActionsDeadLetter'].map((name) => [
      `${name}QueueUrl`,
      `${aws.url}/123456789012/${name}`,
    ]),
  ),
  ...Object.fromEntries(
    ['Claims', 'EventLog', 'ActionLog', 'WorkflowRuns', 'Directory', 'Configuration'].map((name) => [
      `${name}Table`,
      name,
    ]),
  ),
  SecretsPrefix: 'signalbox/production',
  LogShards: '1',
  LogRetentionDays: '90',
});

/** A stack as CloudFormation describes it. */
const stack = () => ({
  Stacks: [
    {
      StackName: 'signalbox-production',
      StackStatus: 'UPDATE_COMPLETE',
      CreationTime: '2026-11-01T00:00:00Z',
      Outputs: Object.entries(outputs()).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
    },
  ],
});

/** Every service but `service` does its part, with nothing in it. */
function refusing(service: string, failure: AwsFailure): void {
  aws.world.answer = (call: AwsCall) => {
    if (call.service === service) return failure;
    return call.service === 'cloudformation' ? stack() : {};
  };
}

const run = (args: string[], profile = 'keys') =>
  cli.run([...args, '--environment', 'production', '--profile', profile]);

const expired = 'The security token included in the request is expired';
const invalid = 'The security token included in the request is invalid.';
const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const late = 'Signature expired: 20261129T101500Z is now earlier than 20261129T103000Z (20261129T103500Z - 5 min.)';

const signInTo = (profile: string) => `aws sso login --profile ${profile}`;
const signIn = signInTo('keys');
const clock = 'the clock of this machine';
const keys = 'aws configure';

type Refused = [service: string, command: string[], code: string, message: string, next: string];

const refused: Refused[] = [
  ['cloudformation', ['events'], 'ExpiredToken', expired, signIn],
  ['cloudformation', ['events'], 'InvalidClientTokenId', invalid, signIn],
  ['cloudformation', ['events'], 'SignatureDoesNotMatch', mismatch, keys],
  ['cloudformation', ['events'], 'SignatureDoesNotMatch', late, clock],
  ['cloudformation', ['events'], 'RequestExpired', 'Request has expired.', clock],
  ['dynamodb', ['events'], 'ExpiredTokenException', expired, signIn],
  ['dynamodb', ['events'], 'UnrecognizedClientException', invalid, signIn],
  ['dynamodb', ['events'], 'InvalidSignatureException', mismatch, keys],
  ['dynamodb', ['events'], 'InvalidSignatureException', late, clock],
  ['secretsmanager', ['secrets', 'list'], 'ExpiredTokenException', expired, signIn],
  ['secretsmanager', ['secrets', 'list'], 'UnrecognizedClientException', invalid, signIn],
  ['monitoring', ['verify', '--since', '1h'], 'ExpiredTokenException', expired, signIn],
  ['monitoring', ['verify', '--since', '1h'], 'InvalidSignatureException', late, clock],
];

describe('credentials that a service refuses are a line in its words and the next step', () => {
  test.each(refused)('%s, asked by %j, answers %s: %s', async (service, command, code, message, next) => {
    refusing(service, new AwsFailure(code, message));
    const { code: exitCode, stdout, stderr } = await run(command);
    const [first, ...others] = stderr.trimEnd().split('\n');
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(first).toBe(`error: AWS does not accept the credentials (${code}): ${message}`);
    expect(others.join('\n')).toContain(next);
    expect(stderr).not.toMatch(/ at .*:\d+|bug in Signalbox/);
    expect(aws.calls.at(-1)?.service).toBe(service);
  });

  // SQS names its errors twice, for clients of its older protocol.
  test('sqs, asked by verify, with the older name of the error beside the new one', async () => {
    const headers = { 'x-amzn-query-error': 'ExpiredToken;Sender' };
    refusing('sqs', new AwsFailure('ExpiredTokenException', expired, { headers }));
    const { code, stderr } = await run(['verify', '--since', '1h']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: AWS does not accept the credentials \(ExpiredToken\w*\): The security token/);
    expect(stderr).toContain(signIn);
  });

  test('sts, asked for a role with keys that are no longer valid', async () => {
    refusing('sts', new AwsFailure('ExpiredToken', expired));
    const { code, stderr } = await run(['events'], 'role');
    expect(code).toBe(1);
    expect(stderr).toContain(`error: AWS does not accept the credentials (ExpiredToken): ${expired}`);
    expect(stderr).toContain(signInTo('role'));
  });

  test('sts, which denies the role', async () => {
    const message =
      'User: arn:aws:iam::123456789012:user/ada is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/Operator';
    refusing('sts', new AwsFailure('AccessDenied', message));
    const { code, stderr } = await run(['events'], 'role');
    expect(code).toBe(1);
    expect(stderr).toContain(`error: the AWS credentials do not allow this: ${message}`);
  });
});

describe('without a session of single sign-on, the SDK says so and how to begin one', () => {
  test('it never began', async () => {
    const { code, stderr } = await run(['events'], 'never-signed-in');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: no AWS credentials: .*SSO/);
    expect(stderr).toContain(signInTo('never-signed-in'));
    expect(aws.calls).toEqual([]);
  });

  test('it was ended elsewhere', async () => {
    aws.world.answer = () =>
      new AwsFailure('UnauthorizedException', 'Session token not found or invalid', { status: 401 });
    const { code, stderr } = await run(['events'], 'signed-out');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: no AWS credentials: .*SSO|^error: .*Session token not found or invalid/);
    expect(stderr).toContain(signInTo('signed-out'));
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['GetRoleCredentials']);
  });
});

// The SDK takes the time of AWS's answer and tries again: a clock that is wrong by minutes stops nobody.
test('a clock that is ten minutes late is corrected, and the command goes on', async () => {
  let refusals = 0;
  aws.world.answer = (call: AwsCall) => {
    if (call.service === 'cloudformation' && refusals++ === 0)
      return new AwsFailure('SignatureDoesNotMatch', late, {
        headers: { date: new Date(Date.now() + 10 * 60_000).toUTCString() },
      });
    return call.service === 'cloudformation' ? stack() : {};
  };
  const { code, stderr } = await run(['events']);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
});

test('workflow run names the environment on AWS, and starts nothing there unasked', async () => {
  aws.world.answer = ({ service }: AwsCall) => (service === 'cloudformation' ? stack() : {});
  const { code, stderr } = await run(['workflow', 'run', 'order-completed', '--recipient', 'user_42']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/not asked: run workflow order-completed for 1 recipient in production \(AWS eu-central-1\)/),
  ]);
  expect(stderr).toContain('--yes does it without a question');
  // Where git has no name, AWS is asked for the caller's.
  expect(aws.calls.map(({ service }) => service).filter((service) => service !== 'sts')).toEqual(['cloudformation']);
});
