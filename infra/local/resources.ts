import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { harmlessTypes, runningTypes } from './resource-types.ts';
import { GenerateSecretString } from './secret-string.ts';
import type { Resolver, ResourceNames, Stack, TemplateObject } from './template.ts';
import { resolve, resolveObject } from './template.ts';

/** What a stack asks this machine to run, with every name and address resolved. */
export type StackResources = {
  name: string;
  environment: string;
  queues: QueueResource[];
  tables: TableResource[];
  functions: FunctionResource[];
  eventSources: EventSourceResource[];
  routes: RouteResource[];
  secrets: SecretResource[];
  outputs: Record<string, string>;
  /** One line per resource that has no part in a local run, saying why. */
  skipped: string[];
};

export type QueueResource = { name: string; attributes: Record<string, string> };
export type TableResource = {
  name: string;
  /** What CreateTable takes. */
  definition: TemplateObject;
  /** Attribute that holds the epoch second after which an item may go. */
  timeToLive: string | undefined;
};
export type FunctionResource = {
  name: string;
  /** The bundle's main file. */
  file: string;
  /** Name of the export that is called. */
  handler: string;
  memoryMb: number;
  timeoutSeconds: number;
  reservedConcurrency: number | undefined;
  variables: Record<string, string>;
};
export type EventSourceResource = {
  queueArn: string;
  functionName: string;
  batchSize: number;
  windowSeconds: number;
  maximumConcurrency: number | undefined;
  reportsItemFailures: boolean;
};
export type RouteResource = { routeKey: string; functionName: string; timeoutMs: number };
export type SecretResource = {
  name: string;
  description: string | undefined;
  value: { text: string } | { generate: GenerateSecretString };
};

/** Addresses of what stands in for AWS on this machine. */
export type LocalAddresses = { queueUrl(name: string): string; gatewayUrl: string };

export const region = 'us-east-1';
export const accountId = '000000000000';

/**
 * What `stack` needs here.
 * @throws Error that names type and logical id for a resource that would be missed, and for one that cannot be read
 */
export function readResources(stack: Stack, addresses: LocalAddresses): StackResources {
  const resources = Object.entries(stack.template.Resources).map(([id, resource]) => ({ id, ...resource }));
  const skipped = resources.flatMap(({ id, Type, Condition }) => {
    const reason = harmlessTypes.get(Type);
    if (reason !== undefined) return [`${Type} ${id}: ${reason}`];
    if (!runningTypes.has(Type)) throw new Error(`${stack.name}: the local runtime cannot run ${Type} (${id})`);
    if (Condition !== undefined)
      throw new Error(`${stack.name}: ${Type} ${id} has a condition, which is not supported`);
    return [];
  });
  const resolver: Resolver = {
    stackName: stack.name,
    region,
    accountId,
    parameters: stack.template.Parameters,
    resources: new Map(
      resources.map(({ id, Type, Properties }) => [id, namesOf(stack, id, Type, Properties, addresses)]),
    ),
  };
  const each = <Result>(type: string, read: (properties: TemplateObject, names: ResourceNames, id: string) => Result) =>
    resources.flatMap(({ id, Type, Properties }) => {
      if (Type !== type) return [];
      try {
        return [read(resolveObject(Properties, resolver), resolver.resources.get(id) as ResourceNames, id)];
      } catch (error) {
        const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
        throw new Error(`${stack.name}: ${Type} ${id}: ${why}`, { cause: error });
      }
    });
  const functionOfIntegration = new Map(
    each('AWS::ApiGatewayV2::Integration', (p, { ref }) => [ref, readIntegration(p)]),
  );
  each('AWS::ApiGatewayV2::Stage', (properties) => Stage.parse(properties));
  each('AWS::ApiGatewayV2::Api', (properties) => Api.parse(properties));
  const outputs = Object.fromEntries(
    Object.entries(stack.template.Outputs).map(([name, { Value }]) => [name, String(resolve(Value, resolver))]),
  );
  return {
    name: stack.name,
    environment: stack.environment,
    skipped,
    queues: each('AWS::SQS::Queue', (p, names) => readQueue(p, names)),
    tables: each('AWS::DynamoDB::Table', (p, { ref }) => readTable(p, ref)),
    functions: each('AWS::Lambda::Function', (p, { ref }) => readFunction(p, ref, stack.outdir)),
    eventSources: each('AWS::Lambda::EventSourceMapping', readEventSource).flat(),
    routes: each('AWS::ApiGatewayV2::Route', (p) => readRoute(p, functionOfIntegration)),
    secrets: each('AWS::SecretsManager::Secret', readSecret),
    // A custom domain, where one is configured, leads to AWS; here every request comes in at the gateway.
    outputs: { ...outputs, ...(outputs.IngestUrl !== undefined && { IngestUrl: addresses.gatewayUrl }) },
  };
}

