import * as z from 'zod';
import type { ThrottleSettings } from '../throttle.ts';
import { generatedName, namesOf, type ResourceType } from './resource-type.ts';

export type StageResource = {
  /** Of all routes together that have none of their own. Absent: the account's, which is never reached here. */
  throttle: ThrottleSettings | undefined;
  /** By route key. */
  routeThrottles: Record<string, ThrottleSettings>;
};

const Throttle = z
  .object({ ThrottlingRateLimit: z.number(), ThrottlingBurstLimit: z.number() })
  .transform((limits) => ({ requestsPerSecond: limits.ThrottlingRateLimit, burst: limits.ThrottlingBurstLimit }));

const Properties = z.object({
  // Any other name would become part of every path.
  StageName: z.literal('$default'),
  DefaultRouteSettings: Throttle.optional(),
  RouteSettings: z.record(z.string(), Throttle).default({}),
});

export const stage: ResourceType<StageResource, { setThrottles(definition: StageResource): void }> = {
  type: 'AWS::ApiGatewayV2::Stage',
  names: (resource) => namesOf(generatedName(resource)),
  read(properties) {
    const { DefaultRouteSettings, RouteSettings } = Properties.parse(properties);
    return { throttle: DefaultRouteSettings, routeThrottles: RouteSettings };
  },
  start: (resource, host) => host.setThrottles(resource),
};
