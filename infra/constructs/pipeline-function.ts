import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Target } from '../../shared/core/configuration/targets/index.ts';
import { defined } from '../../shared/core/defined.ts';
import type { readEnvironment } from '../../shared/lambda/environment.ts';
import type { FunctionBundle } from '../build/bundle-function.js';
import type { PipelineEnvironment } from '../environments.ts';
import { acceptFindings, acceptWildcards } from './accepted-findings.ts';
import { bundledCode } from './bundled-code.ts';
import type { PipelineTable } from './tables.ts';
import { grantsForTargets } from './target-grants.ts';

/** A variable that functions can read; a misspelt one does not compile. */
type Variable = Parameters<typeof readEnvironment>[1];
type QueueUrlVariable = Extract<Variable, `${string}_QUEUE_URL`>;

type TableOperation = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem';

const batchSize = 10;
/** No batching window: a single message is processed at once. */
export const batchWindow = Duration.seconds(0);

export type PipelineFunctionProps = {
  /** The folder under `functions/`. */
  name: string;
  /** One line for the AWS console. */
  description: string;
  environment: PipelineEnvironment;
  memoryMegabytes: number;
  timeout: Duration;
  /** Besides ENVIRONMENT and what the methods below add. */
  variables?: Partial<Record<Variable, string>>;
  /** Default: shares the account's concurrency. */
  reservedConcurrency?: number;
  /**
   * Default: false. Lambda stops a function that keeps sending to its own queue after about 16
   * rounds. `true` is for a function that does so on purpose and limits itself.
   * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
   */
  sendsToItself?: boolean;
  /**
   * Modules that few deployments use, with the names imported from them. Each is bundled separately
   * beside the function and loaded by the first `import()` of it, so cold starts do not load it.
   * Default: none.
   */
  loadedWhenUsed?: FunctionBundle['loadedWhenUsed'];
  /**
   * Files that the function starts as separate processes or imports when needed, each a bundle beside
   * the function's. Default: none.
   */
  startedWhenUsed?: FunctionBundle['startedWhenUsed'];
};

/**
 * A function with its own role and log group. At first it may only write its log. Each method
 * grants exactly what its name says and sets the variable that belongs to it, so a grant and its
 * variable cannot diverge.
 */
