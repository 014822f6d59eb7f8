import { setTimeout as sleep } from 'node:timers/promises';
import { entryFromItem as actionEntryFromItem, actionItemKey } from '../../adapters/dynamodb-action-log.ts';
import { entryFromItem, eventItemKey } from '../../adapters/dynamodb-event-log.ts';
import { getEach, type ItemKey } from '../../adapters/dynamodb-get-each.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import type { Item } from '../tables/tables.ts';

/** A finished event: its row, and the row of its actions if it had some. */
export type FinalEvent = { entry: EventLogEntry; actions?: ActionLogEntry };

/** An event that is not final yet, with what its rows said last; absent: they were not there. */
export type WaitingEvent = { id: string; entry?: EventLogEntry; actions?: ActionLogEntry };

export type Follower = {
  add(ids: string[]): void;
  readonly final: ReadonlyMap<string, FinalEvent>;
  /** Events that are not final yet. */
  waiting(): WaitingEvent[];
  /**
   * Waits until all added events are final.
   * @param onStill asked each second once none has moved for a few seconds, whether to go on waiting
   * @returns false when none moved for `patienceMs`: the rest may wait for a retry that is hours
   * away
   */
  settle(patienceMs: number, onStill?: (waiting: WaitingEvent[]) => boolean): Promise<boolean>;
  stop(): void;
};

// A few events are read often, so that a person does not wait; many are read seldom, so that
// reading does not slow them down.
const pollFewMs = 100;
const pollManyMs = 500;
const few = 100;
/** A healthy stack moves an event sooner, so a person wants to know what this one waits for. */
const stillAfterMs = 4_000;
const askEveryMs = 1_000;
const chunkSize = 100;
const chunksPerPoll = 10;

type Waiting = { id: string; entry?: EventLogEntry; key: ItemKey };

/**
 * Follows events from acceptance to their end by reading rows: first the event's, then, for a
 * processed event with actions, its execution's until no action is pending. It reads those that
 * have waited longest, at most a thousand rows twice a second, so that watching costs less than the
 * work.
 */
export function followEvents(environment: Environment, source: string, onProgress: (final: number) => void): Follower {
  const { documents, outputs } = environment;
  const forEvent: Waiting[] = [];
  const forActions: Waiting[] = [];
  const added = new Set<string>();
  const seen = new Map<string, Omit<WaitingEvent, 'id'>>();
  const final = new Map<string, FinalEvent>();
  let movedAtMs = performance.now();
  let stopped = false;

  const finish = (id: string, event: FinalEvent): true => {
    final.set(id, event);
    seen.delete(id);
    movedAtMs = performance.now();
    return true;
  };

  async function poll(): Promise<void> {
    await pass(forEvent, outputs.EventLogTable, (waiting, item) => {
      const entry = entryFromItem(item);
      if (entry.status !== 'processed' || entry.execution === undefined || entry.actionsPlanned === 0)
        return finish(waiting.id, { entry });
      movedAtMs = performance.now();
      forActions.push({ id: waiting.id, entry, key: actionItemKey(entry.execution) });
      return true;
    });
    await pass(forActions, outputs.ActionLogTable, (waiting, item) => {
      const actions = actionEntryFromItem(item);
      if (waiting.entry === undefined) return false;
      seen.set(waiting.id, { entry: waiting.entry, actions });
      if (actions.actions.some(({ status }) => status === 'pending')) return false;
      return finish(waiting.id, { entry: waiting.entry, actions });
    });
    onProgress(final.size);
  }

  /** One pass over a list, longest-waiting first; `take` answers whether the item is finished. */
  async function pass(list: Waiting[], table: string, take: (waiting: Waiting, item: Item) => boolean): Promise<void> {
    for (let chunks = Math.min(chunksPerPoll, Math.ceil(list.length / chunkSize)); chunks > 0; chunks--) {
      const chunk = list.splice(0, chunkSize);
      const keys = chunk.map(({ key }) => key);
      const items = await getEach(documents, keys, { table, what: 'following events' });
      const left = chunk.filter((waiting, i) => {
        const item = items[i];
        return item === undefined || !take(waiting, item);
      });
      // Moves it to the end, so that a few slow ones do not hide the others.
      list.push(...left);
      // None of the older half has finished, so the younger ones have not either.
      if (left.length === chunk.length) return;
    }
  }

  const loop = (async () => {
    while (!stopped) {
      await sleep(added.size - final.size <= few ? pollFewMs : pollManyMs);
      if (added.size > final.size) await poll();
    }
  })();
  const waiting = () => [...added].filter((id) => !final.has(id)).map((id) => ({ id, ...seen.get(id) }));
  let failed: { error: unknown } | undefined;
  loop.catch((error) => {
    failed = { error };
  });

  return {
    add(ids) {
      for (const id of ids) added.add(id);
      forEvent.push(...ids.map((id) => ({ id, key: eventItemKey(id, source) })));
      movedAtMs = performance.now();
    },
    final,
    waiting,
    async settle(patienceMs, onStill) {
      let askedAtMs = 0;
      while (added.size > final.size) {
        if (failed !== undefined) throw failed.error;
        const nowMs = performance.now();
        if (nowMs - movedAtMs > patienceMs) return false;
        if (onStill !== undefined && nowMs - movedAtMs > stillAfterMs && nowMs - askedAtMs > askEveryMs) {
          askedAtMs = nowMs;
          if (!onStill(waiting())) return false;
        }
        await sleep(20);
      }
      return true;
    },
    stop() {
      stopped = true;
    },
  };
}
