import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import * as z from 'zod';
import { readConfigurationFiles } from '../../../shared/operations/configuration/files/configuration-files.ts';
import { listedEvent } from '../../../shared/operations/events/listed-event.ts';
import { addSuggestion } from '../../../shared/operations/mappings/add-suggestion.ts';
import { mappingYaml } from '../../../shared/operations/mappings/mapping-yaml.ts';
import { suggestFromEvent } from '../../../shared/operations/mappings/suggest-from-event.ts';
import { refusalAdvice } from '../../../shared/operations/refusals/refusal-advice.ts';
import { followArrivals } from '../../../shared/operations/sources/follow-arrivals.ts';
import { readSourceSetup } from '../../../shared/operations/sources/source-setup.ts';
import { followNoteText } from '../../../shared/operations/tables/follow-note.ts';
import type { ConsoleEnv } from '../context.ts';
import { body, query, text } from '../input.ts';
import { live } from '../live.ts';
import { writesFiles } from '../writes-files.ts';
import { checkoutOf } from './configuration.ts';

/** How many of the last hour's events the page begins with. */
const backlog = 5;

const Suggest = z.strictObject({ type: text, action: text.optional(), event: text.optional() });

/** How a source is set up, and what arrives of it while a person does that. */
export const sourceSetup = new Hono<ConsoleEnv>()
  .get('/:key/setup', async (c) => c.json(await readSourceSetup(c.var.environment, c.req.param('key'))))
  /** Events and refused requests, as they come. */
  .get('/:key/arrivals', (c) =>
    live(c, async function* (signal) {
      // A person waits for it, and looks cost nothing here.
      const waitMsMax = c.var.environment.local ? 400 : 1_000;
      const clock = { nowMs: Date.now, wait: (ms: number) => sleep(Math.min(ms, waitMsMax), undefined, { signal }) };
      for await (const arrival of followArrivals(c.var.environment, c.req.param('key'), backlog, clock)) {
        if ('events' in arrival) yield { rows: arrival.events.map(listedEvent) };
        else if ('refusals' in arrival)
          yield { refusals: arrival.refusals.map((row) => ({ ...row, ...refusalAdvice(row) })) };
        else yield { note: { kind: arrival.note.kind, text: followNoteText(arrival.note) } };
      }
    }),
  )
  /** A mapping to begin with, made from a stored event of the type. */
  .get('/:key/suggestion', query(Suggest), async (c) => {
    const { type, action, event } = c.req.valid('query');
    const source = c.req.param('key');
    const { checkout } = c.var.context;
    // What a file has already is not suggested under the same id.
    const snapshot = checkout && readConfigurationFiles(checkout.directory).snapshot;
    const found = await suggestFromEvent(c.var.environment, { source, type, action, eventId: event, snapshot });
    const { mapping, notes } = found.suggestion;
    const yaml = mappingYaml(found.suggestion, { source, eventId: found.eventId });
    return c.json({ event_id: found.eventId, type: found.type, mapping, notes, yaml });
  })
  /** Writes it into the file of the source. It is live after a commit. */
  .post('/:key/suggestion', writesFiles, body(Suggest), async (c) => {
    const { type, action, event } = c.req.valid('json');
    const { directory } = checkoutOf(c.var.context);
    const request = { source: c.req.param('key'), type, action, eventId: event };
    return c.json(await addSuggestion(c.var.environment, directory, request));
  });
