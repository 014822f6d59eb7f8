import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

export type TemplateValue = string | number | boolean | null | TemplateValue[] | { [key: string]: TemplateValue };
export type TemplateObject = { [key: string]: TemplateValue };

const TemplateValue: z.ZodType<TemplateValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(TemplateValue), z.record(z.string(), TemplateValue)]),
);

/** The parts of a CloudFormation template that run here. */
const Template = z.object({
  Parameters: z.record(z.string(), z.object({ Type: z.string(), Default: TemplateValue.optional() })).default({}),
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.record(z.string(), TemplateValue).default({}),
      Condition: z.string().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: TemplateValue })).default({}),
});
export type Template = z.infer<typeof Template>;

export type Stack = {
  name: string;
  /** The environment in the stack's output `Environment`. */
  environment: string;
  template: Template;
  /** Folder of the template's assets. */
  outdir: string;
  /** How CDK will deploy it. */
  deployment: {
    /** Whether it is protected from deletion. */
    terminationProtection: boolean;
    /** What `cdk bootstrap` has to have made. Absent: the stack needs nothing of it. */
    bootstrap?: { parameter: string; version: number };
  };
};

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z
        .object({
          templateFile: z.string().optional(),
          stackName: z.string().optional(),
          terminationProtection: z.boolean().optional(),
          requiresBootstrapStackVersion: z.number().optional(),
          bootstrapStackVersionSsmParameter: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

/**
 * The stacks that CDK synthesized into `outdir`.
 * @throws Error that names the file when it is not a cloud assembly, or a stack does not name its
 * environment
 */
export function readStacks(outdir: string): Stack[] {
  const manifest = readJson(Manifest, join(outdir, 'manifest.json'));
  return Object.entries(manifest.artifacts).flatMap(([id, { type, properties }]) => {
    if (type !== 'aws:cloudformation:stack') return [];
    const file = join(outdir, properties?.templateFile ?? `${id}.template.json`);
    const template = readJson(Template, file);
    const environment = template.Outputs.Environment?.Value;
    if (typeof environment !== 'string') throw new Error(`${file} has no output "Environment" with a plain name`);
    return [{ name: properties?.stackName ?? id, environment, template, outdir, deployment: deploymentOf(properties) }];
  });
}

function deploymentOf(properties: z.infer<typeof Manifest>['artifacts'][string]['properties']): Stack['deployment'] {
  const { requiresBootstrapStackVersion: version, bootstrapStackVersionSsmParameter: parameter } = properties ?? {};
  return {
    terminationProtection: properties?.terminationProtection ?? false,
    ...(version !== undefined && parameter !== undefined && { bootstrap: { parameter, version } }),
  };
}

function readJson<Schema extends z.ZodType>(schema: Schema, file: string): z.infer<Schema> {
  const read = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!read.success) throw new Error(`${file} cannot be read: ${z.prettifyError(read.error)}`);
  return read.data;
}

/**
 * A resource's answers to `Ref` and `Fn::GetAtt`; `undefined` for an attribute that it does not
 * have.
 */
export type ResourceNames = { ref: string; attribute(name: string): string | undefined };

export type Resolver = {
  stackName: string;
  region: string;
  accountId: string;
  parameters: Template['Parameters'];
  resources: ReadonlyMap<string, ResourceNames>;
};

// A property whose value is this is left out, as CloudFormation does with AWS::NoValue.
const noValue = Symbol('AWS::NoValue');
type Resolved = TemplateValue | typeof noValue;

/**
 * `value` with every intrinsic function replaced by its result here. CDK uses Ref, Fn::GetAtt,
 * Fn::Join and Fn::Sub; any other function is an error rather than a guess.
 */
export function resolve(value: TemplateValue, resolver: Resolver): TemplateValue {
  const resolved = resolveValue(value, resolver);
  return resolved === noValue ? null : resolved;
}

/** @throws Error when the result is not text */
export function resolveText(value: TemplateValue, resolver: Resolver): string {
  const resolved = resolve(value, resolver);
  if (typeof resolved !== 'string') throw new Error(`text expected, found ${JSON.stringify(resolved)}`);
  return resolved;
}

export function resolveObject(value: TemplateObject, resolver: Resolver): TemplateObject {
  return resolve(value, resolver) as TemplateObject;
}

function resolveValue(value: TemplateValue, resolver: Resolver): Resolved {
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, resolver)).filter((item) => item !== noValue);
  if (value === null || typeof value !== 'object') return value;
  const [name, argument] = Object.entries(value)[0] ?? [];
  if (name !== undefined && argument !== undefined && Object.keys(value).length === 1) {
    if (name === 'Ref') return resolveRef(argument, resolver);
    if (name === 'Fn::GetAtt') return resolveAttribute(argument, resolver);
    if (name === 'Fn::Join') return resolveJoin(argument, resolver);
    if (name === 'Fn::Sub') return resolveSub(argument, resolver);
    if (name.startsWith('Fn::')) throw new Error(`the template uses ${name}, which the local runtime does not know`);
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const resolved = resolveValue(item, resolver);
      return resolved === noValue ? [] : [[key, resolved]];
    }),
  );
}

function resolveRef(argument: TemplateValue, resolver: Resolver): Resolved {
  const name = String(argument);
  if (name === 'AWS::NoValue') return noValue;
  const { stackName, region, accountId, parameters, resources } = resolver;
  const pseudo = new Map<string, TemplateValue>([
    ['AWS::Region', region],
    ['AWS::AccountId', accountId],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', stackName],
    ['AWS::StackId', `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/local`],
    ['AWS::NotificationARNs', []],
  ]);
  const found = pseudo.get(name) ?? resources.get(name)?.ref;
  if (found !== undefined) return found;
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (parameter === undefined) throw new Error(`Ref names "${name}", which the template does not define`);
  if (parameter.Default === undefined) throw new Error(`parameter "${name}" has no default`);
  return parameter.Default;
}

function resolveAttribute(argument: TemplateValue, resolver: Resolver): string {
  // Written as a list, or as "LogicalId.Attribute" in one string.
  const [logicalId, ...rest] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
  const attribute = rest.join('.');
  const value = resolver.resources.get(logicalId ?? '')?.attribute(attribute);
  if (value === undefined) throw new Error(`Fn::GetAtt asks for ${logicalId}.${attribute}, which does not exist`);
  return value;
}

function resolveJoin(argument: TemplateValue, resolver: Resolver): string {
  const [separator, parts] = Array.isArray(argument) ? argument : [];
  const resolved = parts === undefined ? undefined : resolveValue(parts, resolver);
  if (typeof separator !== 'string' || !Array.isArray(resolved)) throw new Error('Fn::Join takes a text and a list');
  return resolved.join(separator);
}

function resolveSub(argument: TemplateValue, resolver: Resolver): string {
  const [text, variables] = Array.isArray(argument) ? argument : [argument];
  if (typeof text !== 'string') throw new Error('Fn::Sub takes a text');
  const own = variables !== null && typeof variables === 'object' && !Array.isArray(variables) ? variables : {};
  return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (whole, literal: string, name: string) => {
    // ${!Name} is how a template writes ${Name} itself.
    if (literal) return whole.replace('!', '');
    const variable = Object.hasOwn(own, name) ? own[name] : undefined;
    if (variable !== undefined) return String(resolveValue(variable, resolver));
    const isAttribute = name.includes('.') && !name.startsWith('AWS::');
    return String(isAttribute ? resolveAttribute(name, resolver) : resolveRef(name, resolver));
  });
}
