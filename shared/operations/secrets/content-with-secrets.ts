import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import { readDraftContent } from '../configuration/drafts.ts';
import { readSeen } from '../configuration/live-content.ts';

/**
 * All content that takes a secret: live, in the draft, or only in files. A commit needs the secrets
 * of new sources, so people set them first. If several define one key, the live content counts.
 */
export async function contentWithSecrets(table: ConfigurationTable, files: Snapshot): Promise<Snapshot> {
  const [{ snapshot: live }, { content: draft }] = await Promise.all([readSeen(table), readDraftContent(table)]);
  return {
    ...live,
    sources: { ...files.sources, ...draft.sources, ...live.sources },
    workflows: { ...files.workflows, ...draft.workflows, ...live.workflows },
  };
}
