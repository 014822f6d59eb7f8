import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import type { Environment } from '../environment.ts';
import { readDraftContent } from './drafts.ts';
import { entryNamed } from './entry-named.ts';
import { contentOf, readSeen } from './live-content.ts';

/** Where the sides of a comparison come from. */
export type Sides = {
  /** The environment whose draft, live content and commits are meant. */
  environment(): Promise<Pick<Environment, 'configuration' | 'name'>>;
  /** Another one by its name; undefined when it is no environment's name. */
  other(name: string): Promise<{ configuration: ConfigurationTable }> | undefined;
  /** @throws Refusal when there are none, or one has an error */
  files(): Snapshot;
};

/**
 * The content that a person names: `files`, `draft`, `live`, an environment, or a commit.
 * @throws Refusal when it is none of these
 */
export async function contentNamed(what: string, { environment, other, files }: Sides): Promise<Snapshot> {
  if (what === 'files') return files();
  const there = other(what);
  if (there !== undefined) return (await readSeen((await there).configuration)).snapshot;
  const { configuration: table, name } = await environment();
  if (what === 'live') return (await readSeen(table)).snapshot;
  if (what === 'draft') return (await readDraftContent(table)).content;
  return contentOf(table, await entryNamed({ configuration: table, name }, what));
}
