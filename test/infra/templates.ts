import type { Template } from 'aws-cdk-lib/assertions';
import { importOnce } from '../support/import-once.ts';
import type { TemplateOptions } from './synthesis.ts';

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

const { templateText } = await importOnce<typeof import('./synthesis.ts')>('test/infra/synthesis.ts');

/** The template of an environment, or of one like it. */
export function templateOf(
  name: string,
  changes: TemplateOptions['changes'] = {},
  context: TemplateOptions['context'] = {},
  workflows?: TemplateOptions['workflows'],
  expected?: TemplateOptions['expected'],
): StackTemplate {
  return JSON.parse(templateText(name, { changes, context, workflows, expected }));
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

export type Statement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: unknown };

export const listed = <Item>(one: Item | Item[]): Item[] => (Array.isArray(one) ? one : [one]);

/** A resource as text: logical ids of references, and the end of an ARN that is put together. */
export function named(value: unknown): string {
  if (typeof value === 'string') return value;
  const joined = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  if (joined === undefined) return referred(value);
  const last = String(joined[1].at(-1));
  return last.startsWith('/index/') ? `${referred(joined[1][0])}${last}` : last;
}

/** What a function may do, by resource. */
export function grantsOf(template: StackTemplate, name: string): Record<string, string[]> {
  const role = referred(functionsOf(template)[name]?.properties.Role);
  const grants: Record<string, string[]> = {};
  for (const [, { Properties }] of resourcesOf(template, 'AWS::IAM::Policy')) {
    if (!Properties.Roles.some((attached: unknown) => referred(attached) === role)) continue;
    for (const statement of Properties.PolicyDocument.Statement as Statement[]) {
      for (const target of listed(statement.Resource).map(named))
        grants[target] = [...(grants[target] ?? []), ...listed(statement.Action)].sort();
    }
  }
  return grants;
}
