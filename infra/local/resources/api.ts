import * as z from 'zod';
import { namesOf, type ResourceType } from './resource-type.ts';

const Properties = z.object({ ProtocolType: z.literal('HTTP') });
export type ApiResource = z.infer<typeof Properties>;

/**
 * The gateway itself listens before the template is read; its routes come with their own resources.
 */
export const api: ResourceType<ApiResource> = {
  type: 'AWS::ApiGatewayV2::Api',
  names: ({ id }, at) => namesOf(id.toLowerCase(), { ApiEndpoint: at.gatewayUrl, ApiId: id.toLowerCase() }),
  read: (properties) => Properties.parse(properties),
  start: () => undefined,
};
