import { ConfigurationConflict } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import {
  changesBetween,
  type Resource,
  type ResourceRef,
  resourceHash,
  resourceOf,
  withEdits,
} from '../../core/configuration/resources.ts';
import type { EnvironmentFile } from '../../core/configuration/schema.ts';
import { type Authorship, makeLive, readSeen, type Seen } from './live-content.ts';
import { type CommitTerms, type Objection, objectionsTo } from './objections.ts';

/** A resource that is not live yet. */
export type Addition = ResourceRef & { content: Resource };

export type AdditionsPlan = {
  seen: Seen;
  /** Live under these keys is something else. */
  taken: ResourceRef[];
  objections: Objection[];
};

type Request = {
  additions: readonly Addition[];
  /** First values for sources that are new to this environment. */
  seed: EnvironmentFile | undefined;
  terms: CommitTerms;
};

/** What stands against making resources live beside those that are. Reads only. */
export async function planAdditions(
  table: ConfigurationTable,
  { additions, seed, terms }: Request,
): Promise<AdditionsPlan> {
  const seen = await readSeen(table);
  const taken = additions
    .filter((one) => {
      const live = resourceOf(seen.snapshot, one);
      return live !== undefined && resourceHash(live) !== resourceHash(one.content);
    })
    .map(({ type, key }) => ({ type, key }));
  const content = withEdits(seen.snapshot, additions);
  const changes = changesBetween(seen.snapshot, content);
  return { seen, taken, objections: await objectionsTo(seen, content, changes, { ...terms, seed }) };
}

export type AdditionsCommitted =
  /** `id` is null when all of it was live already, word for word. */
  | { kind: 'committed'; version: number; id: string | null }
  | { kind: 'taken'; refs: ResourceRef[] }
  | { kind: 'refused'; objections: Objection[] };

const attemptsMax = 5;

/**
 * Makes new resources live beside what is live: nothing that others committed or drafted is touched,
 * so a commit that is made meanwhile is no conflict.
 * @throws ConfigurationConflict when other commits are faster each time
 */
export async function commitAdditions(
  table: ConfigurationTable,
  { author, message, nowMs, ...request }: Request & Authorship,
): Promise<AdditionsCommitted> {
  for (let attempt = 1; ; attempt++) {
    const { seen, taken, objections } = await planAdditions(table, request);
    if (taken.length > 0) return { kind: 'taken', refs: taken };
    if (objections.length > 0) return { kind: 'refused', objections };
    const content = withEdits(seen.snapshot, request.additions);
    if (changesBetween(seen.snapshot, content).length === 0)
      return { kind: 'committed', version: seen.current.version, id: null };
    try {
      const { version, id } = await makeLive(table, seen, { author, message, nowMs, content, seed: request.seed });
      return { kind: 'committed', version, id };
    } catch (error) {
      if (!(error instanceof ConfigurationConflict) || attempt === attemptsMax) throw error;
    }
  }
}
