import { Duration } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PipelineEnvironment } from '../environments.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { callAt } from './scheduled-call.ts';
import type { PipelineTable } from './tables.ts';

export type DailyStatementProps = {
  environment: PipelineEnvironment;
  tables: Record<'Configuration' | 'EventLog' | 'ActionLog', PipelineTable>;
  queues: Record<'events' | 'actions' | 'eventsDeadLetters' | 'actionsDeadLetters', Queue>;
  functionCode: string;
};

/**
 * Makes the statement of completeness of each day, early on the next one, and keeps it in the
 * Configuration table. Only environments with `dailyStatement` have it.
 */
export class DailyStatement extends Construct {
  readonly function: PipelineFunction;

  constructor(scope: Construct, id: string, { environment, tables, queues, functionCode }: DailyStatementProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'Function', {
      name: 'statement',
      description: 'states each day whether every accepted event is accounted for',
      environment,
      // More than half of a processor: it reads all rows of the day (docs/statements.md).
      memoryMegabytes: 1024,
      timeout: Duration.minutes(15),
      variables: {
        LOG_SHARDS: String(environment.logShards),
        LOG_RETENTION_DAYS: String(environment.logRetentionDays),
        FUNCTION_CODE: functionCode,
      },
      loadedWhenUsed: { 'ajv/dist/2020.js': ['Ajv2020'] },
    });
    const { Configuration, EventLog, ActionLog } = tables;
    this.function.uses(Configuration, 'GetItem', 'Query');
    this.function.uses(EventLog, 'Query');
    this.function.uses(ActionLog, 'Query', 'BatchGetItem');
    this.function.usesItems(Configuration, ['statements'], 'PutItem');
    this.function.looksAt(queues.events, 'EVENTS_QUEUE_URL');
    this.function.looksAt(queues.actions, 'ACTIONS_QUEUE_URL');
    this.function.looksAt(queues.eventsDeadLetters, 'EVENTS_DEAD_LETTER_QUEUE_URL');
    this.function.looksAt(queues.actionsDeadLetters, 'ACTIONS_DEAD_LETTER_QUEUE_URL');
    this.function.readsMetrics();
    callAt(this, 'EachDay', {
      called: this.function,
      description: `${environment.name}: states whether every event of yesterday is accounted for`,
      // In UTC, as the days of the rows. Most retries of the day before are over by then.
      schedule: Schedule.cron({ minute: '5', hour: '4' }),
    });
  }
}
