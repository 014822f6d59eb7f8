import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { failure } from '../refusal.ts';

/** A configuration that is not live and may become so: what a dry run is compared with. */
export type Candidate = { configuration: LiveConfiguration; name: string };

/** A draft that was pushed to an environment and not committed yet; undefined when there is none. */
export type ReadDraft = (table: ConfigurationTable) => Promise<{ snapshot: Snapshot } | undefined>;

/**
 * The draft of an environment, as it would be live: with the state that the environment has now.
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