function namesOf(
  stack: Stack,
  id: string,
  type: string,
  properties: TemplateObject,
  at: LocalAddresses,
): ResourceNames {
  const given = (property: string) => {
    const value = properties[property];
    return typeof value === 'string' ? value : undefined;
  };
  const arn = (service: string, name: string) => `arn:aws:${service}:${region}:${accountId}:${name}`;
  const names = (ref: string, attributes: Record<string, string>): ResourceNames => ({
    ref,
    attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined),
  });
  const generated = `${stack.name}-${id}`;
  switch (type) {
    case 'AWS::SQS::Queue': {
      const name = given('QueueName') ?? generated;
      const url = at.queueUrl(name);
      return names(url, { Arn: arn('sqs', name), QueueName: name, QueueUrl: url });
    }
    case 'AWS::DynamoDB::Table': {
      const name = given('TableName') ?? generated;
      return names(name, { Arn: arn('dynamodb', `table/${name}`) });
    }
    case 'AWS::Lambda::Function': {
      const name = given('FunctionName') ?? generated;
      return names(name, { Arn: arn('lambda', `function:${name}`) });
    }
    case 'AWS::SecretsManager::Secret': {
      const name = given('Name') ?? generated;
      return names(arn('secretsmanager', `secret:${name}`), { Id: arn('secretsmanager', `secret:${name}`) });
    }
    case 'AWS::ApiGatewayV2::Api':
      return names(id.toLowerCase(), { ApiEndpoint: at.gatewayUrl, ApiId: id.toLowerCase() });
    default:
      // Resources that are not run are named plausibly, since texts such as policies and dashboards mention them.
      return { ref: generated, attribute: (name) => (name.endsWith('Arn') ? arn('local', generated) : generated) };
  }
}

const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

function readQueue(properties: TemplateObject, names: ResourceNames): QueueResource {
  const { QueueName: _, Tags: __, ...attributes } = properties;
  return {
    name: names.attribute('QueueName') as string,
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [
        name,
        value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
    ),
  };
}

const tableProperties = [
  'AttributeDefinitions',
  'KeySchema',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'BillingMode',
  'ProvisionedThroughput',
];
const TimeToLive = z.object({ AttributeName: z.string(), Enabled: z.boolean() });

function readTable(properties: TemplateObject, name: string): TableResource {
  const kept = Object.entries(properties).filter(([property]) => tableProperties.includes(property));
  const timeToLive = TimeToLive.optional().parse(properties.TimeToLiveSpecification);
  return {
    name,
    definition: { ...Object.fromEntries(kept), TableName: name },
    timeToLive: timeToLive?.Enabled ? timeToLive.AttributeName : undefined,
  };
}

const LambdaFunction = z.object({
  Handler: z.string().regex(/^[\w/-]+\.\w+$/),
  Runtime: z.string().startsWith('nodejs'),
  Code: z.object({ S3Key: z.string() }),
  // Defaults as in https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-common.html
  MemorySize: z.coerce.number().default(128),
  Timeout: z.coerce.number().default(3),
  ReservedConcurrentExecutions: z.coerce.number().optional(),
  Environment: z.object({ Variables: z.record(z.string(), Text).default({}) }).optional(),
});

