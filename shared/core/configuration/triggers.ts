import { defined } from '../defined.ts';
import { triggerAction } from '../mappings/action-facts.ts';
import type { Mapping } from '../mappings/schema.ts';
import type { Snapshot, WorkflowFile, WorkflowTrigger } from './schema.ts';

/** A trigger in a workflow's file as the mapping that it is short for. */
export type TriggerMapping = { source: string; mapping: Mapping };

/**
 * The mappings that a workflow's `triggers` are short for, in their order. Each belongs to its source and is like any
 * other of that source from here on: it can be deactivated, tried and explained by its id.
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
 * The id of a trigger that names none: of its workflow and its event type alone, since effects are keyed by it and must
 * not change with the order of triggers. Two that come to the same need an `id`; `config validate` says so.
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

// A snapshot is never changed, so what was made of it goes with it.
const bySnapshot = new WeakMap<Snapshot, Map<string, readonly Mapping[]>>();

/** All mappings of a source: those of its file, then those that workflows' triggers are short for. Empty: no such source. */
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
      // One whose source is not there waits for it.
      if (before !== undefined) all.set(source, [...before, mapping]);
    }
  }
  return all;
}
