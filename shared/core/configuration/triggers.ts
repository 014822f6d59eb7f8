import { defined } from '../defined.ts';
import { triggerAction } from '../mappings/action-facts.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { Snapshot, WorkflowFile, WorkflowTrigger } from './schema.ts';

/** A trigger in a workflow's file as a mapping. */
export type TriggerMapping = { source: string; mapping: Mapping };

/**
 * The mappings that a workflow's `triggers` stand for, in their order. Each belongs to its source
 * and is treated like any other mapping of it: people can deactivate, try and explain it by its id.
 */
export function triggerMappings(workflow: string, { triggers = [] }: Pick<WorkflowFile, 'triggers'>): TriggerMapping[] {
  if (triggers.length === 0) return [];
  const start = triggerAction();
  return triggers.map(({ source, event, id, when, ...parameters }) => ({
    source,
    mapping: {
      id: id ?? triggerId(workflow, event),
      event,
      action: start.action,
      parameters: { [start.workflow]: workflow, ...defined(parameters) },
      ...(when !== undefined && { when }),
    },
  }));
}

/**
 * The id of a trigger without one. It is made only of its workflow and event type, since effects
 * are keyed by it and must not change with the order of triggers. Two triggers with the same id
 * need an `id`; `config validate` says so.
 */
function triggerId(workflow: string, event: WorkflowTrigger['event']): string {
  const name = event
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `trigger-${workflow}-${name === '' ? 'event' : name}`.slice(0, idLengthMax);
}

const idLengthMax = 255;

const none: readonly Mapping[] = [];

// A snapshot never changes, so the result is cached with it.
const bySnapshot = new WeakMap<Snapshot, Map<string, readonly Mapping[]>>();

/**
 * All mappings of a source: those in its file, then those of workflows' triggers. Empty if the
 * source does not exist.
 */
export function mappingsOf(snapshot: Snapshot, source: string): readonly Mapping[] {
  let all = bySnapshot.get(snapshot);
  if (all === undefined) {
    all = allMappings(snapshot);
    bySnapshot.set(snapshot, all);
  }
  return all.get(source) ?? none;
}

function allMappings({ sources, workflows }: Snapshot): Map<string, readonly Mapping[]> {
  const all = new Map<string, readonly Mapping[]>(
    Object.entries(sources).map(([key, { mappings }]) => [key, mappings]),
  );
  for (const [key, workflow] of Object.entries(workflows)) {
    for (const { source, mapping } of triggerMappings(key, workflow)) {
      const before = all.get(source);
      // A trigger whose source is missing has no effect yet.
      if (before !== undefined) all.set(source, [...before, mapping]);
    }
  }
  return all;
}

/**
 * The most mappings that one event type of a source may have, and so the most actions of one event.
 * An event's actions share one message and one row of 400 KB, which about 700 actions fill even
 * without parameters.
 */
export const actionsPerEventMax = 250;
