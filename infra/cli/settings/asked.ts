import type { Asked } from '../../../shared/operations/settings/change.ts';
import { currentAuthor } from '../../author.ts';

/** The operator at the keyboard, as requests name them. */
export function askedNow({ message }: { message?: string }): Asked {
  return { author: currentAuthor(), nowMs: Date.now(), message };
}
