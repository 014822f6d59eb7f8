import { Hono } from 'hono';
import * as z from 'zod';
import { Verification } from '../../../shared/core/configuration/verification.ts';
import { readConfigurationFiles } from '../../../shared/operations/configuration/files/configuration-files.ts';
import { readSeen } from '../../../shared/operations/configuration/live-content.ts';
import {
  environmentBelow,
  requireCommitsIn,
  takesCommits,
} from '../../../shared/operations/configuration/promotion-order.ts';
import { liveAtMs } from '../../../shared/operations/configuration/wait-until-live.ts';
import { addSource, planAddedSource } from '../../../shared/operations/sources/add-source.ts';
import { kindRow } from '../../../shared/operations/sources/kind-row.ts';
import { sourceGuides } from '../../../shared/operations/sources/source-guides.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleContext, ConsoleEnv } from '../context.ts';
import { body, text } from '../input.ts';
import { writesFiles } from '../writes-files.ts';
import { checkoutOf, lookAgain } from './configuration.ts';

const Wanted = z.strictObject({
  kind: text,
  key: z.string().max(256),
  name: z.string().trim().min(1, 'says what people call it').max(200).optional(),
  mappings: z.array(z.string().max(256)).max(100).optional(),
  verification: Verification.optional(),
});
const Add = Wanted.extend({ message: z.string().trim().min(1, 'says what the change is for').max(1_000) });

/** @throws Refusal for an environment to which content is promoted, and for a console without files */
function placeOf(c: { var: ConsoleEnv['Variables'] }) {
  const { environment, context } = c.var;
  const checkout = checkoutOf(context);
  requireCommitsIn(context.order, environment.name);
  return { environment, checkout };
}

/** Why no source can be added here at all; null when one can. */
function obstacleOf(context: ConsoleContext, environment: string) {
  if (!takesCommits(context.order, environment)) {
    const below = environmentBelow(context.order, environment) ?? null;
    return { kind: 'promoted' as const, below };
  }
  const { checkout } = context;
  if (checkout === undefined) return { kind: 'no_files' as const };
  const errors = readConfigurationFiles(checkout.directory).problems.filter(({ severity }) => severity === 'error');
  return errors.length === 0 ? null : { kind: 'file_errors' as const, problems: errors };
}

/** A new source: its file and its commit in one. */
export const newSource = new Hono<ConsoleEnv>()
  /** Who can send, which keys are taken, and whether a source can be added here. */
  .get('/', async (c) => {
    const { environment, context } = c.var;
    const { checkout } = context;
    const [kinds, { snapshot }] = await Promise.all([sourceGuides(), readSeen(environment.configuration)]);
    const files =
      checkout === undefined ? [] : Object.keys(readConfigurationFiles(checkout.directory).snapshot.sources);
    return c.json({
      kinds: kinds.map(kindRow),
      keys: [...new Set([...files, ...Object.keys(snapshot.sources)])].sort(),
      directory: checkout?.directory ?? null,
      obstacle: obstacleOf(context, environment.name),
    });
  })
  .post('/dry-run', body(Wanted), async (c) => c.json(await planAddedSource(placeOf(c), c.req.valid('json'))))
  .post('/', writesFiles, body(Add), async (c) => {
    const { message, ...wanted } = c.req.valid('json');
    const nowMs = Date.now();
    const about = { author: c.var.context.author, message, nowMs };
    const place = placeOf(c);
    const added = await addSource(place, wanted, about).catch(lookAgain);
    return c.json({ ...added, live_at: iso(liveAtMs(place.environment, nowMs)) });
  });
