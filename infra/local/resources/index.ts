import { api } from './api.ts';
import { eventSource } from './event-source.ts';
import { lambdaFunction } from './function.ts';
import { integration } from './integration.ts';
import { queue } from './queue.ts';
import type { AnyResourceType } from './resource-type.ts';
import { route } from './route.ts';
import { secret } from './secret.ts';
import { stage } from './stage.ts';
import { table } from './table.ts';

/** What keeps something: up before the configuration is made live, which itself is kept in a table. */
export const storingTypes: readonly AnyResourceType[] = [table, queue, secret];

/** What serves requests and messages, in the order in which it starts: what is named by others comes before them. */
export const servingTypes: readonly AnyResourceType[] = [lambdaFunction, api, stage, integration, route, eventSource];
