import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import packageJson from '../../package.json' with { type: 'json' };
import type { Checkout } from '../../shared/operations/configuration/checkout.ts';
import type { PromotionOrder } from '../../shared/operations/configuration/promotion-order.ts';
import { ensurePageBuilt, pageParts } from '../build/build-page.js';
import { makeAccess } from './access.ts';
import { makeApp } from './app.ts';
import { type EnvironmentSource, openEnvironments } from './environments.ts';
import { makeRunningJobs } from './jobs.ts';
import type { PageFiles } from './page-files.ts';

export type ConsoleOptions = {
  /** 0: any free one. */
  port: number;
  environments: EnvironmentSource;
  /** Changes nothing, whatever the page asks. */
  readOnly: boolean;
  /** Recorded with what the page changes. */
  author: string;
  /** The configuration files that the page reads and writes. Absent: it writes none. */
  checkout?: Checkout | undefined;
  /** Notes what the page leaves in these files. Absent: a run that watches them commits it at once. */
  pageFiles?: PageFiles | undefined;
  /** In which environments content is committed, and to which it is promoted. */
  order: PromotionOrder;
  /** Signs the sessions of browsers; the same one after a restart keeps them signed in. */
  sessionKey?: Buffer | undefined;
  /** How to get a new URL, in words: `npx signalbox console`. */
  urlCommand: string;
  onProblem(line: string): void;
};

export type Console = {
  port: number;
  /** With the token, which opens one browser. */
  url: string;
  stop(): Promise<void>;
};

/**
 * Serves the console on this machine's own address. docs/console.md.
 * @throws the listener's error with `code` EADDRINUSE for a port that is taken; Error with esbuild's
 * messages when the page does not compile
 */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const { author, readOnly, checkout, pageFiles, order, onProblem, urlCommand } = options;
  const folder = await ensurePageBuilt();
  const parts = await pageParts();
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const { port } = address;
    const access = makeAccess(port, options.sessionKey);
    const jobs = makeRunningJobs(onProblem);
    const { app } = makeApp({
      port,
      access,
      context: {
        readOnly,
        author,
        jobs,
        checkout,
        pageFiles,
        order,
        environments: openEnvironments(options.environments),
      },
      page: { folder, parts },
      version: packageJson.version,
      urlCommand,
      onProblem,
    });
    server.on('request', getRequestListener(app.fetch, { overrideGlobalObjects: false }));
    return {
      port,
      // What follows # is not sent with requests, so that no preview of a link spends the token.
      url: `http://127.0.0.1:${port}/#token=${access.token}`,
      async stop() {
        await jobs.leaveAll();
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        });
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}
