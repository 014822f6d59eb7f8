import { getEach, type ItemKey } from '../../adapters/dynamodb-get-each.ts';
import type { PersonNames } from '../../core/json/redact-names.ts';
import type { Environment } from '../environment.ts';
import type { SourceDirectory } from '../sources/known-sources.ts';
import type { Item } from '../tables/tables.ts';
import type { Changes } from './changes.ts';

/** What each step of an erasure works with. */
export type Erasing = {
  environment: Environment;
  sources: SourceDirectory;
  names: PersonNames;
  changes: Changes;
  nowMs: number;
};

export async function readItem({ documents }: Environment, table: string, key: ItemKey): Promise<Item | undefined> {
  const [item] = await getEach(documents, [key], { table, what: 'erasing a person' });
  return item;
}
