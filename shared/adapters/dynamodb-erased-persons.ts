import { type ErasedPersons, erasedPersons } from '../core/ids/erased-persons.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

/*
 * `pk = erased`: an item per erased person, under the hash of its id, and the salt of the hashes.
 * `current` counts the changes, so that functions read the partition only after one.
 */
export const erasedPartition = 'erased';
export const saltName = 'salt';

/** For functions: everyone who was erased. One Query. */
export async function readErasedPersons(table: ConfigurationTable): Promise<ErasedPersons | undefined> {
  const items = await queryAll(table, erasedPartition, true);
  const salt = items.find(({ sk }) => sk === saltName)?.salt;
  if (salt === undefined) return undefined;
  return erasedPersons(
    String(salt),
    items.flatMap(({ sk, allowed_at }) => (allowed_at === undefined ? [String(sk)] : [])),
  );
}
