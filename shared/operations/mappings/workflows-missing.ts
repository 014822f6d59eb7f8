import { type Snapshot, WorkflowFile } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import { resourceNamedBy } from '../../core/mappings/action-facts.ts';
import type { Mapping } from '../../core/mappings/schema.ts';
import { type Suggestion, type SuggestionRequest, suggestMapping } from './suggest-mapping.ts';

type Workflows = Pick<Snapshot, 'workflows'>;

/** The workflow that a mapping starts by its key, if there is none. */
export function workflowsMissing(mapping: Mapping, { workflows }: Workflows): string[] {
  const named = resourceNamedBy(mapping);
  if (named?.type !== 'workflow' || own(workflows, named.key) !== undefined) return [];
  return [named.key];
}

/**
 * A suggestion that can run: a workflow that it starts and that is neither in the files nor live is
 * in `adds`, and its file is written when the mapping is saved.
 */
export function suggestWithWorkflow(request: SuggestionRequest, live: Workflows): Suggestion & { adds: string[] } {
  const { snapshot } = request;
  const first = suggestMapping(request);
  const adds = workflowsMissing(first.mapping, { workflows: { ...live.workflows, ...snapshot.workflows } });
  if (adds.length === 0) return { ...first, adds };
  const added = Object.fromEntries(adds.map((key) => [key, WorkflowFile.parse({ name: key, target: {} })]));
  const withAdded = { ...snapshot, workflows: { ...snapshot.workflows, ...added } };
  return { ...suggestMapping({ ...request, snapshot: withAdded }), adds };
}
