import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Target } from '../../shared/core/configuration/targets/index.ts';
import type { readEnvironment } from '../../shared/lambda/environment.ts';
import type { PipelineEnvironment } from '../environments.ts';
import { besideBundle, type LoadedWhenUsed, type StartedWhenUsed } from './beside-bundle.ts';
import type { PipelineTable } from './tables.ts';
import { grantsForTargets } from './target-grants.ts';

/** A variable that functions know how to read; a misspelt one does not compile. */
type Variable = Parameters<typeof readEnvironment>[1];
type QueueUrlVariable = Extract<Variable, `${string}_QUEUE_URL`>;

type TableOperation = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem';

const batchSize = 10;
/** Not waited for: a message that is alone is worked on at once. */
export const batchWindow = Duration.seconds(0);

export type PipelineFunctionProps = {
  /** The folder under `functions/`. */
  name: string;
  /** One line for the console. */
  description: string;
  environment: PipelineEnvironment;
  memoryMegabytes: number;
  timeout: Duration;
  /** Besides ENVIRONMENT and what the methods below add. */
  variables?: Partial<Record<Variable, string>>;
  /** Default: shares the account's concurrency. */
  reservedConcurrency?: number;
  /**
   * Default: false. Lambda stops a function that keeps sending to the queue it is called from, after about 16 rounds;
   * `true` is for one that does so on purpose and limits itself.
   * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
   */
  sendsToItself?: boolean;
  /**
   * Modules that few deployments ever use, and what is taken from them. Each is bundled by itself, beside the function, and
   * read from there when an `import()` first asks for it; the bundle that every cold start loads is without them.
   * Default: none.
   */
  loadedWhenUsed?: LoadedWhenUsed;
  /** Programs that it starts as processes of their own, each a bundle beside that of the function. Default: none. */
  startedWhenUsed?: StartedWhenUsed;
};

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A function with a role and a log group of its own. It may do nothing but write its log until it is told what it works
 * with; each of these methods grants exactly what it says and passes the name that goes with it, so that the two cannot
 * come apart.
 */
export class PipelineFunction extends Construct {
  readonly lambda: NodejsFunction;
  readonly logGroup: LogGroup;

  readonly #role: Role;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const { name, environment } = props;
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/signalbox/${environment.name}/${name}`,
      retention: environment.functionLogRetention,
      // The log tables tell what happened to an event; these lines are for the days after a change.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // Instead of AWSLambdaBasicExecutionRole, which may write to every log group of the account.
    this.#allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);

    this.lambda = new NodejsFunction(this, 'Function', {
      entry: `${root}functions/${name}/handler.ts`,
      handler: 'handler',
      projectRoot: root,
      depsLockFilePath: `${root}package-lock.json`,
      description: `${environment.name}: ${props.description}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      role: this.#role,
      reservedConcurrentExecutions: props.reservedConcurrency,
      recursiveLoop: props.sendsToItself ? RecursiveLoop.ALLOW : undefined,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Three platform lines per call would be most of what a busy pipeline pays for logs.
      systemLogLevelV2: SystemLogLevel.WARN,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // A switch of the SDK's version 2.
      awsSdkConnectionReuse: false,
      environment: {
        ENVIRONMENT: environment.name,
        // Stack traces name our files and lines, for 10 ms of a cold start.
        NODE_OPTIONS: '--enable-source-maps',
        ...props.variables,
      },
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        logLevel: LogLevel.WARNING,
        // Ours, not the one in the runtime, which changes without a deploy.
        bundleAwsSDK: true,
        ...besideBundle(root, props.loadedWhenUsed ?? {}, props.startedWhenUsed),
        // A quarter of a bundle would be ways of signing in that a function never takes.
        esbuildArgs: { '--alias:@aws-sdk/credential-provider-node': `${root}shared/lambda/environment-credentials.ts` },
        // Some dependencies are CommonJS inside and ask for Node's modules by `require`.
        banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
      },
    });
  }

  /** Is called with batches from `queue`; only what it reports as failed is delivered again. */
  consumes(queue: Queue, props: { maxConcurrency: number; variable?: QueueUrlVariable }): void {
    this.#allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
      [queue.queueArn],
    );
    if (props.variable !== undefined) this.lambda.addEnvironment(props.variable, queue.queueUrl);
    this.lambda.addEventSourceMapping(`From${queue.node.scope?.node.id}${queue.node.id}`, {
      eventSourceArn: queue.queueArn,
      batchSize,
      maxBatchingWindow: batchWindow,
      reportBatchItemFailures: true,
      maxConcurrency: props.maxConcurrency,
    });
  }

  sendsTo(queue: Queue, variable: QueueUrlVariable): void {
    this.#allow(['sqs:SendMessage'], [queue.queueArn]);
    this.lambda.addEnvironment(variable, queue.queueUrl);
  }

  /** Without indexes: most are for people and the CLI. */
  uses({ table, variable }: PipelineTable, ...operations: TableOperation[]): void {
    this.#allow(
      operations.map((operation) => `dynamodb:${operation}`),
      [table.tableArn],
    );
    this.lambda.addEnvironment(variable, table.tableName);
  }

  /** On a table that it uses, items alone whose partition key is one of `keys`; `*` stands for any text in it. */
  usesItems({ table }: PipelineTable, keys: string[], ...operations: TableOperation[]): void {
    const policy = new PolicyStatement({
      actions: operations.map((operation) => `dynamodb:${operation}`),
      resources: [table.tableArn],
      // For all values alone would hold for a request without any.
      // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    this.#role.addToPolicy(policy);
  }

  /** Queries one index of a table that it uses. */
  queriesIndex({ table }: PipelineTable, index: string): void {
    this.#allow(['dynamodb:Query'], [`${table.tableArn}/index/${index}`]);
  }

  /** `names` are below `prefix`; one that ends in `/*` stands for all below it. */
  readsSecrets(prefix: string, ...names: string[]): void {
    const arns = names.map((name) =>
      // Secrets Manager adds a hyphen and six characters to the name.
      Stack.of(this).formatArn({
        service: 'secretsmanager',
        resource: `secret:${prefix}/${name.endsWith('*') ? name : `${name}-??????`}`,
      }),
    );
    this.#allow(['secretsmanager:GetSecretValue'], arns);
    this.lambda.addEnvironment('SECRETS_PREFIX', prefix);
  }

  /** May start, and stop, runs at what these targets name. */
  startsRunsAt(targets: readonly Target[]): void {
    for (const { actions, resources } of grantsForTargets(targets, Stack.of(this))) this.#allow(actions, resources);
  }

  #allow(actions: string[], resources: string[]): void {
    this.#role.addToPolicy(new PolicyStatement({ actions, resources }));
  }
}
