import type { ReadDraft } from './candidate.ts';

/** Where `--draft` finds what was pushed and not committed. No environment keeps drafts yet, so there is none anywhere. */
export const readPushedDraft: ReadDraft = async () => undefined;
