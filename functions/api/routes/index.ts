import type { Route } from '../route.ts';
import { audienceRoutes } from './audiences.ts';
import { bulkRoutes } from './bulk-operations.ts';
import { destinationRoutes } from './destinations.ts';
import { documentRoutes } from './documents.ts';
import { objectSubscriptionRoutes } from './object-subscriptions.ts';
import { objectRoutes } from './objects.ts';
import { tenantRoutes } from './tenants.ts';
import { userRoutes } from './users.ts';
import { workflowRunRoutes } from './workflow-runs.ts';
import { workflowRoutes } from './workflows.ts';

/** Every call of the API. docs/api.md, "Adding a call". */
export const routes: readonly Route[] = [
  ...userRoutes,
  ...objectRoutes,
  ...objectSubscriptionRoutes,
  ...tenantRoutes,
  ...audienceRoutes,
  ...bulkRoutes,
  ...workflowRoutes,
  ...workflowRunRoutes,
  ...destinationRoutes,
  ...documentRoutes,
];
