import { type Entity, isTombstone, type Tombstone } from '../../shared/core/directory/entity.ts';
import {
  nextRelation,
  type Relation,
  type RelationChange,
  type RelationWish,
} from '../../shared/core/directory/relation.ts';
import { type ObjectRef, recipientKey } from '../../shared/core/ids/entity-ref.ts';
import type { AudienceMember, Audiences, MemberKey } from '../../shared/ports/audiences.ts';
import type { Directory } from '../../shared/ports/directory.ts';
import type { Erased, Page, PageRequest, Subscription, Subscriptions } from '../../shared/ports/subscriptions.ts';

/*
 * In-memory ports of the directory. Each behaves as its real adapter: both run the same suite in test/contracts.
 */

export type FakeDirectory = Directory & {
  entities: Map<string, Entity>;
  tombstones: Map<string, Tombstone>;
  writes: number;
};

export function makeFakeDirectory(): FakeDirectory {
  const entities = new Map<string, Entity>();
  const tombstones = new Map<string, Tombstone>();
  const storedOf = (key: string) => entities.get(key) ?? tombstones.get(key);
  return {
    entities,
    tombstones,
    writes: 0,
    async readEach(refs) {
      return refs.map((ref) => structuredClone(entities.get(recipientKey(ref))));
    },
    async readStoredEach(refs) {
      return refs.map((ref) => structuredClone(storedOf(recipientKey(ref))));
    },
    async writeIfUnchanged(entity, versionSeen) {
      this.writes++;
      const key = recipientKey(entity.ref);
      if ((storedOf(key)?.version ?? 0) !== versionSeen) return false;
      entities.delete(key);
      tombstones.delete(key);
      if (isTombstone(entity)) tombstones.set(key, structuredClone(entity));
      else entities.set(key, structuredClone(entity));
      return true;
    },
  };
}

/** Relations between two names each, in the order in which a table would list them. */
function makeFakeRelations<Ends>() {
  const rows = new Map<string, { ends: Ends; relation: Relation }>();
  function change(all: [string, Ends][], wish: RelationWish, nowMs: number): RelationChange[] {
    const current = all.map(([name]) => rows.get(name)?.relation);
    return all.map(([name, ends], i) => {
      const { change, next } = nextRelation(current[i], wish, nowMs);
      if (next) rows.set(name, structuredClone({ ends, relation: next }));
      return change;
    });
  }
  function page<Entry>(
    isMine: (ends: Ends) => boolean,
    { limit, after, before }: PageRequest,
    entryOf: (ends: Ends, relation: Relation) => Entry,
  ): Page<Entry> {
    const mine = [...rows].filter(([, { ends }]) => isMine(ends)).sort(([a], [b]) => (a < b ? -1 : 1));
    const names = mine.map(([name]) => name);
    const inRange = mine.filter(
      (_, i) =>
        (after === undefined || (names[i] as string) > after) &&
        (before === undefined || (names[i] as string) < before),
    );
    const entries = before === undefined ? inRange.slice(0, limit) : inRange.slice(-limit);
    const last = entries.at(before === undefined ? -1 : 0)?.[0];
    return structuredClone({
      entries: entries
        .filter(([, { relation }]) => !relation.isRemoved)
        .map(([, { ends, relation }]) => entryOf(ends, relation)),
      ...(entries.length === limit && last !== undefined && { next: last }),
    });
  }
  function erase(isMine: (ends: Ends) => boolean, notAfterMs: number, { limit }: PageRequest): Erased {
    const old = [...rows].filter(([, { ends, relation }]) => isMine(ends) && relation.sourceTimeMs <= notAfterMs);
    const going = old.slice(0, limit);
    for (const [name] of going) rows.delete(name);
    return {
      erased: going.filter(([, { relation }]) => !relation.isRemoved).length,
      ...(old.length > limit && { next: 'more' }),
    };
  }
  return { rows, change, page, erase };
}

/** A page's `next` is the whole name of a row. */
function wholeNames({ limit, after, before }: PageRequest, nameOf: (edge: string) => string): PageRequest {
  return {
    limit,
    ...(after !== undefined && { after: after.includes('\n') ? after : nameOf(after) }),
    ...(before !== undefined && { before: before.includes('\n') ? before : nameOf(before) }),
  };
}

type SubscriptionEnds = Pick<Subscription, 'object' | 'recipient'>;

