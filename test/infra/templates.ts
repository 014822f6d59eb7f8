import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { buildApp } from '../../infra/app.ts';
import { environmentNamed, type PipelineEnvironment } from '../../infra/environments.ts';
import { PipelineStack } from '../../infra/pipeline-stack.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { configFolder } from '../support/config.ts';

/** CDK gives templates without types; what a test reads of them, it asserts. */
type Untyped = ReturnType<Template['toJSON']>[string];

export type TemplateResource = {
  Type: string;
  Properties: Untyped;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  DependsOn?: string[];
};

export type StackTemplate = {
  Resources: Record<string, TemplateResource>;
  Outputs: Record<string, { Value: unknown }>;
};

// CDK's own rules take most of a synthesis; app.test.ts has the one test that is held to them.
process.env.CDK_VALIDATION = 'false';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-synth-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A new folder to synthesize into, gone after the tests. */
export function newOutdir(): string {
  return mkdtempSync(join(folder, 'out-'));
}

const usual = {
  // Bundling takes time and changes nothing that is asserted here.
  'aws:cdk:bundling-stacks': [],
  alarmEmail: 'on-call@example.com',
};

export function emptyApp(context: Record<string, unknown> = {}): App {
  return buildApp({
    outdir: newOutdir(),
    environments: [],
    context: { ...usual, ...context },
  });
}

// What runs go to in the files of this checkout is not what tests are about.
const { workflows } = readConfigurationFiles(configFolder).snapshot;
const made = new Map<string, StackTemplate>();

/** The template of an environment, or of one like it. */
export function templateOf(
  name: string,
  changes: Partial<PipelineEnvironment> = {},
  context: Record<string, unknown> = {},
): StackTemplate {
  const key = JSON.stringify([name, changes, Object.entries(context)]);
  let template = made.get(key);
  if (template === undefined) {
    const stack = new PipelineStack(emptyApp(context), { ...environmentNamed(name), ...changes }, workflows);
    template = Template.fromStack(stack).toJSON() as StackTemplate;
    made.set(key, template);
  }
  return template;
}

/** Resources of a type by logical id; never none, so that a test about them cannot pass on nothing. */
export function resourcesOf(template: StackTemplate, type: string): [string, TemplateResource][] {
  const found = Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
  if (found.length === 0) throw new Error(`the template has no ${type}`);
  return found;
}

/** The one resource of a type. */
export function only(template: StackTemplate, type: string): TemplateResource {
  const [first, ...others] = resourcesOf(template, type);
  if (first === undefined || others.length > 0) throw new Error(`the template has more than one ${type}`);
  return first[1];
}

export function resource(template: StackTemplate, logicalId: string): TemplateResource {
  const found = template.Resources[logicalId];
  if (found === undefined) throw new Error(`the template has no ${logicalId}`);
  return found;
}

/** The logical id that `{ Ref }` or `{ 'Fn::GetAtt': [id, …] }` names. */
export function referred(value: unknown): string {
  const reference = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  const id = reference.Ref ?? reference['Fn::GetAtt']?.[0];
  if (id === undefined) throw new Error(`not a reference: ${JSON.stringify(value)}`);
  return id;
}

/** Functions by their name in the repository, which their log group ends in. */
export function functionsOf(
  template: StackTemplate,
): Record<string, { id: string; properties: TemplateResource['Properties'] }> {
  return Object.fromEntries(
    resourcesOf(template, 'AWS::Lambda::Function').map(([id, { Properties }]) => {
      const log = resource(template, referred(Properties.LoggingConfig.LogGroup));
      return [String(log.Properties.LogGroupName).split('/').at(-1), { id, properties: Properties }];
    }),
  );
}
