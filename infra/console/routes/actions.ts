import { Hono } from 'hono';
import * as z from 'zod';
import { actionReasons, actionStatuses } from '../../../shared/core/logs/action-log-entry.ts';
import { actionRow } from '../../../shared/operations/actions/action-row.ts';
import { ActionSearch, searchActions } from '../../../shared/operations/actions/action-search.ts';
import { actionGroupings, groupActions } from '../../../shared/operations/actions/group-actions.ts';
import { checkedInput } from '../../../shared/operations/checked-input.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { pageOf } from '../../../shared/operations/tables/search.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleEnv } from '../context.ts';
import { oneOrMore, query, text, time, wholeNumber } from '../input.ts';

export const ActionQuery = z.strictObject({
  event_id: text.optional(),
  source: text.optional(),
  type: text.optional(),
  status: oneOrMore(actionStatuses).optional(),
  reason: oneOrMore(actionReasons).optional(),
  action: text.optional(),
  mapping: text.optional(),
  workflow: text.optional(),
  user_id: text.optional(),
  message_id: text.optional(),
  config_version: wholeNumber(99_999_999).optional(),
  text: text.optional(),
  since: time.optional(),
  until: time.optional(),
});

export function actionSearchOf(
  { since, until, ...filter }: z.output<typeof ActionQuery>,
  after?: string,
): ActionSearch {
  return checkedInput(ActionSearch, { ...filter, since_ms: since, until_ms: until, after });
}

const Page = ActionQuery.extend({ after: text.optional(), limit: wholeNumber(1_000).default(100) });
const Groups = ActionQuery.extend({ by: z.enum(actionGroupings) });

export const actions = new Hono<ConsoleEnv>()
  .get('/', query(Page), async (c) => {
    const { limit, after, ...filter } = c.req.valid('query');
    const { environment } = c.var;
    const directory = await readSources(environment);
    const options = { nowMs: Date.now(), limit: limit + 1 };
    const found = searchActions(environment, directory, actionSearchOf(filter, after), options);
    const page = await pageOf(found, limit);
    const rows = page.rows.map(({ log, action }) => ({
      ...actionRow(log, action),
      received_at: iso(log.receivedAtMs),
    }));
    return c.json({ ...page, rows, since: iso(found.range.sinceMs) });
  })
  .get('/groups', query(Groups), async (c) => {
    const { by, ...filter } = c.req.valid('query');
    const { environment } = c.var;
    const directory = await readSources(environment);
    const grouped = await groupActions(environment, directory, actionSearchOf(filter), by, { nowMs: Date.now() });
    const { groups, count, looked, range } = grouped;
    return c.json({ groups, count, looked, since: iso(range.sinceMs) });
  });
