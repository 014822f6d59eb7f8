import { readDraftContent } from '../configuration/drafts.ts';
import type { ReadDraft } from './candidate.ts';

/** Where `--draft` finds what was pushed and not committed: on top of what is committed now. */
export const readPushedDraft: ReadDraft = async (table) => {
  const { draft, content } = await readDraftContent(table);
  return draft && { snapshot: content };
};
