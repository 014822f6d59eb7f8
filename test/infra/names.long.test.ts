import { describe, expect, test } from '@jest/globals';
import { specOf } from './kept-resources.ts';
import { resource, resourcesOf, type StackTemplate, templateOf } from './templates.ts';

const account = '123456789012';
type Deployed = { where: string; region: string; template: StackTemplate };

/** Their names are one list per account, or one for all accounts; those of other types are one list per region. */
const globalTypes = /^AWS::(IAM|CloudFront|Route53|S3)::|^AWS::CloudWatch::Dashboard$/;

/** Names that we chose, as AWS tells resources apart by them. What is named below another resource is not in it. */
function namesOf({ region, template }: Deployed): string[] {
  const resources = Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    const { primaryIdentifier = [], properties } = specOf(Type);
    if (primaryIdentifier.some((part) => typeof Properties[part] === 'object')) return [];
    return Object.entries(properties)
      .filter(([property, { causesReplacement }]) => causesReplacement === 'yes' && /Name$/.test(property))
      .filter(([property]) => typeof Properties[property] === 'string' && property !== 'StageName')
      .map(([property]) => `${globalTypes.test(Type) ? 'everywhere' : region} ${Type} ${Properties[property]}`);
  });
  const exported = Object.values(template.Outputs).flatMap((output) =>
    'Export' in output ? [`${region} export ${JSON.stringify(output.Export)}`] : [],
  );
  return [...resources, ...exported];
}

/** Every name that two of them would take. */
function collisions(deployed: Deployed[]): string[] {
  const owners = new Map<string, string>();
  return deployed.flatMap((one) =>
    namesOf(one).flatMap((name) => {
      const owner = owners.get(name);
      owners.set(name, one.where);
      return owner === undefined ? [] : [`${name}: of ${owner} and of ${one.where}`];
    }),
  );
}

/** Names that could be of another environment too: each that ends as another name of its type does. */
function ambiguous(one: Deployed, environment: string): string[] {
  const names = namesOf(one).flatMap((name) => {
    const at = name.indexOf(environment);
    return at < 0 ? [] : [{ name, start: name.slice(0, at), end: name.slice(at + environment.length) }];
  });
  return names.flatMap(({ name, start, end }) =>
    names
      .filter((other) => other.start === start && other.end !== end && end.endsWith(other.end))
      .map((other) => {
        const second = environment + end.slice(0, end.length - other.end.length);
        return `${name} is ${start.split(' ').at(-1)}…${other.end} of an environment ${second}`;
      }),
  );
}

function deployed(environment: string, region: string): Deployed {
  const template = templateOf('production', { name: environment }, { account, region });
  return { where: `${environment} in ${region}`, region, template };
}

describe('in one account', () => {
  // The name of one begins with the name of another.
  const names = ['x', 'x-rest', 'prod', 'prod-api', 'prod-eu'];
  const regions = ['eu-central-1', 'us-east-1'];
  const all = names.flatMap((name) => regions.map((region) => deployed(name, region)));

  test('environments, each in two regions, take no name of each other', () => {
    expect(all.flatMap(namesOf).length).toBeGreaterThan(all.length * 30);
    expect(collisions(all)).toEqual([]);
  });

  // Whatever the environments are called: `x` + `-rest-errors` would be `x-rest` + `-errors`.
  test('no name ends with the whole end of another one, so no second environment can take it', () => {
    expect(ambiguous(deployed('qqq', 'eu-central-1'), 'qqq')).toEqual([]);
  });

  test('an alarm whose name ends with the name of another would be seen', () => {
    const { template, ...rest } = deployed('qqq', 'eu-central-1');
    const changed = structuredClone(template);
    const [, alarm] = resourcesOf(changed, 'AWS::CloudWatch::Alarm')[0] ?? [];
    if (alarm !== undefined) alarm.Properties.AlarmName = 'signalbox-qqq-rest-api-errors';
    expect(ambiguous({ ...rest, template: changed }, 'qqq')).toEqual([
      'eu-central-1 AWS::CloudWatch::Alarm signalbox-qqq-rest-api-errors is signalbox-…-api-errors of an environment qqq-rest',
    ]);
  });

  test('the same environment twice in one region would be seen to collide', () => {
    const twice = [deployed('production', 'eu-central-1'), deployed('production', 'eu-central-1')];
    expect(collisions(twice)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('eu-central-1 AWS::SQS::Queue signalbox-production-events:'),
        expect.stringContaining('eu-central-1 AWS::SecretsManager::Secret signalbox/production/ingest:'),
        expect.stringContaining('eu-central-1 AWS::Logs::LogGroup /signalbox/production/ingest:'),
        expect.stringContaining('everywhere AWS::CloudWatch::Dashboard signalbox-production-eu-central-1:'),
      ]),
    );
  });

  // A role's name is one of the account: with ours, a second region could not be deployed.
  test('roles have names that CloudFormation chooses', () => {
    for (const { template } of all)
      for (const { Type, Properties } of Object.values(template.Resources))
        if (Type === 'AWS::IAM::Role') expect(Properties.RoleName).toBeUndefined();
  });

  test('what a stack may use is of its own region and account', () => {
    const text = JSON.stringify(all[0]?.template);
    expect(text).toContain(`:eu-central-1:${account}:`);
    expect(text).not.toContain('us-east-1');
    expect(JSON.stringify(resource(all[1]?.template as StackTemplate, 'EventsQueue'))).not.toContain('eu-central-1');
  });
});
