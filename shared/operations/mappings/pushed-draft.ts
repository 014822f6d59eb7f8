import { readDraftContent } from '../configuration/drafts.ts';
import type { ReadDraft } from './candidate.ts';

/** Gives `--draft` the pushed draft, on top of the content that is committed now. */
export const readPushedDraft: ReadDraft = async (table) => {
  const { draft, content } = await readDraftContent(table);
  return draft && { snapshot: content };
};
