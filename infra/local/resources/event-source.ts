import * as z from 'zod';
import { functionNameFromArn, generatedName, namesOf, type ResourceType } from './resource-type.ts';

export type EventSourceResource = {
  enabled: boolean;
  queueArn: string;
  functionName: string;
  batchSize: number;
  windowSeconds: number;
  maximumConcurrency: number | undefined;
  reportsItemFailures: boolean;
};

const Properties = z.object({
  EventSourceArn: z.string().startsWith('arn:aws:sqs:', 'only queues are supported as event sources'),
  FunctionName: z.string(),
  Enabled: z.boolean().default(true),
  BatchSize: z.coerce.number().default(10),
  MaximumBatchingWindowInSeconds: z.coerce.number().default(0),
  ScalingConfig: z.object({ MaximumConcurrency: z.coerce.number().optional() }).optional(),
  FunctionResponseTypes: z.array(z.string()).default([]),
});

export const eventSource: ResourceType<
  EventSourceResource,
  { addEventSource(definition: EventSourceResource): Promise<void> }
> = {
  type: 'AWS::Lambda::EventSourceMapping',
  names: (resource) => namesOf(generatedName(resource), { Id: generatedName(resource) }),
  read(properties) {
    const source = Properties.parse(properties);
    return {
      enabled: source.Enabled,
      queueArn: source.EventSourceArn,
      functionName: functionNameFromArn(source.FunctionName),
      batchSize: source.BatchSize,
      windowSeconds: source.MaximumBatchingWindowInSeconds,
      maximumConcurrency: source.ScalingConfig?.MaximumConcurrency,
      reportsItemFailures: source.FunctionResponseTypes.includes('ReportBatchItemFailures'),
    };
  },
  async start(resource, host) {
    if (resource.enabled) await host.addEventSource(resource);
  },
};
