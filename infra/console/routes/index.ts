import { Hono } from 'hono';
import type { ConsoleEnv } from '../context.ts';
import { actions } from './actions.ts';
import { configuration } from './configuration.ts';
import { configurationAcross } from './configuration-across.ts';
import { configurationHistory } from './configuration-history.ts';
import { audiences, find, objects, tenants } from './directory.ts';
import { discards } from './discard.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { jobs } from './jobs.ts';
import { keys, links } from './keys.ts';
import { mappings } from './mappings.ts';
import { newSource } from './new-source.ts';
import { people } from './people.ts';
import { replays } from './replay.ts';
import { runs } from './runs.ts';
import { source } from './source.ts';
import { sourceAccess } from './source-access.ts';
import { sourceSettings } from './source-settings.ts';
import { sourceSetup } from './source-setup.ts';
import { sources } from './sources.ts';
import { why } from './why.ts';
import { workflows } from './workflows.ts';

/**
 * Everything under `/api/ENVIRONMENT`, a file per noun. A route is a thin call of an operation:
 * `c.var.environment` is open, and every guard has passed.
 */
export const routes = new Hono<ConsoleEnv>()
  .route('/actions', actions)
  .route('/audiences', audiences)
  .route('/configuration', configuration)
  .route('/configuration', configurationAcross)
  .route('/configuration', configurationHistory)
  .route('/discard', discards)
  .route('/doctor', doctor)
  .route('/events', events)
  .route('/find', find)
  .route('/jobs', jobs)
  .route('/keys', keys)
  .route('/links', links)
  .route('/mappings', mappings)
  .route('/objects', objects)
  .route('/new-source', newSource)
  .route('/people', people)
  .route('/replay', replays)
  .route('/runs', runs)
  .route('/source', source)
  .route('/source', sourceAccess)
  .route('/source', sourceSettings)
  .route('/source', sourceSetup)
  .route('/sources', sources)
  .route('/tenants', tenants)
  .route('/why', why)
  .route('/workflows', workflows);

/** What the page's client is typed by. */
export type Routes = typeof routes;
