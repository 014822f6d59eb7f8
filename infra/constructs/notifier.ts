import { Duration } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Notify, PipelineEnvironment } from '../environments.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { QueueWithDlq } from './queue-with-dlq.ts';
import type { PipelineTable } from './tables.ts';

export type NotifierProps = {
  environment: PipelineEnvironment;
  notify: Notify;
  secretsPrefix: string;
  tables: Record<'Configuration' | 'EventLog' | 'ActionLog', PipelineTable>;
};

/** To gather for up to 25 seconds, to read the reasons, and to tell channels that are slow. */
const timeout = Duration.seconds(60);

/**
 * Tells people of alarms:
 *
 *     alarms → topic → queue → notifier → Slack, PagerDuty, a webhook
 *
 * The queue keeps what a channel did not take. Only environments with `notify` have it.
 */
export class Notifier extends Construct {
  readonly queue: Queue;
  readonly function: PipelineFunction;

  constructor(scope: Construct, id: string, { environment, notify, secretsPrefix, tables }: NotifierProps) {
    super(scope, id);
    this.queue = new QueueWithDlq(this, 'Notifications', {
      queueName: `signalbox-${environment.name}-notifications`,
      consumerTimeout: timeout,
      deadLetterConsumerTimeout: timeout,
    }).queue;
    this.function = new PipelineFunction(this, 'Function', {
      name: 'notifier',
      description: 'tells people of alarms',
      environment,
      memoryMegabytes: 512,
      timeout,
      // What reads rows leads to what checks data of workflows, which is never done here.
      loadedWhenUsed: { 'ajv/dist/2020.js': ['Ajv2020'] },
      variables: { NOTIFY: JSON.stringify(notify), LOG_SHARDS: String(environment.logShards) },
    });
    this.function.consumes(this.queue, { maxConcurrency: 2 });
    // The reasons: which events and actions failed or wait, which requests were refused.
    const { Configuration, EventLog, ActionLog } = tables;
    this.function.uses(Configuration, 'GetItem', 'Query');
    this.function.uses(EventLog, 'BatchGetItem');
    this.function.queriesIndex(EventLog, 'problems');
    this.function.uses(ActionLog, 'BatchGetItem', 'Query');
    this.function.queriesIndex(ActionLog, 'problems');
    // It notes what changed, and what each channel was told.
    this.function.usesItems(Configuration, ['announcements'], 'UpdateItem');
    this.function.readsSecrets(secretsPrefix, 'notifier/*');
  }
}
