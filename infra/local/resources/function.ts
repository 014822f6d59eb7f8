import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { arnOf, nameGiven, namesOf, type ResourceType } from './resource-type.ts';

export type FunctionResource = {
  name: string;
  /** The bundle's main file. */
  file: string;
  /** Name of the export that is called. */
  handler: string;
  /** ARN of the role that it acts with. */
  role: string;
  memoryMb: number;
  timeoutSeconds: number;
  reservedConcurrency: number | undefined;
  /** Lambda's runtime client writes console calls so, and leaves out those below the level. */
  logging: { format: 'JSON' | 'Text'; level: string | undefined };
  variables: Record<string, string>;
};

const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const Properties = z.object({
  Role: z.string(),
  Handler: z.string().regex(/^[\w/-]+\.\w+$/),
  Runtime: z.string().startsWith('nodejs'),
  Code: z.object({ S3Key: z.string() }),
  // Defaults as in https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-common.html
  MemorySize: z.coerce.number().default(128),
  Timeout: z.coerce.number().default(3),
  ReservedConcurrentExecutions: z.coerce.number().optional(),
  LoggingConfig: z
    .object({ LogFormat: z.enum(['JSON', 'Text']).default('Text'), ApplicationLogLevel: z.string().optional() })
    .default({ LogFormat: 'Text' }),
  Environment: z.object({ Variables: z.record(z.string(), Text).default({}) }).optional(),
});

export const lambdaFunction: ResourceType<FunctionResource, { addFunction(definition: FunctionResource): void }> = {
  type: 'AWS::Lambda::Function',
  names(resource) {
    const name = nameGiven('FunctionName', resource);
    return namesOf(name, { Arn: arnOf('lambda', `function:${name}`) });
  },
  read(properties, { ref: name }, { outdir }) {
    const { Role, Handler, Code, MemorySize, Timeout, ReservedConcurrentExecutions, LoggingConfig, Environment } =
      Properties.parse(properties);
    const [module, handler] = Handler.split('.') as [string, string];
    // CDK names the archive after the asset's hash; the directory that it would archive is beside
    // the template.
    const asset = join(outdir, `asset.${Code.S3Key.replace(/\.zip$/, '')}`);
    const file = ['mjs', 'js', 'cjs']
      .map((ending) => join(asset, `${module}.${ending}`))
      .find((path) => existsSync(path));
    if (file === undefined) throw new Error(`no ${module}.mjs, .js or .cjs in ${asset}`);
    return {
      name,
      file,
      handler,
      role: Role,
      memoryMb: MemorySize,
      timeoutSeconds: Timeout,
      reservedConcurrency: ReservedConcurrentExecutions,
      logging: { format: LoggingConfig.LogFormat, level: LoggingConfig.ApplicationLogLevel },
      variables: Environment?.Variables ?? {},
    };
  },
  start: (resource, host) => host.addFunction(resource),
};
