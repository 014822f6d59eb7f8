import * as z from 'zod';
import { generatedName, namesOf, type ResourceType } from './resource-type.ts';

// Any other name would become part of every path.
const Properties = z.object({ StageName: z.literal('$default') });
export type StageResource = z.infer<typeof Properties>;

export const stage: ResourceType<StageResource> = {
  type: 'AWS::ApiGatewayV2::Stage',
  names: (resource) => namesOf(generatedName(resource)),
  read: (properties) => Properties.parse(properties),
  start: () => undefined,
};
