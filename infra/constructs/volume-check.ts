import { Duration } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { PipelineEnvironment } from '../environments.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { callAt } from './scheduled-call.ts';
import type { PipelineTable } from './tables.ts';

export type VolumeCheckProps = { environment: PipelineEnvironment; configuration: PipelineTable };

/**
 * Compares each hour how many events sources sent with the same hour a week before, which no alarm can
 * look back to. Only environments where a source expects a volume have it.
 * docs/decisions/0090-a-function-compares-volumes.md
 */
export class VolumeCheck extends Construct {
  readonly function: PipelineFunction;

  constructor(scope: Construct, id: string, { environment, configuration }: VolumeCheckProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'Function', {
      name: 'volume',
      description: 'compares what sources sent in the last hour with the same hour a week before',
      environment,
      memoryMegabytes: 256,
      timeout: Duration.minutes(1),
    });
    this.function.uses(configuration, 'GetItem', 'Query');
    this.function.readsMetrics();
    callAt(this, 'EachHour', {
      called: this.function,
      description: `${environment.name}: compares the volume of sources with that of a week before`,
      // Counts of the hour's last minute are up to three minutes late.
      schedule: Schedule.cron({ minute: '5' }),
    });
  }
}
