import { isBeforeDelete } from '../../directory/merge-entity.ts';
import { type EntityRef, recipientKey } from '../../ids/entity-ref.ts';
import type { ActionContext } from '../../runs/action-context.ts';

/**
 * The keys of those that were deleted by an event at the same moment as this one or later. Asked after something was hung on
 * them: a delete marks first and looks for what hangs on it then, so one of the two sees the other, and nothing is left
 * hanging on what is gone.
 */
export async function deletedLater(
  refs: EntityRef[],
  { directory, event }: Pick<ActionContext, 'directory' | 'event'>,
): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const stored = await directory.readStoredEach(refs);
  return new Set(refs.filter((_, i) => isBeforeDelete(stored[i], event.occurredAtMs)).map((ref) => recipientKey(ref)));
}
