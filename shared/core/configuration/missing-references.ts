import { isBareKey } from '../mappings/parameter-value.ts';
import type { Mapping } from '../mappings/schema.ts';
import { type ResourceRef, sameRef } from './resources.ts';
import type { Snapshot } from './schema.ts';

/** A mapping or workflow that names something which is not there. */
export type MissingReference = {
  by: ResourceRef;
  /** Absent where the workflow itself names it. */
  mapping?: string;
  missing: ResourceRef;
};

/** The workflow that a mapping names outright; undefined for one that reads it from the event. */
export function workflowNamedBy({ action, parameters }: Mapping): string | undefined {
  const { key } = parameters;
  return key !== undefined && isBareKey(action, 'key', key) ? key : undefined;
}

/** The audience that a mapping names outright and does not make itself. */
export function audienceNamedBy({ action, parameters }: Mapping): string | undefined {
  const { key, create_audience } = parameters;
  if (action !== 'audiences_add_member' || create_audience !== undefined) return undefined;
  return typeof key === 'object' && 'value' in key && typeof key.value === 'string' ? key.value : undefined;
}

/**
 * What resources name and the snapshot lacks, as far as it concerns `changed`: either end is one of them. What was
 * wrong before is not held against a change that has nothing to do with it.
 */
export function missingReferences(snapshot: Snapshot, changed: readonly ResourceRef[]): MissingReference[] {
  const found: MissingReference[] = [];
  const note = (reference: MissingReference) => {
    const { by, missing } = reference;
    if (changed.some((ref) => sameRef(ref, by) || sameRef(ref, missing))) found.push(reference);
  };
  for (const [key, { mappings }] of Object.entries(snapshot.sources)) {
    for (const mapping of mappings) {
      const by = { type: 'source', key } as const;
      const [workflow, audience] = [workflowNamedBy(mapping), audienceNamedBy(mapping)];
      if (workflow !== undefined && !Object.hasOwn(snapshot.workflows, workflow))
        note({ by, mapping: mapping.id, missing: { type: 'workflow', key: workflow } });
      if (audience !== undefined && !Object.hasOwn(snapshot.audiences, audience))
        note({ by, mapping: mapping.id, missing: { type: 'audience', key: audience } });
    }
  }
  for (const [key, { audience }] of Object.entries(snapshot.workflows)) {
    if (audience !== undefined && !Object.hasOwn(snapshot.audiences, audience))
      note({ by: { type: 'workflow', key }, missing: { type: 'audience', key: audience } });
  }
  return found;
}
