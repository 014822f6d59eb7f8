import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { patientCalls } from '../../shared/adapters/aws-calls.ts';
import { own } from '../../shared/core/json/values.ts';
import {
  type ClientConfig,
  type Environment,
  openEnvironment,
  StackOutputs,
} from '../../shared/operations/environment.ts';
import { failure } from '../../shared/operations/refusal.ts';
import { gitAuthor, rememberCaller } from '../author.ts';
import { isAlive } from '../is-alive.ts';
import { explainProfile, isWithoutProviders, profileOf, regionMissing } from './errors.ts';

// A foreign file could send events and secrets to another machine.
const LocalUrl = z.url().refine((url) => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}, 'is not on this machine');

/** `.signalbox/runtime.json`: the addresses of the running local runtime. */
const RuntimeFile = z.object({
  pid: z.int().positive(),
  started_at: z.string(),
  environments: z.record(
    z.string(),
    z.object({
      region: z.string(),
      endpoints: z.object({ dynamodb: LocalUrl, sqs: LocalUrl, secretsmanager: LocalUrl, cloudwatch: LocalUrl }),
      credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
      outputs: StackOutputs.extend({
        IngestUrl: LocalUrl,
        EventsQueueUrl: LocalUrl,
        ActionsQueueUrl: LocalUrl,
        EventsDeadLetterQueueUrl: LocalUrl,
        ActionsDeadLetterQueueUrl: LocalUrl,
      }),
    }),
  ),
});
type RuntimeFile = z.infer<typeof RuntimeFile>;

export type EnvironmentOptions = { environment: string; profile?: string; region?: string };

/**
 * The environment that an operator named: the local runtime's if one runs it, else the stack on
 * AWS.
 * @throws Refusal with both remedies when neither exists
 */
export async function connect(options: EnvironmentOptions): Promise<Environment> {
  const runtime = readRuntimeFile();
  const local = runtime && own(runtime.environments, options.environment);
  if (local !== undefined) {
    const config = { region: local.region, credentials: local.credentials };
    return openEnvironment(options.environment, 'local', local.outputs, config, local.endpoints);
  }
  const config: ClientConfig = {
    ...(options.region !== undefined && { region: options.region }),
    ...(options.profile !== undefined && { profile: options.profile }),
  };
  const { outputs, region } = await readStack(options.environment, config, runtime);
  // What is changed is recorded under a name, and the account of a build machine names no person: `runner`, `root`.
  if (gitAuthor() === undefined) rememberCaller(await callerOf({ ...config, region }));
  return openEnvironment(options.environment, `AWS ${region}`, outputs, { ...config, region });
}

/** The caller that AWS names. Undefined when it does not answer: that refuses nothing that people do. */
async function callerOf(config: ClientConfig): Promise<string | undefined> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const client = new STSClient({ ...patientCalls, ...config });
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Arn;
  } catch {
    return undefined;
  } finally {
    client.destroy();
  }
}

/** Whether a running local runtime has this environment. */
export function runsHere(name: string): boolean {
  return own(readRuntimeFile()?.environments ?? {}, name) !== undefined;
}

/** The environments that a running local runtime has. */
export function environmentsHere(): string[] {
  return localNames(readRuntimeFile());
}

const runtimePath = () =>
  process.env.SIGNALBOX_RUNTIME_FILE ?? join(import.meta.dirname, '..', '..', '.signalbox', 'runtime.json');

/** A file in which this checkout keeps data; git ignores it. */
export const stateDirectory = (): string => dirname(runtimePath());

/** The file that the local runtime wrote at its start; undefined when none is running. */
function readRuntimeFile(): RuntimeFile | undefined {
  let text: string;
  try {
    text = readFileSync(runtimePath(), 'utf8');
  } catch {
    return undefined;
  }
  const parsed = RuntimeFile.safeParse(jsonOrUndefined(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : ` (${issue.path.join('.')} ${issue.message})`;
    const what = `${runtimePath()} is not what the local runtime of this version writes${where}`;
    throw failure(what, 'start it again: npm start');
  }
  // A killed runtime leaves its file behind.
  return isAlive(parsed.data.pid) ? parsed.data : undefined;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The CloudFormation client is large and only needed on AWS, so it is loaded here. */
async function readStack(
  environment: string,
  config: ClientConfig,
  runtime: RuntimeFile | undefined,
): Promise<{ outputs: StackOutputs; region: string }> {
  const stack = `signalbox-${environment}`;
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({ ...patientCalls, ...config });
  const region = await client.config.region().catch(() => undefined);
  const missing = (why: string) =>
    failure(
      `there is no environment "${environment}": ${localState(environment, runtime)}, and ${why}`,
      `run it here: npm start${environment === 'development' ? '' : ` -- --environment ${[...localNames(runtime), environment].join(',')}`}`,
      `or deploy it: npx cdk deploy -c environment=${environment} (another account or region: --profile, --region)`,
    );
  const profile = profileOf(config.profile);
  if (region === undefined) throw profile === undefined ? missing('no AWS region is set') : regionMissing(profile);
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Object.fromEntries((Stacks?.[0]?.Outputs ?? []).map((o) => [o.OutputKey, o.OutputValue]));
    const parsed = StackOutputs.safeParse(outputs);
    if (parsed.success) return { outputs: parsed.data, region };
    const names = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw failure(
      `stack ${stack} in ${region} lacks outputs (${names})`,
      'it is of another version, or its deployment has not ended: npx cdk deploy',
    );
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'ValidationError') throw missing(`AWS has no stack ${stack} in ${region}`);
    // Without a profile there may simply be no account. With one, the SDK says what is wrong with it.
    if (isWithoutProviders(error)) throw explainProfile(error, profile) ?? missing('no AWS credentials were found');
    throw error;
  } finally {
    client.destroy();
  }
}

function localState(environment: string, runtime: RuntimeFile | undefined): string {
  if (runtime === undefined) return 'no local runtime is up';
  return `the local runtime has ${localNames(runtime).join(', ')}, not ${environment}`;
}

function localNames(runtime: RuntimeFile | undefined): string[] {
  return Object.keys(runtime?.environments ?? {});
}
