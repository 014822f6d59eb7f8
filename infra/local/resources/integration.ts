import * as z from 'zod';
import { functionNameFromArn, generatedName, namesOf, type ResourceType } from './resource-type.ts';

export type IntegrationResource = { id: string; functionName: string; timeoutMs: number };

const Properties = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  PayloadFormatVersion: z.literal('2.0'),
  IntegrationUri: z.string(),
  TimeoutInMillis: z.coerce.number().max(30_000).default(30_000),
});

export const integration: ResourceType<IntegrationResource, { addIntegration(definition: IntegrationResource): void }> =
  {
    type: 'AWS::ApiGatewayV2::Integration',
    names: (resource) => namesOf(generatedName(resource)),
    read(properties, { ref }) {
      const { IntegrationUri, TimeoutInMillis } = Properties.parse(properties);
      return { id: ref, functionName: functionNameFromArn(IntegrationUri), timeoutMs: TimeoutInMillis };
    },
    start: (resource, host) => host.addIntegration(resource),
  };
