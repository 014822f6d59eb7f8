import { isBeforeDelete } from '../../directory/merge-entity.ts';
import { type EntityRef, recipientKey } from '../../ids/entity-ref.ts';
import type { ActionContext } from '../../runs/action-context.ts';

/**
 * The keys of entities that an event at the same moment or later has deleted. Called after a
 * relation was added to them. A delete first marks the entity and then looks for relations, so one
 * of the two sees the other, and no relation of a deleted entity stays.
 */
export async function deletedLater(
  refs: EntityRef[],
  { directory, event }: Pick<ActionContext, 'directory' | 'event'>,
): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const stored = await directory.readStoredEach(refs);
  return new Set(refs.filter((_, i) => isBeforeDelete(stored[i], event.occurredAtMs)).map((ref) => recipientKey(ref)));
}