function readFunction(properties: TemplateObject, name: string, outdir: string): FunctionResource {
  const { Handler, Code, MemorySize, Timeout, ReservedConcurrentExecutions, Environment } =
    LambdaFunction.parse(properties);
  const [module, handler] = Handler.split('.') as [string, string];
  // CDK names the archive after the asset's hash and leaves the directory that it would archive beside the template.
  const asset = join(outdir, `asset.${Code.S3Key.replace(/\.zip$/, '')}`);
  const file = ['mjs', 'js', 'cjs']
    .map((ending) => join(asset, `${module}.${ending}`))
    .find((path) => existsSync(path));
  if (file === undefined) throw new Error(`no ${module}.mjs, .js or .cjs in ${asset}`);
  return {
    name,
    file,
    handler,
    memoryMb: MemorySize,
    timeoutSeconds: Timeout,
    reservedConcurrency: ReservedConcurrentExecutions,
    variables: Environment?.Variables ?? {},
  };
}

const EventSourceMapping = z.object({
  EventSourceArn: z.string().startsWith('arn:aws:sqs:', 'only queues are supported as event sources'),
  FunctionName: z.string(),
  Enabled: z.boolean().default(true),
  BatchSize: z.coerce.number().default(10),
  MaximumBatchingWindowInSeconds: z.coerce.number().default(0),
  ScalingConfig: z.object({ MaximumConcurrency: z.coerce.number().optional() }).optional(),
  FunctionResponseTypes: z.array(z.string()).default([]),
});

function readEventSource(properties: TemplateObject): EventSourceResource[] {
  const source = EventSourceMapping.parse(properties);
  if (!source.Enabled) return [];
  const resource = {
    queueArn: source.EventSourceArn,
    functionName: nameFromArn(source.FunctionName),
    batchSize: source.BatchSize,
    windowSeconds: source.MaximumBatchingWindowInSeconds,
    maximumConcurrency: source.ScalingConfig?.MaximumConcurrency,
    reportsItemFailures: source.FunctionResponseTypes.includes('ReportBatchItemFailures'),
  };
  return [resource];
}

const Api = z.object({ ProtocolType: z.literal('HTTP') });
// Any other stage name would become part of every path.
const Stage = z.object({ StageName: z.literal('$default') });
const Integration = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  PayloadFormatVersion: z.literal('2.0'),
  IntegrationUri: z.string(),
  TimeoutInMillis: z.coerce.number().max(30_000).default(30_000),
});
const Route = z.object({ RouteKey: z.string(), Target: z.string().startsWith('integrations/') });

function readIntegration(properties: TemplateObject): { functionName: string; timeoutMs: number } {
  const { IntegrationUri, TimeoutInMillis } = Integration.parse(properties);
  return { functionName: nameFromArn(IntegrationUri), timeoutMs: TimeoutInMillis };
}

function readRoute(
  properties: TemplateObject,
  integrations: Map<string, { functionName: string; timeoutMs: number }>,
): RouteResource {
  const { RouteKey, Target } = Route.parse(properties);
  const integration = integrations.get(Target.slice('integrations/'.length));
  if (integration === undefined) throw new Error(`no integration ${Target}`);
  return { routeKey: RouteKey, ...integration };
}

/** `arn:aws:lambda:us-east-1:000000000000:function:name`, also inside the gateway's longer ARN, or a bare name. */
function nameFromArn(text: string): string {
  return /:function:([^:/]+)/.exec(text)?.[1] ?? text;
}

const Secret = z.object({
  Name: z.string(),
  Description: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: GenerateSecretString.optional(),
});

function readSecret(properties: TemplateObject): SecretResource {
  const secret = Secret.parse(properties);
  return {
    name: secret.Name,
    description: secret.Description,
    value:
      secret.SecretString === undefined
        ? { generate: secret.GenerateSecretString ?? GenerateSecretString.parse({}) }
        : { text: secret.SecretString },
  };
}
