import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import * as z from 'zod';
import { EventReason, EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import { checkedInput } from '../../../shared/operations/checked-input.ts';
import { readEventDetail } from '../../../shared/operations/events/event-detail.ts';
import { EventSearch, searchEvents } from '../../../shared/operations/events/event-search.ts';
import { followEvents } from '../../../shared/operations/events/follow-events.ts';
import { eventGroupings, groupEvents } from '../../../shared/operations/events/group-events.ts';
import { listedEvent } from '../../../shared/operations/events/listed-event.ts';
import { notFound } from '../../../shared/operations/refusal.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { followNoteText } from '../../../shared/operations/tables/follow-note.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { flag, oneOrMore, query, text, time, wholeNumber } from '../input.ts';
import { live } from '../live.ts';

export const EventQuery = z.strictObject({
  source: text.optional(),
  type: text.optional(),
  status: oneOrMore(EventStatus.options).optional(),
  reason: oneOrMore(EventReason.options).optional(),
  user_id: text.optional(),
  message_id: text.optional(),
  sync_run_id: text.optional(),
  mapping: text.optional(),
  workflow: text.optional(),
  config_version: wholeNumber(99_999_999).optional(),
  text: text.optional(),
  did_nothing: flag.optional(),
  since: time.optional(),
  until: time.optional(),
});

export function eventSearchOf({ since, until, ...filter }: z.output<typeof EventQuery>, after?: string): EventSearch {
  return checkedInput(EventSearch, { ...filter, since_ms: since, until_ms: until, after });
}

const Page = EventQuery.extend({ after: text.optional(), limit: wholeNumber(1_000).default(100) });
const Groups = EventQuery.extend({ by: z.enum(eventGroupings) });

export const events = new Hono<ConsoleEnv>()
  .get('/', query(Page), async (c) => {
    const { limit, after, ...filter } = c.req.valid('query');
    const { environment } = c.var;
    const directory = await readSources(environment);
    const options = { nowMs: Date.now(), limit: limit + 1 };
    const found = searchEvents(environment, directory, eventSearchOf(filter, after), options);
    const page = await pageOf(found, limit);
    return c.json({ ...page, rows: page.rows.map(listedEvent), since: iso(found.range.sinceMs) });
  })
  .get('/groups', query(Groups), async (c) => {
    const { by, ...filter } = c.req.valid('query');
    const { environment } = c.var;
    const directory = await readSources(environment);
    const grouped = await groupEvents(environment, directory, eventSearchOf(filter), by, { nowMs: Date.now() });
    const { groups, count, looked, range } = grouped;
    return c.json({ groups, count, looked, since: iso(range.sinceMs) });
  })
  .get('/live', query(EventQuery), (c) =>
    live(c, async function* (signal) {
      const { environment } = c.var;
      const search = eventSearchOf(c.req.valid('query'));
      const clock = { nowMs: Date.now, wait: (ms: number) => sleep(ms, undefined, { signal }) };
      for await (const followed of followEvents(environment, search, backlog, clock))
        yield 'note' in followed
          ? { note: { kind: followed.note.kind, text: followNoteText(followed.note) } }
          : { rows: followed.events.map(listedEvent) };
    }),
  )
  .get('/:id', async (c) => {
    const id = c.req.param('id');
    const detail = await readEventDetail(c.var.environment, id);
    if (detail === undefined)
      throw notFound(
        `no event ${id} in ${c.var.environment.name}`,
        'it may wait in a queue, have aged out, or never have come',
      );
    return c.json(detail);
  });

/** What came between a page's list and its first look. */
const backlog = 50;
