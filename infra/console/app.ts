import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import * as z from 'zod';
import { actions } from '../../shared/core/actions/index.ts';
import { asError } from '../../shared/core/errors.ts';
import { actionReasons, actionStatuses } from '../../shared/core/logs/action-log-entry.ts';
import { EventReason, EventStatus } from '../../shared/core/logs/event-log-entry.ts';
import { actionGroupings } from '../../shared/operations/actions/group-actions.ts';
import { environmentAbove } from '../../shared/operations/configuration/promotion-order.ts';
import { eventGroupings } from '../../shared/operations/events/group-events.ts';
import { runStatuses } from '../../shared/operations/runs/run-status.ts';
import type { Access } from './access.ts';
import type { ConsoleContext, ConsoleEnv } from './context.ts';
import { guardChanges, guardHost, guardOrigin, guardSession } from './guard.ts';
import { body, text } from './input.ts';
import { type ServedPage, servePage } from './page.ts';
import { problemOf, problemResponse, Refused } from './problem.ts';
import { routes } from './routes/index.ts';
import { textOfPart } from './web/addresses.ts';

/** The closed lists that filters offer. */
const lists = {
  event_statuses: EventStatus.options,
  event_reasons: EventReason.options,
  event_groupings: eventGroupings,
  action_statuses: actionStatuses,
  action_reasons: actionReasons,
  action_groupings: actionGroupings,
  run_statuses: runStatuses,
  actions: actions.map(({ id }) => id),
};
export type Lists = typeof lists;

export type ConsoleParts = {
  port: number;
  access: Access;
  context: ConsoleContext;
  page: Pick<ServedPage, 'folder' | 'parts'>;
  version: string;
  /** How to get a new URL, in words. */
  urlCommand: string;
  onProblem(line: string): void;
};

/** All that a console answers; every guard stands before every route. */
export function makeApp(parts: ConsoleParts) {
  const { access, context } = parts;
  const { environments } = context;
  const session = guardSession(access, parts.urlCommand);

  const sessions = new Hono()
    // Spends the token of the printed URL.
    .post('/', body(z.strictObject({ token: text })), (c) => {
      const cookie = access.exchange(c.req.valid('json').token, Date.now());
      if (cookie === undefined)
        throw new Refused(403, 'token_spent', 'this URL was opened before, or is of another run', parts.urlCommand);
      return c.json({ ok: true }, 200, { 'set-cookie': cookie });
    })
    .get('/', session, (c) =>
      c.json({
        version: parts.version,
        author: context.author,
        read_only: context.readOnly,
        environments: environments.names(),
      }),
    );

  const api = new Hono<ConsoleEnv>()
    .use(session)
    .use('/:environment/*', async (c, next) => {
      c.set('context', context);
      c.set('environment', await environments.open(c.req.param('environment')));
      await next();
    })
    .get('/:environment', async (c) => {
      const { name, where, local, outputs } = await environments.open(c.req.param('environment'));
      const above = environmentAbove(context.order, name);
      return c.json({
        name,
        where,
        local,
        ingest_url: outputs.IngestUrl,
        // A promotion needs both in this console.
        above: above !== undefined && environments.names().includes(above) ? above : null,
        lists,
      });
    })
    .use('/:environment/*', guardChanges)
    .route('/:environment', routes);

  const pathOf = (request: Request) => getPath(request).split('/').map(textOfPart).join('/');
  const app = new Hono({ getPath: pathOf })
    .use(guardHost(parts.port))
    .use('/api/*', guardOrigin)
    .use('/api/*', async (c, next) => {
      await next();
      c.res.headers.set('cache-control', 'no-store');
    })
    .route('/api/session', sessions)
    .route('/api/environments', api)
    .all('/api/*', () => {
      throw new Refused(404, 'not_found', 'there is no such route');
    })
    .get(
      '*',
      servePage({
        ...parts.page,
        mayRead: (c, environment) =>
          access.isSession(c.req.header('cookie'), Date.now()) && environments.names().includes(environment),
      }),
    );

  app.onError((error, c) => {
    const problem = problemOf(error);
    const name = /^\/api\/environments\/([^/]+)/.exec(c.req.path)?.[1];
    // The next request connects anew: a run that was started again has other addresses.
    if (problem.code === 'away' && name !== undefined) environments.forget(decodeURIComponent(name));
    if (problem.code === 'bug') parts.onProblem(asError(error).stack ?? problem.title);
    return problemResponse(problem);
  });
  app.notFound(() => problemResponse(new Refused(404, 'not_found', 'there is no such page').problem));
  return { app, sessions };
}

export type Sessions = ReturnType<typeof makeApp>['sessions'];
