import { readLive } from '../../adapters/dynamodb-configuration.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { mappingsOf } from '../../core/configuration/triggers.ts';
import { type Asked, type Changed, change, stateOf, type Unknown, unknownSource, withSource } from './change.ts';
import { setMappingActive } from './change-state.ts';

/**
 * Switches a source. While it is off, its events are accepted and logged `rejected:
 * source_disabled`, and no action runs.
 */
export async function switchSource(
  table: ConfigurationTable,
  { source, enabled, ...asked }: Asked & { source: string; enabled: boolean },
): Promise<Changed | Unknown> {
  const unknown = unknownSource(await readLive(table), source);
  if (unknown) return unknown;
  return change(
    table,
    asked,
    () => `${enabled ? 'enable' : 'disable'} source ${source}`,
    (before) => withSource(before, source, { ...stateOf(before, source), enabled }),
  );
}

/**
 * Switches a mapping. While it is off, its events are logged `mapping_inactive`, unless another
 * mapping runs for them.
 */
export async function switchMapping(
  table: ConfigurationTable,
  { source, mapping, active, ...asked }: Asked & { source: string; mapping: string; active: boolean },
): Promise<Changed | Unknown> {
  const live = await readLive(table);
  const unknown = unknownSource(live, source);
  if (unknown) return unknown;
  const known = mappingsOf(live.snapshot, source).map(({ id }) => id);
  if (!known.includes(mapping)) return { kind: 'unknown', what: 'mapping', name: mapping, known };
  return change(
    table,
    asked,
    () => `${active ? 'activate' : 'deactivate'} mapping ${mapping} of ${source}`,
    (before) => setMappingActive(before, source, mapping, active),
  );
}

/**
 * Pauses or resumes a workflow. While it is paused, its triggers fail with `workflow_inactive` and
 * its delayed runs are cancelled.
 */
export async function switchWorkflow(
  table: ConfigurationTable,
  { workflow, active, ...asked }: Asked & { workflow: string; active: boolean },
): Promise<Changed | Unknown> {
  const { snapshot } = await readLive(table);
  if (!Object.hasOwn(snapshot.workflows, workflow))
    return { kind: 'unknown', what: 'workflow', name: workflow, known: Object.keys(snapshot.workflows).sort() };
  return change(
    table,
    asked,
    () => `${active ? 'resume' : 'pause'} workflow ${workflow}`,
    (before) => {
      const others = before.inactive_workflows.filter((key) => key !== workflow);
      return { ...before, inactive_workflows: active ? others : [...others, workflow].sort() };
    },
  );
}
