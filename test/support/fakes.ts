import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import type { ActionsMessage, ClaimRef } from '../../shared/core/plan/actions-message.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { Claim, ClaimStore } from '../../shared/ports/claim-store.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';
import type { ActionsQueue } from '../../shared/ports/queues.ts';

/*
 * In-memory ports, for tests that need thousands of schedules or a fault at an exact call. Each behaves as its real
 * adapter: both run the same suite in test/contracts.
 */

export function makeFakeClaimStore(): ClaimStore & { items: Map<string, Claim> } {
  const items = new Map<string, Claim>();
  const id = ({ key, source, eventType }: ClaimRef) => `${key}\n${source}\n${eventType}`;
  const wholeSecond = (ms: number) => Math.ceil(ms / 1000) * 1000;
  return {
    items,
    async claim(request, nowMs) {
      const held = items.get(id(request));
      if (held === undefined || (held.owner === request.eventId && held.leaseEndsAtMs <= nowMs)) {
        const claim: Claim = {
          owner: request.eventId,
          leaseEndsAtMs: request.leaseEndsAtMs,
          expiresAtMs: held?.expiresAtMs ?? wholeSecond(request.expiresAtMs),
          execution: held?.execution ?? request.execution ?? request.eventId,
          released: held?.released ?? false,
        };
        items.set(id(request), claim);
        return { kind: 'taken', claim: { ...claim }, ...(held && { previous: { ...held } }) };
      }
      return { kind: 'refused', held: { ...held } };
    },
    async takeOver(request, seen) {
      const held = items.get(id(request));
      if (
        held?.owner !== seen.owner ||
        held.leaseEndsAtMs !== seen.leaseEndsAtMs ||
        held.expiresAtMs !== wholeSecond(seen.expiresAtMs)
      ) {
        return false;
      }
      items.set(id(request), {
        owner: request.eventId,
        execution: request.execution,
        leaseEndsAtMs: request.leaseEndsAtMs,
        expiresAtMs: wholeSecond(request.expiresAtMs),
        released: false,
      });
      return true;
    },
    async release(ref, execution) {
      const held = items.get(id(ref));
      if (held?.execution === execution) items.set(id(ref), { ...held, released: true });
    },
  };
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
    async writeFailed(entry) {
      const row = rows.get(entry.id);
      if (row && row.status !== 'failed') return false;
      const { reason, detail, execution, key, eventType, userId } = row ?? entry;
      rows.set(entry.id, structuredClone({ ...entry, reason, detail, execution, key, eventType, userId }));
      return true;
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

export type CountedMetrics = StageMetrics & { counts: Map<string, number> };

/** Counts by name, and by `name reason` where there is one. */
export function makeCountedMetrics(): CountedMetrics {
  const counts = new Map<string, number>();
  const add = (name: string, value: number) => counts.set(name, (counts.get(name) ?? 0) + value);
  return {
    counts,
    count(_source, name, value = 1, reason) {
      add(name, value);
      if (reason !== undefined) add(`${name} ${reason}`, value);
    },
    countAt(_atMs, _source, name, value = 1) {
      add(name, value);
    },
    time() {},
    flush() {},
  };
}
