import { ConfigurationConflict } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import type { MissingReference } from '../../../shared/core/configuration/missing-references.ts';
import { refText } from '../../../shared/core/configuration/resources.ts';
import type { DraftConflict } from '../../../shared/operations/configuration/commit.ts';
import { failure, type Refusal } from '../../../shared/operations/refusal.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';

/** For `.catch`: a conflict with another author's change, as one line and a remedy. */
export function refusedByConflict(remedy: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof ConfigurationConflict ? failure(error.message, remedy) : error;
  };
}

export function conflictFailure(conflicts: DraftConflict[], why: string, ...remedies: string[]): Refusal {
  const lines = conflicts.map(({ commit, ...ref }) => {
    if (commit === undefined) return `${refText(ref)}`;
    const { id, author, createdAtMs, message } = commit;
    return `${refText(ref)} by commit ${id} of ${author}, ${formatTime(createdAtMs)} ("${message}")`;
  });
  return failure(`${why}: ${lines.join('; ')}`, ...remedies);
}

export function missingFailure(missing: MissingReference[], ...remedies: string[]): Refusal {
  const lines = missing.map(({ by, mapping, missing: what }) => {
    const where = mapping === undefined ? refText(by) : `mapping ${mapping} of ${refText(by)}`;
    return `${where} names ${refText(what)}, which would not be there`;
  });
  return failure(lines.join('; '), ...remedies);
}
