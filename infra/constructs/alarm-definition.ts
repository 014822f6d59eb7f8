import type { IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

export type AlarmDefinition = {
  /** `alarmKindOf` knows what it means. */
  name: string;
  metric: IMetric;
  /** Raised while the metric is above this in `breaching` of the last `of` periods. */
  above: number;
  breaching: number;
  of: number;
  /** What a period without a value stands for. Default: not breaching. */
  missing?: TreatMissingData;
};
