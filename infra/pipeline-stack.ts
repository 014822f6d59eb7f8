import { Annotations, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { grantedTargetsOutput } from '../shared/core/configuration/granted-targets.ts';
import { defined } from '../shared/core/defined.ts';
import { capabilities, capabilityOutputs } from '../shared/operations/configuration/capabilities.ts';
import { acceptFindings } from './constructs/accepted-findings.ts';
import { Alarms } from './constructs/alarms.ts';
import { DailyStatement } from './constructs/daily-statement.ts';
import { PipelineDashboard } from './constructs/dashboard.ts';
import { expectedInFiles } from './constructs/expected-sources.ts';
import { IngestApi } from './constructs/ingest-api.ts';
import { keepLogicalId } from './constructs/logical-id.ts';
import { Notifier } from './constructs/notifier.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';
import { maxReceiveCount, QueueWithDlq } from './constructs/queue-with-dlq.ts';
import { Tables } from './constructs/tables.ts';
import { targetsOf, workflowsInFiles } from './constructs/target-grants.ts';
import { VolumeCheck } from './constructs/volume-check.ts';
import { type AlarmRecipient, type PipelineEnvironment, syncLimits } from './environments.ts';

const timeouts = {
  ingest: Duration.seconds(10),
  processor: Duration.seconds(30),
  workflowTrigger: Duration.seconds(60),
  deadLetter: Duration.seconds(30),
  // API Gateway gives up after 30 s; the function answers by itself after 25.
  api: Duration.seconds(28),
  senderPage: Duration.seconds(10),
};

/** The API needs it only for workflows with a `data_schema`. */
export const apiExtras = { 'ajv/dist/2020.js': ['Ajv2020'] } as const;

/** Workflow-trigger needs these only for some workflows. */
export const workflowTriggerExtras = { '@knocklabs/node': ['Knock'], ...apiExtras } as const;

/**
 * The whole pipeline of one environment:
 *
 *     api → ingest → events queue → processor → actions queue → workflow-trigger
 *                         └──── dead letters ────────┴──→ dead-letter
 *     REST API → api → directory, events queue, actions queue
 *     link of a source → sender-page
 */
export class PipelineStack extends Stack {
  /**
   * @param workflows by key; the stack may call what their targets in this environment name.
   * Default: those of infra/config.
   * @param expected what sources are expected to send. Default: what infra/config says.
   */
  constructor(
    scope: Construct,
    environment: PipelineEnvironment,
    workflows = workflowsInFiles(),
    expected = expectedInFiles(environment.name),
  ) {
    const context = (key: string): string | undefined => scope.node.tryGetContext(key);
    // CDK switches the protection on before it creates the stack, and CloudFormation deletes nothing
    // that is protected: a failed creation could then be neither rolled back nor deleted
    // (docs/decisions/0047-protection-comes-after-creation.md).
    const protect = environment.protectData && String(context('firstDeploy')) !== 'true';
    super(scope, `signalbox-${environment.name}`, {
      description: `Signalbox, ${environment.name}: events from sources become user data and workflow runs`,
      env: defined({
        account: environment.account ?? context('account'),
        region: environment.region ?? context('region'),
      }),
      tags: { application: 'signalbox', environment: environment.name },
      terminationProtection: protect,
    });
    if (environment.protectData && !protect) {
      Annotations.of(this).addWarningV2(
        'signalbox:unprotected',
        'The stack and its tables can be deleted until you deploy again without -c firstDeploy=true',
      );
    }
    const { name, concurrency } = environment;
    const secretsPrefix = `signalbox/${name}`;
    const tables = new Tables(this, 'Tables', environment, { deletionProtection: protect }).byName;
    const { Claims, EventLog, ActionLog, WorkflowRuns, Directory, Configuration } = tables;
    const rows = { LOG_RETENTION_DAYS: String(environment.logRetentionDays) };
    const eventRows = { ...rows, USERS_INDEX: String(environment.usersIndex) };
    const deliveries = { MAX_RECEIVE_COUNT: String(maxReceiveCount) };
    this.#ingestKey(`${secretsPrefix}/ingest`);

    const events = new QueueWithDlq(this, 'Events', {
      queueName: `signalbox-${name}-events`,
      consumerTimeout: timeouts.processor,
      deadLetterConsumerTimeout: timeouts.deadLetter,
    });
    const actions = new QueueWithDlq(this, 'Actions', {
      queueName: `signalbox-${name}-actions`,
      consumerTimeout: timeouts.workflowTrigger,
      deadLetterConsumerTimeout: timeouts.deadLetter,
    });

    const ingest = new PipelineFunction(this, 'Ingest', {
      name: 'ingest',
      description: 'verifies what sources send and puts it into the events queue',
      environment,
      // For its part of a processor, not for the memory: docs/decisions/0043-memory-by-figures.md.
      memoryMegabytes: 1024,
      timeout: timeouts.ingest,
      variables: { LOG_SHARDS: String(environment.logShards) },
      ...defined({ reservedConcurrency: environment.ingestReservedConcurrency }),
    });
    ingest.sendsTo(events.queue, 'EVENTS_QUEUE_URL');
    ingest.uses(Configuration, 'GetItem', 'Query');
    // It records which requests were not accepted last, for people who look for the cause.
    ingest.usesItems(Configuration, ['refusals'], 'UpdateItem');
    ingest.readsSecrets(secretsPrefix, 'ingest', 'sources/*');

    const processor = new PipelineFunction(this, 'Processor', {
      name: 'processor',
      description: 'claims each event, decides which actions it leads to, and logs it',
      environment,
      memoryMegabytes: 512,
      timeout: timeouts.processor,
      variables: { ...eventRows, ...deliveries },
      // For sources with an expression.
      startedWhenUsed: ['shared/adapters/expression-process.ts'],
    });
    processor.consumes(events.queue, { maxConcurrency: concurrency.processor, variable: 'EVENTS_QUEUE_URL' });
    processor.sendsTo(actions.queue, 'ACTIONS_QUEUE_URL');
    processor.uses(Claims, 'UpdateItem');
    processor.uses(EventLog, 'GetItem', 'PutItem', 'BatchWriteItem');
    processor.uses(Configuration, 'GetItem', 'Query');
    // It records which sources and event types it has seen. It may only read the live configuration
    // and its history.
    processor.usesItems(Configuration, ['sources', 'event-types#*'], 'UpdateItem', 'BatchWriteItem', 'DeleteItem');

    const workflowTrigger = new PipelineFunction(this, 'WorkflowTrigger', {
      name: 'workflow-trigger',
      description: "runs an event's actions in order and logs how they ended",
      environment,
      memoryMegabytes: 512,
      timeout: timeouts.workflowTrigger,
      variables: { ...rows, ...deliveries },
      // A retry is a message with a delay; attempts and age are limited
      // (docs/protocols/retries.md).
      sendsToItself: true,
      // For Knock targets, and for workflows with a data_schema.
      loadedWhenUsed: workflowTriggerExtras,
    });
    workflowTrigger.consumes(actions.queue, { maxConcurrency: concurrency.workflowTrigger });
    workflowTrigger.sendsTo(actions.queue, 'ACTIONS_QUEUE_URL');
    workflowTrigger.uses(Claims, 'UpdateItem');
    workflowTrigger.uses(ActionLog, 'GetItem', 'PutItem', 'BatchWriteItem');
    workflowTrigger.uses(
      WorkflowRuns,
      'BatchGetItem',
      'Query',
      'PutItem',
      'UpdateItem',
      'DeleteItem',
      'BatchWriteItem',
    );
    // What a cancellation may reach.
    workflowTrigger.queriesIndex(WorkflowRuns, 'cancellations');
    workflowTrigger.uses(Directory, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem');
    // The limits of workflows.
    workflowTrigger.usesItems(Directory, ['limit#*'], 'UpdateItem');
    workflowTrigger.uses(Configuration, 'GetItem', 'Query');
    workflowTrigger.readsSecrets(secretsPrefix, 'targets/*');
    const targets = targetsOf(name, workflows);
    workflowTrigger.startsRunsAt(targets);

    const deadLetter = new PipelineFunction(this, 'DeadLetter', {
      name: 'dead-letter',
      description: 'makes a failed row, which can be replayed, of each message that was given up',
      environment,
      memoryMegabytes: 512,
      timeout: timeouts.deadLetter,
      variables: eventRows,
    });
    // A dead letter that it cannot write stays in its queue for 14 days, is retried every 3
    // minutes, and raises an alarm.
    deadLetter.consumes(events.deadLetters, { maxConcurrency: concurrency.deadLetter });
    deadLetter.consumes(actions.deadLetters, { maxConcurrency: concurrency.deadLetter });
    deadLetter.uses(Claims, 'UpdateItem');
    deadLetter.uses(EventLog, 'GetItem', 'PutItem');
    deadLetter.uses(ActionLog, 'GetItem', 'PutItem');

    const rest = new PipelineFunction(this, 'Api', {
      name: 'api',
      description: 'answers calls of the REST API',
      environment,
      // Faster and cheaper than half of it: docs/decisions/0043-memory-by-figures.md.
      memoryMegabytes: 1024,
      timeout: timeouts.api,
      variables: {
        ...eventRows,
        LOG_SHARDS: String(environment.logShards),
        SYNC_LIMITS: JSON.stringify(syncLimits(environment)),
      },
      loadedWhenUsed: apiExtras,
      // For the one call that asks for it.
      startedWhenUsed: ['functions/api/openapi-document.ts'],
    });
    // What takes longer than a request, or reaches workflow runs, is handed over.
    rest.sendsTo(actions.queue, 'ACTIONS_QUEUE_URL');
    // Records of syncs that a mapping or a workflow runs for.
    rest.sendsTo(events.queue, 'EVENTS_QUEUE_URL');
    // Of sources whose vendor calls methods at their own URLs.
    rest.readsSecrets(secretsPrefix, 'ingest', 'sources/*');
    // A trigger's idempotency key, and whether the request that holds it has its row.
    rest.uses(Claims, 'GetItem', 'UpdateItem');
    rest.uses(EventLog, 'GetItem', 'BatchWriteItem');
    // Runs are listed by the action log; bulk operations lie beside the rows that they count.
    rest.uses(ActionLog, 'GetItem', 'BatchGetItem', 'Query', 'BatchWriteItem');
    rest.queriesIndex(ActionLog, 'problems');
    rest.uses(WorkflowRuns, 'BatchGetItem', 'Query');
    // It deletes subscriptions and memberships only; users and objects stay as deleted.
    rest.uses(Directory, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem');
    rest.queriesIndex(Directory, 'list');
    rest.uses(Configuration, 'GetItem', 'Query');
    // It records when a key was used, and which sources and event types it has seen: its own, and
    // those of syncs.
    rest.usesItems(Configuration, ['keys', 'sources'], 'UpdateItem');
    rest.usesItems(Configuration, ['event-types#*'], 'BatchWriteItem', 'DeleteItem');

    const senderPage = new PipelineFunction(this, 'SenderPage', {
      name: 'sender-page',
      description: 'shows a source to the person at its sender, by a link',
      environment,
      memoryMegabytes: 512,
      timeout: timeouts.senderPage,
      variables: { LOG_SHARDS: String(environment.logShards) },
      loadedWhenUsed: apiExtras,
      // For payloads that are tried, of sources with an expression.
      startedWhenUsed: ['shared/adapters/expression-process.ts'],
    });
    // A function of its own, which can reach no user, no queue, no secret and no key of the API
    // (docs/decisions/0087-the-page-of-a-source-is-a-function-of-its-own.md).
    senderPage.uses(EventLog, 'GetItem', 'Query');
    const seenItems = ['links', 'current', 'snapshot#*', 'sources', 'event-types#*', 'refusals'];
    senderPage.usesItems(Configuration, seenItems, 'GetItem', 'Query');
    // It records when a link was used.
    senderPage.usesItems(Configuration, ['links'], 'UpdateItem');
    senderPage.readsMetrics();

    const { api, url } = new IngestApi(
      this,
      'IngestApi',
      { ingest: ingest.lambda, rest: rest.lambda, senderPage: senderPage.lambda },
      environment,
    );

    const notifier =
      environment.notify &&
      new Notifier(this, 'Notifier', { environment, notify: environment.notify, secretsPrefix, tables });

    const pipeline = { ingest, processor, 'workflow-trigger': workflowTrigger, 'dead-letter': deadLetter, rest };
    const functionCode = codeOf(pipeline);
    const statement =
      environment.dailyStatement &&
      new DailyStatement(this, 'DailyStatement', {
        environment,
        tables,
        functionCode,
        queues: {
          events: events.queue,
          actions: actions.queue,
          eventsDeadLetters: events.deadLetters,
          actionsDeadLetters: actions.deadLetters,
        },
      });

    const expectsVolume = Object.values(expected).some(({ volume }) => volume !== undefined);
    const volume = expectsVolume
      ? new VolumeCheck(this, 'VolumeCheck', { environment, configuration: Configuration })
      : undefined;

    const watched = {
      environment: name,
      surgeAbove: environment.surgeAbove ?? 50_000,
      api,
      functions: { ...pipeline, 'sender-page': senderPage, ...defined({ notifier: notifier?.function }) },
      eventsQueue: events.queue,
      actionsQueue: actions.queue,
      expected,
      deadLetterQueues: [events.deadLetters, actions.deadLetters],
    };
    new Alarms(this, 'Alarms', {
      ...watched,
      ...defined({
        recipient: this.#alarmRecipient(environment, context('alarmEmail')),
        notifications: notifier?.queue,
        statement: statement?.function,
        volume: volume?.function,
      }),
    });
    const dashboard = new PipelineDashboard(this, 'Dashboard', { ...watched, tables });

    // The CLI finds the stack's resources by these outputs.
    this.#outputs({
      Environment: name,
      IngestUrl: url,
      EventsQueueUrl: events.queue.queueUrl,
      ActionsQueueUrl: actions.queue.queueUrl,
      EventsDeadLetterQueueUrl: events.deadLetters.queueUrl,
      ActionsDeadLetterQueueUrl: actions.deadLetters.queueUrl,
      ...Object.fromEntries(Object.entries(tables).map(([key, { table }]) => [`${key}Table`, table.tableName])),
      SecretsPrefix: secretsPrefix,
      LogShards: String(environment.logShards),
      LogRetentionDays: String(environment.logRetentionDays),
      DashboardUrl: dashboard.url,
      // Promotions to this environment are checked against it.
      GrantedTargets: grantedTargetsOutput(targets),
      FunctionCode: functionCode,
      FunctionNames: Object.entries(watched.functions)
        .map(([key, { lambda }]) => `${key}:${lambda.functionName}`)
        .join(' '),
      // Commits are checked against it.
      ...capabilityOutputs(capabilities),
    });
  }

  /**
   * The key behind the token of every ingest URL: made once, by the first deploy. Changing what
   * generates it would make a new key, and with it new URLs; deleting the stack keeps it. Replacing
   * it: docs/ingest-key.md.
   */
  #ingestKey(secretName: string): void {
    const secret = new Secret(this, 'IngestKey', {
      secretName,
      description: 'Signs the ingest URLs. Knowing it is enough to send events as any source.',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'current',
        excludePunctuation: true,
        passwordLength: 64,
      },
      // Kept, except when the deploy that made it rolls back: else the next try could not use its
      // name.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    keepLogicalId(secret, 'IngestKey');
    acceptFindings(secret, {
      'AwsSolutions-SMG4':
        'A new key is a new URL at every sender. A person replaces it, step by step: docs/ingest-key.md says how.',
    });
  }

  #alarmRecipient(
    { alarmRecipient, notify, protectData }: PipelineEnvironment,
    email?: string,
  ): AlarmRecipient | undefined {
    const recipient = alarmRecipient ?? (email === undefined ? undefined : { email });
    if (recipient === undefined && notify === undefined && protectData) {
      Annotations.of(this).addWarningV2(
        'signalbox:alarms-without-recipient',
        'No one hears the alarms of this environment: set alarmRecipient or notify in infra/environments.ts, or pass -c alarmEmail=…',
      );
    }
    return recipient;
  }

  #outputs(values: Record<string, string>): void {
    for (const [key, value] of Object.entries(values)) new CfnOutput(this, key, { value });
  }
}

/** Which code each function has: `ingest:3f2a9c41d07b …`. CDK names an archive after the hash of its content. */
function codeOf(functions: Record<string, PipelineFunction>): string {
  return Object.entries(functions)
    .map(([name, { lambda }]) => {
      const { s3Key } = Stack.of(lambda).resolve((lambda.node.defaultChild as CfnFunction).code);
      return `${name}:${String(s3Key).slice(0, 12)}`;
    })
    .join(' ');
}