export class PipelineFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly bundle: FunctionBundle;
  readonly logGroup: LogGroup;

  readonly #role: Role;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const { name, environment } = props;
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/signalbox/${environment.name}/${name}`,
      retention: environment.functionLogRetention,
      // The log tables explain events; these lines serve the days after a change.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // Instead of AWSLambdaBasicExecutionRole, which may write to every log group of the account.
    this.#allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);

    this.bundle = {
      entry: `functions/${name}/handler.ts`,
      loadedWhenUsed: props.loadedWhenUsed ?? {},
      startedWhenUsed: props.startedWhenUsed ?? [],
    };
    this.lambda = new LambdaFunction(this, 'Function', {
      code: bundledCode(this.bundle),
      handler: 'index.handler',
      description: `${environment.name}: ${props.description}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      role: this.#role,
      ...defined({ reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.sendsToItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Three platform lines per call would be most of a busy pipeline's cost for logs.
      systemLogLevelV2: SystemLogLevel.WARN,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      environment: {
        ENVIRONMENT: environment.name,
        // Stack traces then name our files and lines; it costs 10 ms of a cold start, and the first
        // stack 25 ms of a processor.
        NODE_OPTIONS: '--enable-source-maps',
        ...props.variables,
      },
    });
    acceptFindings(this.lambda, {
      'Serverless-LambdaDLQ':
        "It is for asynchronous calls. The gateway and the queues' pollers call synchronously, and no other caller may.",
      'Serverless-LambdaTracing':
        'Log rows tell the story of each event (`signalbox why`); X-Ray would bill every traced request on top.',
    });
  }

  /**
   * Calls the function with batches from `queue`. Only records that it reports as failed are
   * delivered again. With `variable` it knows the queue, and may hand a record back until later.
   */
  consumes(queue: Queue, props: { maxConcurrency: number; variable?: QueueUrlVariable }): void {
    // What Lambda's poller does with the function's role:
    // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    this.#allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queue.queueArn]);
    if (props.variable !== undefined) {
      this.#allow(['sqs:ChangeMessageVisibility'], [queue.queueArn]);
      this.lambda.addEnvironment(props.variable, queue.queueUrl);
    }
    const mapping = this.lambda.addEventSourceMapping(`From${queue.node.scope?.node.id}${queue.node.id}`, {
      eventSourceArn: queue.queueArn,
      batchSize,
      maxBatchingWindow: batchWindow,
      reportBatchItemFailures: true,
      maxConcurrency: props.maxConcurrency,
    });
    acceptFindings(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        "Lambda offers it for streams alone: what fails of a queue's batch goes back to the queue, and to its dead letters.",
    });
  }

  sendsTo(queue: Queue, variable: QueueUrlVariable): void {
    this.#allow(['sqs:SendMessage'], [queue.queueArn]);
    this.lambda.addEnvironment(variable, queue.queueUrl);
  }

  /** How many messages are in a queue. */
  looksAt(queue: Queue, variable: QueueUrlVariable): void {
    this.#allow(['sqs:GetQueueAttributes'], [queue.queueArn]);
    this.lambda.addEnvironment(variable, queue.queueUrl);
  }

  /** CloudWatch knows no narrower permission: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html */
  readsMetrics(): void {
    this.#allow(['cloudwatch:GetMetricData'], ['*']);
    acceptWildcards(this, ['*'], 'Metrics have no resources that a policy could name.');
  }

  /** Without indexes: most of them serve people and the CLI. */
  uses({ table, variable }: PipelineTable, ...operations: TableOperation[]): void {
    this.#allow(
      operations.map((operation) => `dynamodb:${operation}`),
      [table.tableArn],
    );
    this.lambda.addEnvironment(variable, table.tableName);
  }

  /** Only items whose partition key is one of `keys`; `*` stands for any text. */
  usesItems({ table, variable }: PipelineTable, keys: string[], ...operations: TableOperation[]): void {
    const policy = new PolicyStatement({
      actions: operations.map((operation) => `dynamodb:${operation}`),
      resources: [table.tableArn],
      // `ForAllValues` alone would also allow a request without any key.
      // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    this.#role.addToPolicy(policy);
    this.lambda.addEnvironment(variable, table.tableName);
  }

  /** Queries one index of a table that it uses. */
  queriesIndex({ table }: PipelineTable, index: string): void {
    this.#allow(['dynamodb:Query'], [`${table.tableArn}/index/${index}`]);
  }

  /** `names` are below `prefix`; a name that ends in `/*` stands for everything below it. */
  readsSecrets(prefix: string, ...names: string[]): void {
    const arns = names.map((name) =>
      // Secrets Manager adds a hyphen and six characters to the name.
      Stack.of(this).formatArn({
        service: 'secretsmanager',
        resource: `secret:${prefix}/${name.endsWith('*') ? name : `${name}-??????`}`,
      }),
    );
    this.#allow(['secretsmanager:GetSecretValue'], arns);
    acceptWildcards(
      this,
      arns,
      'The CLI makes these secrets after the deploy, below a prefix of this environment alone.',
    );
    this.lambda.addEnvironment('SECRETS_PREFIX', prefix);
  }

  /** Lets the function start and stop runs at the resources that these targets name. */
  startsRunsAt(targets: readonly Target[]): void {
    for (const { actions, resources } of grantsForTargets(targets, Stack.of(this))) {
      this.#allow(actions, resources);
      acceptWildcards(
        this,
        resources,
        'Executions get their names when they start; all are of one named state machine.',
      );
    }
  }

  #allow(actions: string[], resources: string[]): void {
    this.#role.addToPolicy(new PolicyStatement({ actions, resources }));
  }
}
