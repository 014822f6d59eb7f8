import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';

/** A configuration that is not live but may become so. A dry run compares it with the live one. */
export type Candidate = { configuration: LiveConfiguration; name: string };

/** The draft of an environment; undefined when there is none. */
export type ReadDraft = (table: ConfigurationTable) => Promise<{ snapshot: Snapshot } | undefined>;

/**
 * The draft of an environment as it would be live, with the environment's present state.
 * @throws Refusal when there is none
 */
export async function draftCandidate(
  { configuration, name }: Environment,
  live: LiveConfiguration,
  readDraft: ReadDraft,
): Promise<Candidate> {
  const draft = await readDraft(configuration);
  if (draft === undefined) {
    throw failure(
      `${name} has no draft`,
      'push one: npx signalbox config push',
      'or compare with the files as they are here: --draft files',
    );
  }
  return { configuration: { ...live, snapshot: draft.snapshot }, name: 'draft' };
}
