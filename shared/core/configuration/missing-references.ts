import { factsOf, resourceNamedBy } from '../mappings/action-facts.ts';
import type { Mapping } from '../mappings/schema.ts';
import { type ResourceRef, resourceOf, sameRef } from './resources.ts';
import type { Snapshot } from './schema.ts';
import { triggerMappings } from './triggers.ts';

/** A mapping or workflow that names something missing. */
export type MissingReference = {
  by: ResourceRef;
  /** Absent if the workflow itself names it. */
  mapping?: string;
  missing: ResourceRef;
};

/**
 * The resource that a mapping names and needs.
 * @returns undefined also for a literal in place of a bare key: its author means it, and the file
 * may follow
 */
function referenceOf(mapping: Mapping): ResourceRef | undefined {
  const named = resourceNamedBy(mapping);
  if (named === undefined || (named.isLiteral && factsOf(mapping.action).names?.isBare)) return undefined;
  return { type: named.type, key: named.key };
}

/** The workflow that a mapping names directly; undefined if the mapping reads it from the event. */
export function workflowNamedBy(mapping: Mapping): string | undefined {
  const reference = referenceOf(mapping);
  return reference?.type === 'workflow' ? reference.key : undefined;
}

/**
 * Missing references of a snapshot in which one end is in `changed`. Older problems must not block
 * an unrelated change.
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
      const missing = referenceOf(mapping);
      if (missing && resourceOf(snapshot, missing) === undefined) note({ by, mapping: mapping.id, missing });
    }
  }
  for (const [key, workflow] of Object.entries(snapshot.workflows)) {
    const by = { type: 'workflow', key } as const;
    for (const { source, mapping } of triggerMappings(key, workflow)) {
      if (!Object.hasOwn(snapshot.sources, source))
        note({ by, mapping: mapping.id, missing: { type: 'source', key: source } });
    }
    const { audience } = workflow;
    if (audience !== undefined && !Object.hasOwn(snapshot.audiences, audience))
      note({ by, missing: { type: 'audience', key: audience } });
  }
  return found;
}