export type FakeSubscriptions = Subscriptions & { rows: Map<string, { ends: SubscriptionEnds; relation: Relation }> };

export function makeFakeSubscriptions(): FakeSubscriptions {
  const { rows, change, page, erase } = makeFakeRelations<SubscriptionEnds>();
  const asSubscription = (ends: SubscriptionEnds, relation: Relation): Subscription => ({
    ...ends,
    properties: relation.properties,
    sourceTimeMs: relation.sourceTimeMs,
    insertedAtMs: relation.insertedAtMs,
    updatedAtMs: relation.updatedAtMs,
  });
  const of = (object: ObjectRef) => (ends: SubscriptionEnds) => recipientKey(ends.object) === recipientKey(object);
  const by = (recipient: SubscriptionEnds['recipient']) => (ends: SubscriptionEnds) =>
    recipientKey(ends.recipient) === recipientKey(recipient);
  const named = (object: ObjectRef, recipients: SubscriptionEnds['recipient'][]) =>
    recipients.map((recipient): [string, SubscriptionEnds] => [
      `${recipientKey(object)}\n${recipientKey(recipient)}`,
      { object, recipient },
    ]);
  return {
    rows,
    async readEach(object, recipients) {
      return named(object, recipients).map(([name, ends]) => {
        const relation = rows.get(name)?.relation;
        return relation && structuredClone({ ...asSubscription(ends, relation), isRemoved: relation.isRemoved });
      });
    },
    async subscribe(object, recipients, { nowMs, ...wish }) {
      return change(named(object, recipients), { kind: 'set', ...wish }, nowMs);
    },
    async unsubscribe(object, recipients, { nowMs, ...wish }) {
      return change(named(object, recipients), { kind: 'remove', ...wish }, nowMs);
    },
    subscribersOf: async (object, request) =>
      page(
        of(object),
        wholeNames(request, (edge) => `${recipientKey(object)}\n${edge}`),
        asSubscription,
      ),
    subscriptionsOf: async (recipient, request) =>
      page(
        by(recipient),
        wholeNames(request, (edge) => `${edge}\n${recipientKey(recipient)}`),
        asSubscription,
      ),
    eraseSubscribersOf: async (object, notAfterMs, request) => erase(of(object), notAfterMs, request),
    eraseSubscriptionsOf: async (recipient, notAfterMs, request) => erase(by(recipient), notAfterMs, request),
  };
}

type MemberEnds = MemberKey & { audience: string };

export type FakeAudiences = Audiences & {
  keys: Set<string>;
  rows: Map<string, { ends: MemberEnds; relation: Relation }>;
};

export function makeFakeAudiences(): FakeAudiences {
  const keys = new Set<string>();
  const { rows, change, page, erase } = makeFakeRelations<MemberEnds>();
  const asMember = (ends: MemberEnds, relation: Relation): AudienceMember & { audience: string } => ({
    ...ends,
    sourceTimeMs: relation.sourceTimeMs,
    addedAtMs: relation.insertedAtMs,
  });
  const named = (audience: string, members: MemberKey[]) =>
    members.map(({ userId, tenant }): [string, MemberEnds] => [
      `${audience}\n${userId}\n${tenant ?? ''}`,
      { audience, userId, tenant },
    ]);
  return {
    keys,
    rows,
    async ensure(key, create) {
      if (create) keys.add(key);
      return keys.has(key);
    },
    async readEach(key, members) {
      return named(key, members).map(([name, ends]) => {
        const relation = rows.get(name)?.relation;
        return relation && structuredClone({ ...asMember(ends, relation), isRemoved: relation.isRemoved });
      });
    },
    async add(key, members, { nowMs, ...wish }) {
      return change(named(key, members), { kind: 'set', properties: {}, ...wish }, nowMs);
    },
    async remove(key, members, { nowMs, ...wish }) {
      return change(named(key, members), { kind: 'remove', ...wish }, nowMs);
    },
    membersOf: async (key, request) =>
      page(
        ({ audience }) => audience === key,
        wholeNames(request, (edge) => `${key}\n${edge.replace('#', '\n')}`),
        asMember,
      ),
    membershipsOf: async (id, request) => page(({ userId }) => userId === id, request, asMember),
    eraseMembershipsOf: async (id, notAfterMs, request) => erase(({ userId }) => userId === id, notAfterMs, request),
  };
}
