import type { MiddlewareHandler } from 'hono';
import type { ConsoleEnv } from './context.ts';

/** Stands before each route that writes configuration files, so that a run leaves them to the page. */
export const writesFiles: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  const { pageFiles } = c.var.context;
  if (pageFiles === undefined) return next();
  await pageFiles.during(next);
};
