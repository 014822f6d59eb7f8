import type { Directory } from '../../ports/directory.ts';
import { RetryableError } from '../errors.ts';
import { recipientKey } from '../ids/entity-ref.ts';
import { inParallel } from '../in-parallel.ts';
import type { Entity, Tombstone } from './entity.ts';
import { type EntityWrite, type Merge, mergeEntity } from './merge-entity.ts';

export type Upserted =
  | { kind: 'upserted'; entity: Entity; created: boolean; changed: string[]; kept: string[] }
  /** An event that happened later has deleted it; no write was made. */
  | { kind: 'deleted' }
  /** The write was `only` to change it, and it does not exist. */
  | { kind: 'absent' }
  | { kind: 'refused'; message: string };

const attemptsMax = 10;
const writesAtOnce = 25;

/**
 * Applies each write, answering in order. Several writes of one entity run one after another; a
 * write without changes costs none. After losing to a concurrent writer it reads and merges again,
 * so that no key of either is lost.
 * @throws RetryableError when the table is unavailable or an entity keeps changing
 */
export async function upsertEntities(writes: EntityWrite[], directory: Directory, nowMs: number): Promise<Upserted[]> {
  if (writes.length === 0) return [];
  const byEntity = [...Map.groupBy(writes, ({ ref }) => recipientKey(ref)).values()];
  const refs = byEntity.map(([first]) => (first as EntityWrite).ref);
  const stored = await directory.readEach(refs);
  const results = new Map<EntityWrite, Upserted>();
  await inParallel(byEntity, writesAtOnce, async (sameEntity, i) => {
    let current: Entity | Tombstone | undefined = stored[i];
    for (const write of sameEntity) {
      const merge = await upsert(current, write, directory, nowMs);
      results.set(write, asUpserted(merge));
      if ('entity' in merge) current = merge.entity;
    }
  });
  return writes.map((write) => results.get(write) as Upserted);
}

async function upsert(
  stored: Entity | Tombstone | undefined,
  write: EntityWrite,
  directory: Directory,
  nowMs: number,
): Promise<Merge> {
  let current = stored;
  // A missing entity may have a tombstone, which only the refused write shows. Tombstones are rare,
  // so only they cost the extra read.
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const merge = mergeEntity(current, write, nowMs);
    if (merge.kind !== 'changed') return merge;
    if (await directory.writeIfUnchanged(merge.entity, current?.version ?? 0)) return merge;
    [current] = await directory.readStoredEach([write.ref]);
  }
  throw new RetryableError(`${recipientKey(write.ref)} kept changing while it was written`);
}

function asUpserted(merge: Merge): Upserted {
  if (merge.kind === 'refused' || merge.kind === 'deleted' || merge.kind === 'absent') return merge;
  const { entity, kept } = merge;
  return merge.kind === 'changed'
    ? { kind: 'upserted', entity, created: merge.created, changed: merge.changed, kept }
    : { kind: 'upserted', entity, created: false, changed: [], kept };
}
