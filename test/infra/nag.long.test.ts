import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type App, Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { environmentNamed, environments, type PipelineEnvironment } from '../../infra/environments.ts';
import { PipelineStack } from '../../infra/pipeline-stack.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { emptyApp } from './apps.ts';

// With everything that is optional, so that nothing is left unchecked because no environment uses it yet.
const optional = {
  customDomain: {
    domainName: 'events.example.com',
    certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/1',
    hostedZone: { id: 'Z1', name: 'example.com' },
  },
} satisfies Partial<PipelineEnvironment>;

const made = new Map<string, App>();

function appOf(environment: PipelineEnvironment): App {
  const key = JSON.stringify(environment);
  const known = made.get(key);
  if (known !== undefined) return known;
  const app = emptyApp();
  made.set(key, app);
  const target = {
    type: 'step-functions',
    state_machine_arn: 'arn:aws:states:eu-central-1:123456789012:stateMachine:a',
  };
  const workflows = { a: WorkflowFile.parse({ name: 'a', target: { [environment.name]: target } }) };
  const expected = { a: { volume: { text: '0.2..5', low: 0.2, high: 5 } } };
  Template.fromStack(new PipelineStack(app, { ...environment, ...optional }, workflows, expected));
  return app;
}

/** One line for each error or warning that is not accepted: the rule, the construct and what is wrong. */
function findings(app: App): string[] {
  return [new AwsSolutionsChecks(app), new ServerlessChecks(app)].flatMap((pack) =>
    pack
      .validateScope(app)
      .violations.flatMap(({ ruleName, description, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}: ${description}`),
      ),
  );
}

/** Every accepted rule, with the construct that it is accepted for. */
function accepted(construct: IConstruct): { rule: string; path: string; reason: string }[] {
  const own = construct.node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>))
    .map(([id, reason]) => ({ rule: id.replace(/^Annotation::/, ''), path: construct.node.path, reason }));
  return [...own, ...construct.node.children.flatMap(accepted)];
}

afterEach(() => {
  jest.restoreAllMocks();
});

/** Each, and one with everything that is optional. */
const all: PipelineEnvironment[] = [
  ...environments,
  { ...environmentNamed('staging'), notify: { slack: true }, dailyStatement: true },
];

describe('cdk-nag, with the packs AwsSolutions and Serverless', () => {
  test.each(all)('finds nothing in $name that is not accepted with its reason', (environment) => {
    expect(findings(appOf(environment))).toEqual([]);
  });

  test('finds what is wrong: a queue that takes unencrypted calls and has no dead-letter queue', () => {
    const app = emptyApp();
    new Queue(new Stack(app, 'careless'), 'Queue');
    const at = 'careless/Queue/Resource';
    expect(findings(app).map((line) => line.split(':', 1)[0])).toEqual([
      `AwsSolutions-SQS3 at ${at}`,
      `AwsSolutions-SQS4 at ${at}`,
      `Serverless-SQSRedrivePolicy at ${at}`,
    ]);
  });

  // An acceptance that covers nothing would silently cover the next fault of its kind.
  test.each(all)('what is accepted in $name occurs, below the construct that it is accepted for', (environment) => {
    const app = appOf(environment);
    const acceptances = accepted(app);
    jest.spyOn(NagPack.prototype as unknown as { isAcknowledged(): boolean }, 'isAcknowledged').mockReturnValue(false);
    const all = findings(app);
    expect(acceptances.length).toBeGreaterThan(10);
    for (const { rule, path, reason } of acceptances) {
      expect(all.filter((line) => line.startsWith(`${rule} at ${path}/`))).not.toEqual([]);
      expect(reason).toMatch(/^[A-Z].{40,}\.$/);
    }
  });
});
