import type { ActionStatus } from '../../core/logs/action-log-entry.ts';
import type { Environment } from '../environment.ts';
import { readSources } from '../sources/known-sources.ts';
import {
  type FollowClock,
  type FollowNote,
  keepLooking,
  type Look,
  type Looking,
  realClock,
  wideLookMs,
} from '../tables/follow.ts';
import { pageOf } from '../tables/search.ts';
import { type ActionSearch, searchActions } from './action-search.ts';
import type { FoundAction } from './actions.ts';

export type FollowedActions = { actions: FoundAction[] } | { note: FollowNote };

const clockSkewMs = 5 * 60_000;

/**
 * Actions of a search as they are logged, oldest first, in batches; never ends by itself. It shows an
 * action again only when its status changed: a pending one that succeeds, a failed one that a replay
 * runs. Times of the search have no meaning here.
 *
 * @param backlog the number of existing actions to begin with
 * @throws Refusal for an unknown source or event, and whatever makes the first reading fail; later it
 * says that it is blind, and goes on
 */
export async function* followActions(
  environment: Environment,
  search: ActionSearch,
  backlog: number,
  clock: FollowClock = realClock,
): AsyncGenerator<FollowedActions> {
  const { since_ms: _since, until_ms: _until, after: _after, ...wanted } = search;
  const startedMs = clock.nowMs();
  const seen = new Map<string, { status: ActionStatus; atMs: number }>();
  /** Whether it was not seen yet, or not with this status. */
  const isNew = ({ log, action: { id, status } }: FoundAction): boolean => {
    const key = `${log.execution} ${id}`;
    const before = seen.get(key)?.status;
    seen.set(key, { status, atMs: clock.nowMs() });
    return before !== status;
  };
  let directory = await readSources(environment);
  const searchSince = (sinceMs: number, limit: number) =>
    searchActions(
      environment,
      directory,
      { ...wanted, since_ms: Math.max(0, sinceMs) },
      { nowMs: clock.nowMs(), limit },
    );

  const { rows: first } = await pageOf(searchSince(startedMs - wideLookMs, backlog), backlog);
  for (const found of first) isNew(found);
  // Functions have clocks of their own, so a row tells what is old better than this one.
  const oldUntilMs = Math.max(...first.map(({ log }) => log.updatedAtMs), startedMs - clockSkewMs);
  if (first.length > 0) yield { actions: first.reverse() };

  async function look(lookBackMs: number): Promise<Look<FoundAction>> {
    const found = searchSince(clock.nowMs() - lookBackMs, Number.POSITIVE_INFINITY);
    const rows: FoundAction[] = [];
    for await (const row of found.rows) if (isNew(row) && row.log.updatedAtMs > oldUntilMs) rows.push(row);
    const { next } = found.looked();
    return { rows, ...(next !== null && { end: next.slice(0, 26) }) };
  }

  const looking: Looking<FoundAction> = {
    queue: 'actions',
    look,
    async refresh() {
      directory = await readSources(environment);
    },
    forgetBefore(timeMs) {
      for (const [key, { atMs }] of seen) if (atMs < timeMs) seen.delete(key);
    },
  };
  for await (const found of keepLooking(environment, looking, clock))
    yield 'rows' in found ? { actions: found.rows } : found;
}
