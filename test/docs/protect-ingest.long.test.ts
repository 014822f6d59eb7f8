import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

const root = new URL('../../', import.meta.url).pathname;

test('the example of docs/protect-ingest.md is a stack that limits each address and passes on what signatures cover', async () => {
  const page = readFileSync(`${root}docs/protect-ingest.md`, 'utf8');
  const example = /```ts\n(.*?)```/s.exec(page)?.[1] ?? '';
  const { outputFiles } = await build({
    stdin: {
      contents: `${example}\nconsole.log(JSON.stringify((stack.node.root as App).synth().getStackByName(stack.stackName).template));`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const script = outputFiles[0]?.text ?? '';
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: root });
  const { Resources } = JSON.parse(printed.toString()) as {
    Resources: Record<string, { Type: string; Properties: never }>;
  };
  const propertiesOf = (type: string) => Object.values(Resources).find(({ Type }) => Type === type)?.Properties;
  expect(propertiesOf('AWS::WAFv2::WebACL')).toMatchObject({
    Scope: 'CLOUDFRONT',
    DefaultAction: { Allow: {} },
    Rules: [
      {
        // Senders drop events at 403.
        Action: { Block: { CustomResponse: { ResponseCode: 429 } } },
        Statement: { RateBasedStatement: { AggregateKeyType: 'IP' } },
      },
    ],
  });
  expect(propertiesOf('AWS::CloudFront::Distribution')).toMatchObject({
    DistributionConfig: {
      WebACLId: { 'Fn::GetAtt': [expect.any(String), 'Arn'] },
      DefaultCacheBehavior: {
        AllowedMethods: expect.arrayContaining(['POST']),
        // CachingDisabled and AllViewerExceptHostHeader.
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      },
    },
  });
});
