import * as z from 'zod';
import { generatedName, namesOf, type ResourceType } from './resource-type.ts';

export type RouteResource = { routeKey: string; integrationId: string };

const Properties = z.object({ RouteKey: z.string(), Target: z.string().startsWith('integrations/') });

export const route: ResourceType<RouteResource, { addRoute(definition: RouteResource): void }> = {
  type: 'AWS::ApiGatewayV2::Route',
  names: (resource) => namesOf(generatedName(resource)),
  read(properties) {
    const { RouteKey, Target } = Properties.parse(properties);
    return { routeKey: RouteKey, integrationId: Target.slice('integrations/'.length) };
  },
  start: (resource, host) => host.addRoute(resource),
};
