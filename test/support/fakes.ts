import { claimFromItem, claimItemKey, makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { defined } from '../../shared/core/defined.ts';
import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import type { ActionsMessage, ClaimRef } from '../../shared/core/plan/actions-message.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { Claim, ClaimStore } from '../../shared/ports/claim-store.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';
import type { ActionsQueue } from '../../shared/ports/queues.ts';
import { type Item, idOf, memoryTable } from './memory-table.ts';

/*
 * In-memory ports, for tests that need thousands of schedules or a fault at an exact call. Each behaves as its real
 * adapter: both run the same suite in test/contracts.
 */

/** The product's own claim store over a table in memory. `items` are the claims by their name. */
export function makeFakeClaimStore(): ClaimStore & { items: Claims } {
  const items = new Map<string, Item>();
  return { ...makeClaimStore(memoryTable(items), 'Claims'), items: new Claims(items) };
}

export function claimName(ref: ClaimRef): string {
  return idOf(claimItemKey(ref));
}

/** The claims of a table as they are at the moment of each call. */
class Claims {
  readonly #items: Map<string, Item>;
  constructor(items: Map<string, Item>) {
    this.#items = items;
  }
  get size(): number {
    return this.#items.size;
  }
  get(name: string): Claim | undefined {
    const item = this.#items.get(name);
    return item && claimFromItem(item);
  }
  delete(name: string): void {
    this.#items.delete(name);
  }
  clear(): void {
    this.#items.clear();
  }
  *[Symbol.iterator](): IterableIterator<[string, Claim]> {
    for (const [name, item] of this.#items) yield [name, claimFromItem(item)];
  }
  *values(): IterableIterator<Claim> {
    for (const [, claim] of this) yield claim;
  }
}

export function makeFakeEventLog(): EventLog & { rows: Map<string, EventLogEntry> } {
  const rows = new Map<string, EventLogEntry>();
  return {
    rows,
    async statusOf(eventId) {
      return rows.get(eventId)?.status;
    },
    async writeEach(entries) {
      for (const entry of entries) rows.set(entry.id, structuredClone(entry));
      return entries.map(() => undefined);
    },
    async writeHeld(entry) {
      if (rows.has(entry.id)) return false;
      rows.set(entry.id, structuredClone(entry));
      return true;
    },
    async writeFailed(entry) {
      const known = rows.get(entry.id);
      if (known && known.status !== 'failed' && known.status !== 'held') return 'final';
      const row = known?.status === 'failed' ? known : undefined;
      const { reason, detail, execution, key, eventType, userId } = row ?? entry;
      rows.set(
        entry.id,
        structuredClone({ ...entry, ...defined({ reason, detail, execution, key, eventType, userId }) }),
      );
      return row === undefined ? 'written' : 'rewritten';
    },
  };
}

export function makeFakeActionLog(): ActionLog & { rows: Map<string, ActionLogEntry> } {
  const rows = new Map<string, ActionLogEntry>();
  return {
    rows,
    async read(execution) {
      const row = rows.get(execution);
      return row && structuredClone(row);
    },
    async readEach(executions) {
      return structuredClone(executions.map((execution) => rows.get(execution)));
    },
    async writeEach(entries) {
      for (const entry of entries) rows.set(entry.execution, structuredClone(entry));
      return entries.map(() => undefined);
    },
    async writeIfUnchanged(entry, revisionSeen) {
      if ((rows.get(entry.execution)?.revision ?? 0) !== revisionSeen) return false;
      rows.set(entry.execution, structuredClone({ ...entry, revision: revisionSeen + 1 }));
      return true;
    },
  };
}

export function makeFakeActionsQueue(): ActionsQueue & { sent: (ActionsMessage & { delaySeconds?: number })[] } {
  const sent: (ActionsMessage & { delaySeconds?: number })[] = [];
  return {
    sent,
    async sendEach(messages) {
      sent.push(...structuredClone(messages));
      return messages.map(() => ({ sent: true }));
    },
  };
}

export type CountedMetrics = StageMetrics & { counts: Map<string, number>; times: Map<string, number[]> };

/** Counts by name, and by `name reason` where there is one. */
export function makeCountedMetrics(): CountedMetrics {
  const counts = new Map<string, number>();
  const times = new Map<string, number[]>();
  const add = (name: string, value: number) => counts.set(name, (counts.get(name) ?? 0) + value);
  return {
    counts,
    times,
    count(_source, name, value = 1, reason) {
      add(name, value);
      if (reason !== undefined) add(`${name} ${reason}`, value);
    },
    countAt(_atMs, _source, name, value = 1) {
      add(name, value);
    },
    time(_source, name, milliseconds) {
      times.set(name, [...(times.get(name) ?? []), milliseconds]);
    },
    print({ reason, counts, countsOfAllReasons = {} }) {
      for (const [name, value] of Object.entries(counts)) this.count('', name, value, reason);
      for (const [name, value] of Object.entries(countsOfAllReasons)) this.count('', name, value);
    },
    flush() {},
  };
}
