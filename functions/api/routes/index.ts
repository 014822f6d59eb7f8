import type { Route } from '../route.ts';
import { userRoutes } from './users.ts';

/** Every call of the API. docs/api.md, "Adding a call". */
export const routes: readonly Route[] = [...userRoutes];
