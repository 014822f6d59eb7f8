import { api } from './api.ts';
import { eventSource } from './event-source.ts';
import { lambdaFunction } from './function.ts';
import { integration } from './integration.ts';
import { policy } from './policy.ts';
import { queue } from './queue.ts';
import type { AnyResourceType } from './resource-type.ts';
import { role } from './role.ts';
import { route } from './route.ts';
import { rule } from './rule.ts';
import { secret } from './secret.ts';
import { stage } from './stage.ts';
import { table } from './table.ts';

/** Types that store data: they start before the configuration goes live, since a table holds it. */
export const storingTypes: readonly AnyResourceType[] = [table, queue, secret];

/**
 * Types that serve requests and messages, in the order of their start: a type comes before those
 * that name it.
 */
export const servingTypes: readonly AnyResourceType[] = [
  role,
  policy,
  lambdaFunction,
  api,
  stage,
  integration,
  route,
  eventSource,
  rule,
];
