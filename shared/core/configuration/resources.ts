import { createHash } from 'node:crypto';
import { isResourceKey } from '../ids/resource-key.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { sameJson } from '../json/values.ts';
import type { AudienceFile, Snapshot, SourceFile, WorkflowFile } from './schema.ts';

/** What a commit names: one file of `infra/config`. A mapping is part of its source. */
export const resourceTypes = ['source', 'workflow', 'audience'] as const;
export type ResourceType = (typeof resourceTypes)[number];
export type ResourceRef = { type: ResourceType; key: string };
export type Resource = SourceFile | WorkflowFile | AudienceFile;

export type ResourceChange = ResourceRef & {
  change: 'added' | 'changed' | 'removed';
  /**
   * Hash of the content after the change, so that two environments can be compared without the
   * content; absent when removed.
   */
  hash?: string;
};

/** A resource's new content; without content it is removed. */
export type ResourceEdit = ResourceRef & { content?: Resource };

const folders = { source: 'sources', workflow: 'workflows', audience: 'audiences' } as const satisfies Record<
  ResourceType,
  keyof Snapshot
>;
export const folderOf = (type: ResourceType) => folders[type];

/** The form for people: `source/rudderstack`. */
export const refText = ({ type, key }: ResourceRef) => `${type}/${key}`;
/**
 * A stored resource has a key that cannot come from a file: it would lead out of its folder, or is
 * not a name.
 */
export class OddStoredKey extends Error {
  override name = 'OddStoredKey';

  constructor(where: string, type: unknown, key: unknown) {
    super(`${where} names ${JSON.stringify(type)} ${JSON.stringify(key)}, which is not a resource`);
  }
}

/**
 * Resources as drafts and commits name them. Only people with access to the table can have written
 * others.
 * @throws OddStoredKey
 */
export function checkRefs(refs: readonly ResourceRef[], where: string): void {
  for (const { type, key } of refs)
    if (!resourceTypes.includes(type) || typeof key !== 'string' || !isResourceKey(key))
      throw new OddStoredKey(where, type, key);
}

export const sameRef = (a: ResourceRef, b: ResourceRef) => a.type === b.type && a.key === b.key;

export function resourceOf(snapshot: Snapshot, { type, key }: ResourceRef): Resource | undefined {
  const folder: Record<string, Resource> = snapshot[folders[type]];
  return Object.hasOwn(folder, key) ? folder[key] : undefined;
}

export function resourceHash(content: Resource | undefined): string | undefined {
  if (content === undefined) return undefined;
  return createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 16);
}

export function withEdits(snapshot: Snapshot, edits: readonly ResourceEdit[]): Snapshot {
  const edited = {
    sources: { ...snapshot.sources },
    workflows: { ...snapshot.workflows },
    audiences: { ...snapshot.audiences },
  };
  for (const { type, key, content } of edits) {
    const folder: Record<string, Resource> = edited[folders[type]];
    if (content === undefined) delete folder[key];
    else folder[key] = content;
  }
  return edited;
}

/** The differences, resource by resource: sources, workflows, audiences, each ordered by key. */
export function changesBetween(before: Snapshot, after: Snapshot): ResourceChange[] {
  return resourceTypes.flatMap((type) => {
    const keys = new Set([...Object.keys(before[folders[type]]), ...Object.keys(after[folders[type]])]);
    return [...keys].sort().flatMap((key): ResourceChange[] => {
      const [was, is] = [resourceOf(before, { type, key }), resourceOf(after, { type, key })];
      if (is === undefined) return [{ type, key, change: 'removed' }];
      if (was !== undefined && sameJson(was, is)) return [];
      return [{ type, key, change: was === undefined ? 'added' : 'changed', hash: resourceHash(is) as string }];
    });
  });
}
