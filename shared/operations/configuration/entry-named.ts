import type { HistoryEntry } from '../../adapters/dynamodb-configuration-history.ts';
import type { Environment } from '../environment.ts';
import { notFound, usageError } from '../refusal.ts';
import { findEntry } from './history.ts';

/**
 * The entry that a person named: by version, id, or the beginning of an id.
 * @throws Refusal that lists the possible ones
 */
export async function entryNamed(
  { configuration, name }: Pick<Environment, 'configuration' | 'name'>,
  text: string,
): Promise<HistoryEntry> {
  const found = await findEntry(configuration, text);
  switch (found.kind) {
    case 'found':
      return found.entry;
    case 'malformed':
      throw usageError(
        `"${text}" is not a commit; write its version (12) or its id (12-9f3c61aa)`,
        'npx signalbox config log lists them',
      );
    case 'no_such_version':
      throw notFound(
        `${name} has no version ${text}; it is at ${found.newest === 0 ? 'none yet' : `version ${found.newest}`}`,
        `npx signalbox config log -e ${name}`,
      );
    case 'other_id':
      throw notFound(
        `version ${found.entry.version} of ${name} is ${found.entry.id}, not ${text}`,
        'is it a commit of another environment? name it with -e',
      );
  }
}
