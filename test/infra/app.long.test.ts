import { readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { buildApp } from '../../infra/app.ts';
import { environments } from '../../infra/environments.ts';
import { windowHoursMax } from '../../shared/core/configuration/retention.ts';
import { newOutdir } from './apps.ts';
import { functionsOf, resourcesOf, templateOf } from './templates.ts';

function namesOfStacks(options: Parameters<typeof buildApp>[0]): string[] {
  return buildApp({ outdir: newOutdir(), ...options }).node.children.flatMap((child) =>
    child.node.id.startsWith('signalbox-') ? [child.node.id] : [],
  );
}

const quick = { 'aws:cdk:bundling-stacks': [] };

describe('the app', () => {
  test('has one stack per environment, and all of them when none is chosen', () => {
    expect(namesOfStacks({ context: quick })).toEqual([
      'signalbox-development',
      'signalbox-staging',
      'signalbox-production',
    ]);
  });

  test('-c environment=NAME chooses one', () => {
    expect(namesOfStacks({ context: { ...quick, environment: 'staging' } })).toEqual(['signalbox-staging']);
  });

  test('an unknown environment is an error that names the known ones', () => {
    expect(() => namesOfStacks({ context: { ...quick, environment: 'prod' } })).toThrow(
      'there is no environment "prod"; there are: development, staging, production',
    );
  });

  // What a test or the local runtime sees must be the template that the CLI deploys.
  test('has the feature flags of cdk.json without the CLI too', () => {
    const flags = Object.entries(JSON.parse(readFileSync('cdk.json', 'utf8')).context);
    const app = buildApp({ environments: [], outdir: newOutdir() });
    expect(flags.length).toBeGreaterThan(50);
    for (const [flag, value] of flags) expect(app.node.tryGetContext(flag)).toEqual(value);
  });

  test('goes where the credentials point, unless the context or the list names an account and a region', () => {
    const environmentOf = (context: Record<string, unknown>) => {
      const app = buildApp({
        outdir: newOutdir(),
        environments: ['development'],
        context: { ...quick, ...context },
      });
      return app.synth().getStackByName('signalbox-development').environment;
    };
    expect(environmentOf({})).toMatchObject({ account: 'unknown-account', region: 'unknown-region' });
    expect(environmentOf({ account: '123456789012', region: 'eu-central-1' })).toMatchObject({
      account: '123456789012',
      region: 'eu-central-1',
    });
  });

  test('says so when the alarms of production have no recipient', () => {
    const print = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const messagesOf = (context: Record<string, unknown>) => {
      const app = buildApp({
        outdir: newOutdir(),
        environments: ['production'],
        context: { ...quick, ...context },
      });
      return app
        .synth()
        .getStackByName('signalbox-production')
        .messages.map(({ entry }) => String(entry.data));
    };
    expect(messagesOf({}).join()).toContain('No one hears the alarms');
    expect(messagesOf({ alarmEmail: 'on-call@example.com' })).toEqual([]);
    print.mockRestore();
  });
});

describe('outputs', () => {
  // The CLI and the local runtime find everything by these names.
  test.each(environments)('of $name are those that the CLI looks for', ({ name }) => {
    expect(Object.keys(templateOf(name).Outputs).sort()).toEqual([
      'ActionLogTable',
      'ActionsDeadLetterQueueUrl',
      'ActionsQueueUrl',
      'ClaimsTable',
      'ConfigurationTable',
      'DashboardUrl',
      'DirectoryTable',
      'Environment',
      'EventLogTable',
      'EventsDeadLetterQueueUrl',
      'EventsQueueUrl',
      'FunctionCode',
      'FunctionNames',
      'GrantedTargets',
      'IngestUrl',
      'KnownActions',
      'KnownFormat',
      'KnownKinds',
      'KnownMarks',
      'KnownTargets',
      'LogRetentionDays',
      'LogShards',
      'SecretsPrefix',
      'WorkflowRunsTable',
    ]);
    expect(templateOf(name).Outputs).toMatchObject({
      Environment: { Value: name },
      SecretsPrefix: { Value: `signalbox/${name}` },
      EventsQueueUrl: { Value: { Ref: 'EventsQueue' } },
      ActionsDeadLetterQueueUrl: { Value: { Ref: 'ActionsDeadLetterQueue' } },
      EventLogTable: { Value: { Ref: 'EventLog' } },
    });
  });
});

describe('environments', () => {
  test.each(environments)('$name is built as the list says', (environment) => {
    const template = templateOf(environment.name);
    const variables = functionsOf(template);
    const variable = (name: string, key: string) => variables[name]?.properties.Environment.Variables[key];
    expect(variable('ingest', 'LOG_SHARDS')).toBe(String(environment.logShards));
    for (const name of ['processor', 'workflow-trigger', 'dead-letter'])
      expect(variable(name, 'LOG_RETENTION_DAYS')).toBe(String(environment.logRetentionDays));
    for (const name of Object.keys(variables)) expect(variable(name, 'ENVIRONMENT')).toBe(environment.name);
    for (const [, log] of resourcesOf(template, 'AWS::Logs::LogGroup'))
      expect(log.Properties.RetentionInDays).toBe(environment.functionLogRetention);
    for (const [, table] of resourcesOf(template, 'AWS::DynamoDB::Table'))
      expect(table.Properties.DeletionProtectionEnabled).toBe(environment.protectData);
  });

  test('share nothing: no name of one appears in the template of another', () => {
    for (const { name } of environments) {
      const text = JSON.stringify(templateOf(name));
      for (const other of environments) if (other.name !== name) expect(text).not.toContain(other.name);
    }
  });

  test('keep to the limits of what they set', () => {
    for (const { logShards, concurrency, logRetentionDays } of environments) {
      expect(logShards).toBeGreaterThanOrEqual(1);
      expect(logShards).toBeLessThanOrEqual(32);
      // Whether a claim may be taken over is read from rows: they have to outlive every window.
      expect(logRetentionDays * 24).toBeGreaterThan(windowHoursMax);
      for (const limit of Object.values(concurrency)) {
        expect(limit).toBeGreaterThanOrEqual(2);
        expect(limit).toBeLessThanOrEqual(1000);
      }
    }
  });

  test('production alone keeps its data and its stack from being deleted', () => {
    expect(environments.filter(({ protectData }) => protectData).map(({ name }) => name)).toEqual(['production']);
  });
});
