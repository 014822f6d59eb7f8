import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../infra/cli/environment.ts';
import { explainError } from '../../infra/cli/errors.ts';
import { startWireServer } from '../support/wire-server.ts';

/*
 * What the CLI says when AWS cannot be asked. The SDK itself reads these profiles and a server that answers as AWS does.
 */

const home = mkdtempSync(join(tmpdir(), 'signalbox-credentials-'));
const before = { ...process.env };

const configuration = `
[profile expired-sso]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Operator
region = eu-central-1
[sso-session work]
sso_region = eu-central-1
sso_start_url = https://work.awsapps.com/start
sso_registration_scopes = sso:account:access
[profile keys]
region = eu-central-1
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = example
[profile with-mfa]
region = eu-central-1
role_arn = arn:aws:iam::123456789012:role/Operator
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/ada
`;

beforeAll(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  writeFileSync(join(home, 'config'), configuration);
  mkdirSync(join(home, '.aws/sso/cache'), { recursive: true });
  const token = { accessToken: 'old', expiresAt: '2020-01-01T00:00:00Z', region: 'eu-central-1' };
  const file = `${createHash('sha1').update('work').digest('hex')}.json`;
  writeFileSync(join(home, '.aws/sso/cache', file), JSON.stringify(token));
  Object.assign(process.env, {
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    SIGNALBOX_RUNTIME_FILE: join(home, 'none.json'),
  });
});
afterEach(() => {
  delete process.env.AWS_ENDPOINT_URL_CLOUDFORMATION;
});
afterAll(() => {
  process.env = before;
  rmSync(home, { recursive: true });
});

async function said(profile?: string, region = 'eu-central-1'): Promise<string> {
  const error = await connect({
    environment: 'production',
    ...(region !== '' && { region }),
    ...(profile !== undefined && { profile }),
  }).then(
    () => new Error('it connected'),
    (thrown: unknown) => thrown,
  );
  const refusal = explainError(error, profile);
  return [...(refusal?.lines ?? ['a bug']), ...(refusal?.remedies ?? [])].join('\n');
}

describe('without usable credentials the CLI gives the SDK’s words and the next step', () => {
  test('an SSO session that has expired', async () => {
    const text = await said('expired-sso');
    expect(text).toContain("To refresh this SSO session run 'aws sso login'");
    expect(text).toContain('aws sso login --profile expired-sso, then the same command again');
  });

  test('a profile that does not exist', async () => {
    const text = await said('nowhere');
    expect(text).toContain('profile "nowhere" gives none');
    expect(text).toContain('aws configure list-profiles');
  });

  test('a profile that does not exist, where nothing else sets a region either', async () => {
    const text = await said('nowhere', '');
    expect(text).toContain('no AWS region is set: profile "nowhere" has none, or does not exist');
    expect(text).toContain('aws configure list-profiles');
    expect(text).not.toContain('npx cdk deploy');
  });

  test('a profile that wants a second factor', async () => {
    const text = await said('with-mfa');
    expect(text).toContain('multi-factor authentication');
    expect(text).toContain('aws sts get-session-token');
  });

  test('no credentials at all: the stack cannot be looked for, and both ways to have one are named', async () => {
    const text = await said();
    expect(text).toContain('no AWS credentials were found');
    expect(text).toContain('npm start');
    expect(text).toContain('npx cdk deploy -c environment=production');
  });

  test.each([
    ['ExpiredToken', 'The security token included in the request is expired'],
    ['InvalidClientTokenId', 'The security token included in the request is invalid.'],
  ])('CloudFormation that answers %s', async (code, message) => {
    const server = await startWireServer();
    server.world.answer = (_, response) => {
      response.writeHead(403, { 'content-type': 'text/xml' });
      response.end(
        `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
      );
    };
    process.env.AWS_ENDPOINT_URL_CLOUDFORMATION = server.url;
    try {
      const text = await said('keys');
      expect(text).toContain(`AWS does not accept the credentials (${code}): ${message}`);
      expect(text).toContain('aws sso login --profile keys)');
    } finally {
      await server.stop();
    }
  });
});
